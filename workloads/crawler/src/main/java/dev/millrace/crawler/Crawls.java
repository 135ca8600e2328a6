package dev.millrace.crawler;

import dev.millrace.Attempt;
import dev.millrace.Outcome;
import dev.millrace.crawler.CrawlBook.Origin;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs {@link Crawl}: begins the site's crawl, then looks at it from time to time, and holds no slot in between. The looks are rarer the
 * longer it takes.
 */
final class Crawls {

    private static final Duration UNKNOWN_SITE = Duration.ofSeconds(10);
    private static final Duration QUIET = Duration.ofSeconds(60);

    private final CrawlBook book;
    private final Plans plans;
    private final Orphans orphans;
    private final World world;
    private final Map<String, Site> sites;

    Crawls(CrawlBook book, Plans plans, Orphans orphans, World world, Site... sites) {
        this.book = book;
        this.plans = plans;
        this.orphans = orphans;
        this.world = world;
        this.sites = Stream.of(sites).collect(Collectors.toUnmodifiableMap(Site::name, site -> site));
    }

    Outcome<Crawl.Report> run(Crawl job, Attempt attempt) {
        var site = sites.get(job.site());
        if (site == null) {
            return Outcome.retry(
                    UNKNOWN_SITE, "this node has no site \"%s\"; it has %s".formatted(job.site(), sites.keySet()));
        }
        var begun = attempt.checkpoint(Long.class);
        long crawl = begun.isPresent() ? begun.get() : begin(site, attempt);
        var progress = book.progress(crawl);
        attempt.progress(
                progress.pages() + progress.failed(), progress.pages() + progress.failed() + progress.pending());
        if (progress.finished()) {
            return Outcome.done(new Crawl.Report(
                    job.site(),
                    progress.pages(),
                    progress.failed(),
                    progress.redirects(),
                    progress.bytes(),
                    book.failures(crawl),
                    progress.pending() == 0));
        }
        orphans.replace(crawl, site.queue(), QUIET);
        return Outcome.snooze(untilNextLook(progress.elapsed()), "its site is being crawled");
    }

    private long begin(Site site, Attempt attempt) {
        var origin =
                new Origin("site " + site.name(), site.name(), attempt.job().value(), site.queue());
        var crawl = book.begin(origin, site.settings(), plans.text(site.settings()));
        book.seed(
                crawl.id(),
                CrawlUrl.of(site.settings().seed()),
                world.now(),
                (tx, host) -> orphans.enqueue(tx, crawl.id(), host, crawl.queue()));
        attempt.checkpoint(crawl.id());
        return crawl.id();
    }

    /** A twentieth of the time it took so far, from half a second to ten seconds. */
    private static Duration untilNextLook(Duration elapsed) {
        return Duration.ofMillis(Math.clamp(elapsed.toMillis() / 20, 500, 10_000));
    }
}
