package dev.millrace.crawler.scope;

import dev.millrace.crawler.scope.Admission.In;
import dev.millrace.crawler.scope.Admission.Out;
import dev.millrace.crawler.scope.Admission.Why;
import dev.millrace.crawler.url.CrawlUrl;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The bounds of a crawl: its homes, how far it may go from them, and the patterns that narrow this. The rules are asked
 * in the order of {@link Why}; exclude wins over include.
 *
 * <p>A seed (depth 0) is exempt from the include patterns: {@code crawl https://example.org/ --include '/guide/**'} has
 * to begin somewhere. Pages that are kept out are not fetched, so what only they link to is not found.
 *
 * @param homes    the seeds, and where the seeds' redirects led: each is a place to stay near to
 * @param reach    how near
 * @param include  if not empty, at least one must match
 * @param exclude  none may match
 * @param maxDepth how many links a page may be away from a seed
 */
public record CrawlScope(
        List<CrawlUrl> homes, Reach reach, List<UrlPattern> include, List<UrlPattern> exclude, int maxDepth) {

    /** Deeper than any site that is not a trap: a calendar links to next month for ever. */
    public static final int DEFAULT_MAX_DEPTH = 50;

    private static final int MAX_HOMES = 1_000;
    private static final int MAX_PATTERNS = 100;

    /** Checks the limits. */
    public CrawlScope {
        homes = List.copyOf(homes);
        include = List.copyOf(include);
        exclude = List.copyOf(exclude);
        within("homes", homes.size(), 1, MAX_HOMES);
        within("include", include.size(), 0, MAX_PATTERNS);
        within("exclude", exclude.size(), 0, MAX_PATTERNS);
        within("maxDepth", maxDepth, 0, Integer.MAX_VALUE);
    }

    /** The scope of a crawl that says nothing else: the seed's host, any path, to the default depth. */
    public static CrawlScope of(CrawlUrl seed) {
        return new CrawlScope(List.of(seed), Reach.HOST, List.of(), List.of(), DEFAULT_MAX_DEPTH);
    }

    /** With another reach. */
    public CrawlScope reach(Reach newReach) {
        return new CrawlScope(homes, newReach, include, exclude, maxDepth);
    }

    /** With these include patterns instead. */
    public CrawlScope include(List<UrlPattern> patterns) {
        return new CrawlScope(homes, reach, patterns, exclude, maxDepth);
    }

    /** With these exclude patterns instead. */
    public CrawlScope exclude(List<UrlPattern> patterns) {
        return new CrawlScope(homes, reach, include, patterns, maxDepth);
    }

    /** With another depth. */
    public CrawlScope maxDepth(int links) {
        return new CrawlScope(homes, reach, include, exclude, links);
    }

    /**
     * With one more home. For the seed's redirect: whoever asks for {@code example.org} and is sent to {@code
     * www.example.org} means the latter. Not for redirects of other pages, or a crawl would move wherever a site
     * points.
     */
    public CrawlScope alsoAt(CrawlUrl home) {
        if (homes.contains(home)) return this;
        var more = new ArrayList<>(homes);
        more.add(home);
        return new CrawlScope(more, reach, include, exclude, maxDepth);
    }

    /**
     * Decides about one page.
     *
     * @param depth how many links it was found away from a seed; 0 is a seed
     */
    public Admission admit(CrawlUrl url, int depth) {
        if (homes.stream().noneMatch(home -> reach.covers(home, url))) {
            return new Out(
                    Why.OUT_OF_REACH,
                    "%s is beyond the reach of this crawl (%s of %s)."
                            .formatted(url, reach.name().toLowerCase(Locale.ROOT), homes.getFirst()));
        }
        if (depth > maxDepth) {
            return new Out(
                    Why.TOO_DEEP,
                    "%s is %,d links away from the seed, and at most %,d are followed (maxDepth)."
                            .formatted(url, depth, maxDepth));
        }
        for (var pattern : exclude) {
            if (pattern.matches(url)) return new Out(Why.EXCLUDED, "%s is excluded by %s.".formatted(url, pattern));
        }
        if (depth > 0 && !include.isEmpty() && include.stream().noneMatch(pattern -> pattern.matches(url))) {
            return new Out(Why.NOT_INCLUDED, "%s matches no include pattern.".formatted(url));
        }
        return new In();
    }

    private static void within(String component, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "%s is between %,d and %,d in a crawl's scope, not %,d.".formatted(component, least, most, value));
        }
    }
}
