package dev.millrace.crawler.page;

import dev.millrace.crawler.fetch.Headers;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jsoup.nodes.Document;

/**
 * What a page asks of crawlers, in {@code <meta name=robots>} and in {@code X-Robots-Tag} headers, for all of them or
 * for ours by name. Where several speak, the strictest holds, as with the large search engines.
 *
 * @param noindex  the page should not be kept
 * @param nofollow its links should not be followed
 */
public record RobotsMeta(boolean noindex, boolean nofollow) {

    /** Directives that have a value behind a colon, which must not be taken for a crawler's name. */
    private static final Set<String> WITH_VALUE =
            Set.of("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after");

    static RobotsMeta of(Document document, Headers headers, String agentToken) {
        var noindex = false;
        var nofollow = false;
        for (var meta : document.select("meta[name][content]")) {
            var name = meta.attr("name").strip().toLowerCase(Locale.ROOT);
            if (!name.equals("robots") && !name.equals(agentToken)) continue;
            var directives = directives(meta.attr("content"));
            noindex |= saysNoindex(directives);
            nofollow |= saysNofollow(directives);
        }
        for (var header : headers.all("x-robots-tag")) {
            int colon = header.indexOf(':');
            var name = colon < 0 ? "" : header.substring(0, colon).strip().toLowerCase(Locale.ROOT);
            boolean named = !name.isEmpty() && !name.contains(",") && !WITH_VALUE.contains(name);
            if (named && !name.equals(agentToken)) continue;
            var directives = directives(named ? header.substring(colon + 1) : header);
            noindex |= saysNoindex(directives);
            nofollow |= saysNofollow(directives);
        }
        return new RobotsMeta(noindex, nofollow);
    }

    private static boolean saysNoindex(List<String> directives) {
        return directives.contains("noindex") || directives.contains("none");
    }

    private static boolean saysNofollow(List<String> directives) {
        return directives.contains("nofollow") || directives.contains("none");
    }

    private static List<String> directives(String content) {
        return List.of(content.toLowerCase(Locale.ROOT).strip().split("[,\\s]+", -1));
    }
}
