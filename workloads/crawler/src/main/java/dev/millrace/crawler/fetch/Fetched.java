package dev.millrace.crawler.fetch;

import dev.millrace.crawler.fetch.Reason.Again;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What came of a fetch. */
public sealed interface Fetched {

    /** Which way it went. */
    Trail trail();

    /**
     * A page, whole.
     *
     * @param status  a 2xx
     * @param headers those worth keeping
     */
    record Response(Trail trail, int status, Headers headers, ContentType contentType, Body body) implements Fetched {}

    /**
     * Something of a type that nobody asked for. Its body was not read.
     *
     * @param length how long it would be, by its header; -1 if it does not say
     */
    record OtherType(Trail trail, int status, Headers headers, ContentType contentType, long length)
            implements Fetched {}

    /**
     * A redirect that the caller did not want followed. Those before it are in the trail.
     *
     * @param hop the redirect itself
     */
    record Moved(Trail trail, Hop hop) implements Fetched {}

    /**
     * No page.
     *
     * @param reason     why, for counting
     * @param message    why, in one sentence
     * @param status     the status of the answer; 0 if there was none
     * @param again      whether to try again
     * @param retryAfter how long the server asked to be left alone, at most a day; null if it did not
     */
    record Failed(
            Trail trail,
            Reason reason,
            String message,
            int status,
            Again again,
            @Nullable Duration retryAfter) implements Fetched {}
}
