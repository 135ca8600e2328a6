package dev.millrace.store;

import dev.millrace.IfFailed;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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

        /**
         * When all these jobs have ended, and then also the time has come. Comes neither in a batch's job that follows nor with a key that replaces or
         * debounces.
         *
         * @param blockers at least one, each once; the store refuses those that it does not know
         * @param time null if there is none but this
         */
        record After(
                List<JobId> blockers,
                IfFailed ifFailed,
                @Nullable Due time) implements Due {

            public After {
                blockers = List.copyOf(blockers);
            }

            /** For people, in words that stay true while blockers end: {@code runs after job 01… and 2 others}. */
            public String text() {
                int others = blockers.size() - 1;
                return "runs after job %s%s"
                        .formatted(
                                blockers.getFirst(),
                                others == 0
                                        ? ""
                                        : others == 1 ? " and one other" : " and %,d others".formatted(others));
            }

            /** Why one is cancelled, in the words of all stores. */
            public static String whyCancelled(JobId blocker, State ended) {
                return "it runs after job %s, which was %s".formatted(blocker, ended.wireName());
            }

            /** The same where it is not known any more how the other one ended. */
            public static String whyCancelled(JobId blocker) {
                return "it runs after job %s, which has ended so long ago that how is no longer known"
                        .formatted(blocker);
            }
        }
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
