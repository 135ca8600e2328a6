package dev.millrace.store;

import dev.millrace.JobId;
import dev.millrace.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A job on its way into the store; already validated.
 *
 * @param spread chooses the shard: jobs with equal text go to one shard; null spreads them evenly
 * @param due when it may run; null means now
 * @param expiresAfter from now on the store's clock: unstarted by then, it is discarded
 * @param headers trace, tenant, tags; may be empty
 * @param idempotency null unless its sender gave a key
 * @param unique null unless there shall be one job of its key
 */
public record NewJob(
        JobId id,
        String queue,
        Priority priority,
        @Nullable String spread,
        String kind,
        int kindVersion,
        Payload payload,
        Map<String, String> headers,
        @Nullable Due due,
        @Nullable Duration expiresAfter,
        @Nullable Idempotency idempotency,
        @Nullable UniqueKey unique) {

    /** One of which there may be as many as anybody likes. */
    public NewJob(
            JobId id,
            String queue,
            Priority priority,
            @Nullable String spread,
            String kind,
            int kindVersion,
            Payload payload,
            Map<String, String> headers,
            @Nullable Due due,
            @Nullable Duration expiresAfter,
            @Nullable Idempotency idempotency) {
        this(id, queue, priority, spread, kind, kindVersion, payload, headers, due, expiresAfter, idempotency, null);
    }

    /** When a job may run, told on the store's clock. */
    public sealed interface Due {
        /** So long after the store has taken it. */
        record In(Duration delay) implements Due {}

        /** At a moment; one that has passed means now. */
        record At(Instant moment) implements Due {}
    }

    /**
     * A key under which the store takes one job only.
     *
     * @param request what the key stands for: the same key with another request is refused
     * @param elsewhere the same request, as processes that have other keys of encryption write it; often none
     */
    public record Idempotency(String key, String request, Set<String> elsewhere) {

        /** A request that is written alike everywhere. */
        public Idempotency(String key, String request) {
            this(key, request, Set.of());
        }

        /** Whether this is the request that the key is known to stand for. */
        public boolean isFor(String known) {
            return known.equals(request) || elsewhere.contains(known);
        }
    }
}
