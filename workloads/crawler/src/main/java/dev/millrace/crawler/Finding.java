package dev.millrace.crawler;

import dev.millrace.crawler.url.CrawlUrl;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of a page whose turn it was. */
sealed interface Finding {

    /** How the fetch was, for the page's row. */
    record Circumstances(int status, @Nullable String contentType, Instant fetchedAt, Duration took) {}

    /**
     * A page.
     *
     * @param links  as shown in the output: absolute, each once
     * @param follow those of them that belong to the crawl
     */
    record Read(
            Circumstances circumstances,
            CrawlUrl finalUrl,
            @Nullable String title,
            @Nullable String text,
            List<String> links,
            List<CrawlUrl> follow,
            @Nullable String sha256,
            long bytes,
            List<Item> items)
            implements Finding {}

    /** Something that a page handler saved. */
    record Item(String type, String value) {}

    /**
     * It sends elsewhere.
     *
     * @param follow whether the target belongs to the crawl
     * @param home   whether it belongs to it only because the seed sends there: then the crawl is at home there too
     */
    record Redirect(Circumstances circumstances, CrawlUrl to, boolean follow, boolean home) implements Finding {}

    /**
     * It could not be fetched.
     *
     * @param again whether a later try may succeed
     * @param pause how long the server asked to be left alone; null if it did not
     */
    record Failed(
            Circumstances circumstances,
            String reason,
            String message,
            boolean again,
            @Nullable Duration pause) implements Finding {}

    /** robots.txt forbids it. */
    record Refused(String reason) implements Finding {}

    /** Whether a request was sent for it. */
    default boolean fetched() {
        return !(this instanceof Refused);
    }
}
