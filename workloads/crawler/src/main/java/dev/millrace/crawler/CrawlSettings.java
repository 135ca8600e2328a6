package dev.millrace.crawler;

import dev.millrace.MillraceException;
import dev.millrace.crawler.fetch.UserAgent;
import dev.millrace.crawler.scope.CrawlScope;
import dev.millrace.crawler.scope.Reach;
import dev.millrace.crawler.scope.UrlPattern;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.UrlParser;
import dev.millrace.crawler.url.UrlRules;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;

/**
 * What to crawl, and how. Immutable; {@link #of} has the defaults, and each method gives a changed copy.
 *
 * <p>The seed, the bounds and the URL rules make a crawl what it is: asked for again with the same, it is the same crawl and goes on.
 * All else may differ from run to run; the last word counts.
 *
 * @param seed         where it begins, in its canonical spelling
 * @param bounds       which pages belong to it
 * @param rules        which spellings are one page
 * @param maxPages     how many pages and failures are recorded at most; redirects are not counted
 * @param delay        the rest between two requests to a host, from the end of one to the begin of the next
 * @param userAgent    who the crawler says it is
 * @param allowPrivate whether private networks and this machine may be fetched from
 * @param limits       what one page may cost
 */
public record CrawlSettings(
        String seed,
        Bounds bounds,
        UrlRules rules,
        long maxPages,
        Duration delay,
        String userAgent,
        boolean allowPrivate,
        Limits limits) {

    /** As polite as a hurried person: no site has ever complained of one page a second. */
    static final Duration DEFAULT_DELAY = Duration.ofSeconds(1);

    /** More pages than nearly all sites have; more is meant only if it is said. */
    static final long DEFAULT_MAX_PAGES = 1_000_000;

    private static final long LARGEST_MAX_PAGES = 1_000_000_000_000L;
    private static final Duration LONGEST_DELAY = Duration.ofHours(1);

    /**
     * Which pages belong to a crawl.
     *
     * @param reach    how far from the seed
     * @param include  if not empty, one of these patterns must match
     * @param exclude  none of these may match
     * @param maxDepth how many links a page may be away from the seed
     */
    public record Bounds(Reach reach, List<String> include, List<String> exclude, int maxDepth) {

        /** Checks the patterns. */
        public Bounds {
            include = List.copyOf(include);
            exclude = List.copyOf(exclude);
            if (maxDepth < 0) {
                throw new MillraceException(
                        "The depth can't be %,d: it counts links from the seed, from 0 on.".formatted(maxDepth));
            }
            try {
                include.forEach(UrlPattern::of);
                exclude.forEach(UrlPattern::of);
            } catch (IllegalArgumentException wrong) {
                throw new MillraceException(String.valueOf(wrong.getMessage()), wrong);
            }
        }

        CrawlScope scope(CrawlUrl seed) {
            return new CrawlScope(List.of(seed), reach, patterns(include), patterns(exclude), maxDepth);
        }

        private static List<UrlPattern> patterns(List<String> texts) {
            return texts.stream().map(UrlPattern::of).toList();
        }
    }

    /**
     * What one page may cost.
     *
     * @param fetchDeadline  for a whole fetch, from the name lookup to the last byte
     * @param maxBodyBytes   a larger body is a failure
     * @param attempts       how often a page is fetched at most, if it fails in a way that may pass
     * @param maxTextChars   what is beyond is cut off
     * @param maxLinks       of a page; what is beyond is not followed
     * @param robotsPatience how long to wait for a robots.txt that can't be read, before the host is given up
     */
    public record Limits(
            Duration fetchDeadline,
            long maxBodyBytes,
            int attempts,
            int maxTextChars,
            int maxLinks,
            Duration robotsPatience) {

        /**
         * 30 s: a page that takes longer holds up its whole host. 10 MiB: more than any page that people read. 3 attempts: what fails
         * thrice within half a minute is down. 1,000,000 characters: a long book. 10,000 links: ten times the largest index that we met.
         * 10 minutes for robots.txt: a restart or a deployment takes less, and a crawl that waited for days would look hung.
         */
        public static Limits defaults() {
            return new Limits(Duration.ofSeconds(30), 10L << 20, 3, 1_000_000, 10_000, Duration.ofMinutes(10));
        }

        /** Checks the ranges. */
        public Limits {
            between("fetchDeadline", fetchDeadline, Duration.ofMillis(1), Duration.ofMinutes(2));
            between("robotsPatience", robotsPatience, Duration.ZERO, Duration.ofDays(7));
            between("maxBodyBytes", maxBodyBytes, 1, 1L << 30);
            between("attempts", attempts, 1, 10);
            between("maxTextChars", maxTextChars, 0, 100_000_000);
            between("maxLinks", maxLinks, 0, 1_000_000);
        }

        /** With another deadline of a fetch. */
        public Limits fetchDeadline(Duration deadline) {
            return new Limits(deadline, maxBodyBytes, attempts, maxTextChars, maxLinks, robotsPatience);
        }

        /** With another largest body. */
        public Limits maxBodyBytes(long bytes) {
            return new Limits(fetchDeadline, bytes, attempts, maxTextChars, maxLinks, robotsPatience);
        }

        /** With another number of attempts. */
        public Limits attempts(int number) {
            return new Limits(fetchDeadline, maxBodyBytes, number, maxTextChars, maxLinks, robotsPatience);
        }

        /** With another patience for robots.txt. */
        public Limits robotsPatience(Duration patience) {
            return new Limits(fetchDeadline, maxBodyBytes, attempts, maxTextChars, maxLinks, patience);
        }
    }

    /** Checks the ranges, and gives the seed its canonical spelling. */
    public CrawlSettings {
        try {
            seed = new UrlParser(rules).parse(seed).orThrow().href();
            userAgent = new UserAgent(userAgent).header();
        } catch (IllegalArgumentException wrong) {
            throw new MillraceException(String.valueOf(wrong.getMessage()), wrong);
        }
        between("The delay", delay, Duration.ZERO, LONGEST_DELAY);
        between("The number of pages", maxPages, 1, LARGEST_MAX_PAGES);
    }

    /**
     * A crawl from this URL with the defaults: its host, any path, 1,000,000 pages, one request a second.
     *
     * @throws MillraceException saying why it is no URL that can be crawled
     */
    public static CrawlSettings of(String seed) {
        return new CrawlSettings(
                seed,
                new Bounds(Reach.HOST, List.of(), List.of(), CrawlScope.DEFAULT_MAX_DEPTH),
                UrlRules.defaults(),
                DEFAULT_MAX_PAGES,
                DEFAULT_DELAY,
                "Millrace/0.1",
                false,
                Limits.defaults());
    }

    /** With another reach. */
    public CrawlSettings reach(Reach reach) {
        return bounds(new Bounds(reach, bounds.include(), bounds.exclude(), bounds.maxDepth()));
    }

    /** Only pages that match one of these patterns; see {@link UrlPattern}. The seed is fetched in any case. */
    public CrawlSettings include(List<String> patterns) {
        return bounds(new Bounds(bounds.reach(), patterns, bounds.exclude(), bounds.maxDepth()));
    }

    /** No pages that match one of these patterns. */
    public CrawlSettings exclude(List<String> patterns) {
        return bounds(new Bounds(bounds.reach(), bounds.include(), patterns, bounds.maxDepth()));
    }

    /** No pages that are more links away from the seed. */
    public CrawlSettings maxDepth(int links) {
        return bounds(new Bounds(bounds.reach(), bounds.include(), bounds.exclude(), links));
    }

    /** With other bounds. */
    public CrawlSettings bounds(Bounds bounds) {
        return new CrawlSettings(seed, bounds, rules, maxPages, delay, userAgent, allowPrivate, limits);
    }

    /** With other URL rules. */
    public CrawlSettings rules(UrlRules rules) {
        return new CrawlSettings(seed, bounds, rules, maxPages, delay, userAgent, allowPrivate, limits);
    }

    /** With at most so many pages. */
    public CrawlSettings maxPages(long pages) {
        return new CrawlSettings(seed, bounds, rules, pages, delay, userAgent, allowPrivate, limits);
    }

    /** With another rest between requests to a host. A longer one that robots.txt asks for is kept. */
    public CrawlSettings delay(Duration rest) {
        return new CrawlSettings(seed, bounds, rules, maxPages, rest, userAgent, allowPrivate, limits);
    }

    /** Under another name. */
    public CrawlSettings userAgent(String name) {
        return new CrawlSettings(seed, bounds, rules, maxPages, delay, name, allowPrivate, limits);
    }

    /** Also from private networks and this machine. */
    public CrawlSettings allowPrivate(boolean allow) {
        return new CrawlSettings(seed, bounds, rules, maxPages, delay, userAgent, allow, limits);
    }

    /** With other limits. */
    public CrawlSettings limits(Limits limits) {
        return new CrawlSettings(seed, bounds, rules, maxPages, delay, userAgent, allowPrivate, limits);
    }

    /** What makes a crawl the same crawl, in one line. */
    String identity() {
        var text = String.join(
                "\n",
                bounds.reach().name(),
                bounds.include().toString(),
                bounds.exclude().toString(),
                String.valueOf(bounds.maxDepth()),
                String.valueOf(rules.maxLength()),
                new TreeSet<>(rules.dropParameters()).toString(),
                String.valueOf(rules.sortParameters()),
                rules.trailingSlash().name(),
                new TreeSet<>(rules.indexFiles()).toString());
        return seed + " #"
                + Hashes.sha256(text.getBytes(StandardCharsets.UTF_8)).substring(0, 16);
    }

    private static void between(String what, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new MillraceException(
                    "%s can't be %s: it lies between %s and %s.".formatted(what, text(value), text(least), text(most)));
        }
    }

    private static String text(Duration duration) {
        long seconds = duration.getSeconds();
        boolean inSeconds =
                duration.getNano() == 0 || seconds != (int) seconds; // so many milliseconds fit in no number
        return inSeconds ? "%,d s".formatted(seconds) : "%,d ms".formatted(duration.toMillis());
    }

    private static void between(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new MillraceException(
                    "%s can't be %,d: it lies between %,d and %,d.".formatted(what, value, least, most));
        }
    }
}
