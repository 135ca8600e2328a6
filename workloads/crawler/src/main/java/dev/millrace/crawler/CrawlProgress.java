package dev.millrace.crawler;

import java.time.Duration;

/**
 * How far a crawl is.
 *
 * @param pages      recorded, whatever their status was
 * @param failed     pages that could not be fetched, after all attempts
 * @param redirects  pages that only sent elsewhere
 * @param refused    pages that robots.txt forbids; they were not fetched
 * @param pending    pages found and not yet fetched
 * @param hosts      hosts that have pages to fetch, and are being worked on or wait for their time
 * @param bytes      of bodies, decompressed
 * @param duplicates links to pages that were known already
 * @param repeated   pages fetched more than once, because a crash cut off a fetch
 * @param finished   whether there is nothing left to do
 * @param elapsed    since the crawl began, until now or its end
 */
public record CrawlProgress(
        long pages,
        long failed,
        long redirects,
        long refused,
        long pending,
        long hosts,
        long bytes,
        long duplicates,
        long repeated,
        boolean finished,
        Duration elapsed) {}
