package dev.millrace.crawler.url;

import org.jspecify.annotations.Nullable;

/**
 * The address of a page, in the one spelling that the crawler uses for it: as key of the frontier, in requests and in
 * the output. Only {@link UrlParser} makes one, so that whoever holds one need not check again. Two are equal when
 * their spelling is.
 *
 * <p>It is an absolute {@code http} or {@code https} URL of plain ASCII, valid by RFC 3986 (so {@link java.net.URI}
 * reads it), without user info and without fragment.
 */
public final class CrawlUrl implements Comparable<CrawlUrl> {

    private static final UrlParser AS_WRITTEN = new UrlParser(UrlRules.asWritten());

    private final HostKey hostKey;
    private final String path;
    private final @Nullable String query;
    private final String href;

    CrawlUrl(HostKey hostKey, String path, @Nullable String query) {
        this.hostKey = hostKey;
        this.path = path;
        this.query = query;
        this.href = hostKey + path + (query == null ? "" : "?" + query);
    }

    /**
     * Reads back what {@link #href} once gave, from a database or a test. For anything that people or pages wrote, ask
     * a {@link UrlParser}: it answers with a reason instead of an exception.
     *
     * @throws IllegalArgumentException if the text is no URL, with the reason
     */
    public static CrawlUrl of(String href) {
        return AS_WRITTEN.parse(href).orThrow();
    }

    /** The whole URL. */
    public String href() {
        return href;
    }

    /** The server it lives on. */
    public HostKey hostKey() {
        return hostKey;
    }

    /** The path, percent-encoded, beginning with a slash. */
    public String path() {
        return path;
    }

    /** The query without its question mark, percent-encoded; null if there is none. */
    public @Nullable String query() {
        return query;
    }

    /** Path and query: what a request line carries and what robots.txt is matched with. */
    public String pathAndQuery() {
        return query == null ? path : path + "?" + query;
    }

    /** By spelling, which puts pages of one host and folder together. */
    @Override
    public int compareTo(CrawlUrl other) {
        return href.compareTo(other.href);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CrawlUrl that && href.equals(that.href);
    }

    @Override
    public int hashCode() {
        return href.hashCode();
    }

    @Override
    public String toString() {
        return href;
    }
}
