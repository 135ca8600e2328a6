package dev.millrace.crawler;

/**
 * What a page handler can do with its page. What it says counts once the handler returns, and commits with the page. For one thread,
 * and only while the handler runs.
 */
public interface Visit {

    /**
     * Saves a record with the page, as JSON under its class's simple name, in {@code millrace_crawl.item}. It is there exactly once,
     * whatever was killed in between, and stays until the site is crawled anew.
     */
    void save(Object value);

    /** Follows the page's links, as far as they belong to the site. */
    void followAll();

    /**
     * Follows one link, absolute or relative to the page.
     *
     * @return whether it belongs to the site
     */
    boolean follow(String link);

    /** How many links the page is away from the seed. */
    int depth();
}
