package dev.millrace.crawler;

import java.util.List;

/**
 * A page, as a page handler sees it.
 *
 * @param url         where it is, in its canonical spelling
 * @param status      a 2xx
 * @param contentType as the server says, or as its first bytes look
 * @param title       empty if it has none
 * @param text        the words that a reader sees, one block to a line
 * @param links       the pages it leads to, absolute, each once
 * @param source      its markup
 */
public record Page(
        String url, int status, String contentType, String title, String text, List<String> links, String source) {

    /** Freezes the list. */
    public Page {
        links = List.copyOf(links);
    }
}
