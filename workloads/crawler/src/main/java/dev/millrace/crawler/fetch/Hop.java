package dev.millrace.crawler.fetch;

import dev.millrace.crawler.url.CrawlUrl;

/**
 * One redirect.
 *
 * @param from   the page that sent away
 * @param status how: 301, 302, 303, 307 or 308
 * @param to     where to
 */
public record Hop(CrawlUrl from, int status, CrawlUrl to) {

    /** Whether it leads to the same scheme, host and port, hence to the same robots.txt. */
    public boolean staysOnHost() {
        return from.hostKey().equals(to.hostKey());
    }

    /** Whether the page has moved for good, by its own account. */
    public boolean isPermanent() {
        return status == 301 || status == 308;
    }
}
