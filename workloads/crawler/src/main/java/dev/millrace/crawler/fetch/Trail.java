package dev.millrace.crawler.fetch;

import dev.millrace.crawler.url.CrawlUrl;
import java.time.Duration;
import java.util.List;

/**
 * Which way a fetch went.
 *
 * @param requested the page that was asked for
 * @param hops      the redirects that were followed, in their order
 * @param took      how long it all took
 */
public record Trail(CrawlUrl requested, List<Hop> hops, Duration took) {

    /** Freezes the list. */
    public Trail {
        hops = List.copyOf(hops);
    }

    /** Where it ended: the base of the page's links. Not folded by a crawl's rules, as a server chose it. */
    public CrawlUrl finalUrl() {
        return hops.isEmpty() ? requested : hops.getLast().to();
    }
}
