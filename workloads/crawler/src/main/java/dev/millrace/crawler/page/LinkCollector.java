package dev.millrace.crawler.page;

import dev.millrace.crawler.page.Link.Kind;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.ParsedUrl.Malformed;
import dev.millrace.crawler.url.ParsedUrl.Skipped;
import dev.millrace.crawler.url.ParsedUrl.Valid;
import dev.millrace.crawler.url.UrlParser;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jsoup.nodes.Element;
import org.jspecify.annotations.Nullable;

/** Gathers the links of a page, each once, in the order of the document. */
final class LinkCollector {

    /** Seconds, then a URL with or without "url=" and quotes, as browsers read it. */
    private static final Pattern REFRESH =
            Pattern.compile("(?is)^\\s*[\\d.]*\\s*[;,\\s]\\s*(?:url\\s*=\\s*)?(?:'([^']*)'?|\"([^\"]*)\"?|(.*))$");

    private final CrawlUrl base;
    private final CrawlUrl self;
    private final UrlParser parser;
    private final int limit;
    private final Map<CrawlUrl, Link> links = new LinkedHashMap<>();
    private @Nullable CrawlUrl canonical;
    private boolean full;
    private int malformed;
    private int skipped;

    LinkCollector(CrawlUrl base, CrawlUrl self, UrlParser parser, int limit) {
        this.base = base;
        this.self = self;
        this.parser = parser;
        this.limit = limit;
    }

    void see(Element element) {
        switch (element.normalName()) {
            case "a" -> add(element, "href", Kind.ANCHOR);
            case "area" -> add(element, "href", Kind.AREA);
            case "iframe", "frame" -> add(element, "src", Kind.FRAME);
            case "link" -> seeLink(element);
            case "meta" -> {
                var refresh = REFRESH.matcher(element.attr("content"));
                if (element.attr("http-equiv").equalsIgnoreCase("refresh") && refresh.matches()) {
                    for (int i = 1; i <= 3; i++) {
                        var target = refresh.group(i);
                        if (target != null && !target.isBlank()) add(target, Kind.REFRESH, false);
                    }
                }
            }
            default -> {
                // Other elements lead to parts of the page, not to pages.
            }
        }
    }

    List<Link> links() {
        return List.copyOf(links.values());
    }

    @Nullable
    CrawlUrl canonical() {
        return canonical;
    }

    boolean isFull() {
        return full;
    }

    int malformed() {
        return malformed;
    }

    int skipped() {
        return skipped;
    }

    private void seeLink(Element element) {
        var rel = relations(element);
        if (rel.contains("next")) add(element, "href", Kind.NEXT);
        if (rel.contains("prev") || rel.contains("previous")) add(element, "href", Kind.PREVIOUS);
        if (rel.contains("canonical") && canonical == null && element.hasAttr("href")) {
            if (parser.resolve(base, element.attr("href")) instanceof Valid valid) canonical = valid.url();
        }
    }

    private void add(Element element, String attribute, Kind kind) {
        if (!element.hasAttr(attribute)) return;
        add(element.attr(attribute), kind, relations(element).contains("nofollow"));
    }

    private void add(String href, Kind kind, boolean nofollow) {
        switch (parser.resolve(base, href)) {
            case Skipped other -> skipped++;
            case Malformed wrong -> malformed++;
            case Valid valid -> {
                var url = valid.url();
                if (url.equals(self)) return;
                var before = links.get(url);
                if (before == null && links.size() >= limit) {
                    full = true;
                } else if (before == null) {
                    links.put(url, new Link(url, kind, nofollow));
                } else if (before.nofollow() && !nofollow) {
                    links.put(url, new Link(url, before.kind(), false));
                }
            }
        }
    }

    private static Set<String> relations(Element element) {
        return element.hasAttr("rel")
                ? Set.copyOf(List.of(
                        element.attr("rel").toLowerCase(Locale.ROOT).strip().split("\\s+", -1)))
                : Set.of();
    }
}
