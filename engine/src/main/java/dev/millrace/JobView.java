package dev.millrace;

import java.time.Instant;
import java.util.Map;
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
