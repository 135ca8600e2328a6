package dev.millrace.crawler;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came of a crawl.
 *
 * @param seed            where it began
 * @param progress        its counts, as they stand
 * @param failures        how many pages failed, by reason: the names of {@link dev.millrace.crawler.fetch.Reason} and a few of the
 *                        crawler's own
 * @param nothing         why it has finished without a single page; null if there is one, or if it has not finished
 * @param stoppedAtMax    whether pages are left because the largest number was reached
 * @param took            how long this run of it was
 * @param pagesThisRun    pages, failures and redirects recorded by anyone during this run
 */
public record CrawlSummary(
        String seed,
        CrawlProgress progress,
        Map<String, Long> failures,
        @Nullable String nothing,
        boolean stoppedAtMax,
        Duration took,
        long pagesThisRun) {

    /** Freezes the map. */
    public CrawlSummary {
        failures = Map.copyOf(failures);
    }

    /** Pages a second during this run. */
    public double rate() {
        double seconds = took.toNanos() / 1e9;
        return seconds <= 0 ? 0 : pagesThisRun / seconds;
    }
}
