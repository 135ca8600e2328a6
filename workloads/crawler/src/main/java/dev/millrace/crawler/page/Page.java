package dev.millrace.crawler.page;

import dev.millrace.crawler.url.CrawlUrl;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a page says. No text in it has a NUL or half a surrogate pair, which databases and JSON refuse.
 *
 * @param title     its title; empty if it has none
 * @param text      the words that a reader sees, one block to a line
 * @param links     the pages it leads to, each once, in the order of the document, without itself
 * @param canonical the address that it prefers for itself
 * @param robots    what it asks of crawlers
 * @param language  its language as it names it, such as {@code en-GB}; empty if it does not
 * @param sha256    of its bytes, in hexadecimal
 * @param cut       what was left out
 */
public record Page(
        String title,
        String text,
        List<Link> links,
        @Nullable CrawlUrl canonical,
        RobotsMeta robots,
        String language,
        String sha256,
        Cut cut)
        implements Reading {

    /**
     * What was left out of a page.
     *
     * @param title     the title is longer
     * @param text      the text is longer
     * @param links     there are more links
     * @param malformed how many links are no URLs
     * @param skipped   how many lead to no page, such as {@code mailto:}
     */
    public record Cut(boolean title, boolean text, boolean links, int malformed, int skipped) {}

    /** Freezes the list. */
    public Page {
        links = List.copyOf(links);
    }
}
