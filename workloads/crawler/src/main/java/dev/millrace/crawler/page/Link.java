package dev.millrace.crawler.page;

import dev.millrace.crawler.url.CrawlUrl;

/**
 * A link of a page to a page.
 *
 * @param url      where to, canonical by the crawl's rules
 * @param kind     what makes the link; the first, if several lead to the same page
 * @param nofollow whether every such link says {@code rel=nofollow}
 */
public record Link(CrawlUrl url, Kind kind, boolean nofollow) {

    /** What makes a link. */
    public enum Kind {
        /** {@code <a href>}. */
        ANCHOR,
        /** {@code <area href>} of an image map. */
        AREA,
        /** {@code <iframe src>} or {@code <frame src>}. */
        FRAME,
        /** {@code <link rel=next>}. */
        NEXT,
        /** {@code <link rel=prev>}. */
        PREVIOUS,
        /** {@code <meta http-equiv=refresh>}. */
        REFRESH
    }
}
