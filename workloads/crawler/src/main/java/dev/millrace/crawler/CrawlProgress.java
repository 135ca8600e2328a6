package dev.millrace.crawler;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

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
 * @param waiting    for what hosts wait; null while none does
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
        @Nullable Waiting waiting,
        boolean finished,
        Duration elapsed) {

    /**
     * Hosts that wait for their time: a rest that a server asked for, a robots.txt that can't be had, another crawl.
     *
     * @param hosts how many
     * @param host  the one whose time comes first
     * @param why   what it waits for
     * @param left  how long
     */
    public record Waiting(long hosts, String host, String why, Duration left) {}

    /** Whether nothing goes on, since all hosts that have pages to fetch wait. */
    public boolean stands() {
        return waiting != null && waiting.hosts() >= hosts;
    }
}
