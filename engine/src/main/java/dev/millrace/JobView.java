package dev.millrace;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A job as it stands now. Immutable.
 *
 * @param run which run of the job, from 1
 * @param attempt the attempt it is at, from 1
 * @param rescues how often a dead node's work on it was taken over
 * @param payload what was asked for, as text; null in a list, or if the store keeps values, not text. Of one that was encrypted with a key that is not
 *     known here it is a note, JSON as well: {@code {"$millrace":"encrypted with key 2025-11, 312 bytes"}}
 * @param headers trace, tenant, tags
 * @param runAt when it runs next; null unless scheduled or retryable, and for a job that waits for a batch or for others
 * @param node the node that holds it, or ended it; null if none does or did
 * @param reason why it waits or ended so, in a sentence; null if there is nothing to say
 * @param result what its handler returned, as text, or as such a note; null in a list, if nothing, or if it did not complete
 * @param failure its last error; null if it had none
 * @param progress how far its handler says it is; null if it says nothing
 */
public record JobView(
        JobId id,
        String kind,
        int kindVersion,
        String queue,
        Priority priority,
        State state,
        int run,
        int attempt,
        int rescues,
        @Nullable String payload,
        Map<String, String> headers,
        Instant enqueuedAt,
        @Nullable Instant expiresAt,
        @Nullable Instant runAt,
        @Nullable Instant startedAt,
        @Nullable Instant endedAt,
        @Nullable String node,
        @Nullable String reason,
        @Nullable String result,
        @Nullable Failure failure,
        @Nullable Progress progress) {

    /** Version, trace, span, flags. A later version than 00 may have more behind that, and none is ff. */
    private static final Pattern TRACE_PARENT = Pattern.compile(
            "00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}|(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?");

    private static final String NO_TRACE = "0".repeat(32);

    /**
     * The id of the trace that it is part of, 32 hexadecimal digits, if its sender said so by a header {@code traceparent} in the form of the W3C:
     * {@code o.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}.
     */
    public Optional<String> traceId() {
        return Optional.ofNullable(traceId(headers));
    }

    /** Null if none is named, or not in this form. */
    static @Nullable String traceId(Map<String, String> headers) {
        var said = TRACE_PARENT.matcher(headers.getOrDefault("traceparent", ""));
        if (!said.matches()) return null;
        var id = said.group(1) == null ? said.group(2) : said.group(1);
        return id.equals(NO_TRACE) ? null : id;
    }

    /** As it stands in a list: without payload and result. */
    public JobView brief() {
        return with(null, null);
    }

    /** The same with another payload and result. */
    JobView with(@Nullable String payload, @Nullable String result) {
        return new JobView(
                id,
                kind,
                kindVersion,
                queue,
                priority,
                state,
                run,
                attempt,
                rescues,
                payload,
                headers,
                enqueuedAt,
                expiresAt,
                runAt,
                startedAt,
                endedAt,
                node,
                reason,
                result,
                failure,
                progress);
    }

    /** How far a handler says it is. */
    public record Progress(long done, long total, Instant at) {}
}
