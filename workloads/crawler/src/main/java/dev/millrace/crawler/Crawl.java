package dev.millrace.crawler;

import dev.millrace.Job;
import dev.millrace.Kind;
import java.util.Map;

/**
 * Crawls a site from its beginning, and reports when nothing is left to fetch. If the site is being crawled already, for another job
 * or since before a crash, it reports on that.
 *
 * @param site its name, as a {@link Site} on the node has it
 */
@Kind("crawl")
public record Crawl(String site) implements Job<Crawl.Report> {

    /**
     * What came of it.
     *
     * @param failures how many pages failed, by reason
     * @param complete whether no page was left because the largest number was reached
     */
    public record Report(
            String site,
            long pages,
            long failed,
            long redirects,
            long bytes,
            Map<String, Long> failures,
            boolean complete) {}
}
