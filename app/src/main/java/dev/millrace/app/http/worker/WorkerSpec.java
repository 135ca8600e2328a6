package dev.millrace.app.http.worker;

import dev.millrace.Retry;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a worker says of itself.
 *
 * @param name what people call it
 * @param queues in its order of preference
 * @param slots attempts that it runs at once
 * @param timeout it is lost when nothing was heard of it for so long
 */
public record WorkerSpec(String name, List<String> queues, List<OfKind> kinds, int slots, Duration timeout) {

    /** Attempts that one worker may run at once. */
    public static final int SLOTS = 1_000;

    /** Kinds of one worker. */
    public static final int KINDS = 200;

    /** Queues of one worker. */
    public static final int QUEUES = 100;

    /** Versions of a kind that a worker reads. */
    public static final int VERSIONS = 100;

    public static final Duration TIMEOUT = Duration.ofSeconds(30);

    public static final Duration SHORTEST_TIMEOUT = Duration.ofSeconds(2);

    public static final Duration LONGEST_TIMEOUT = Duration.ofMinutes(10);

    /** A deadline must be longer than what may pass before an attempt that was started has been handed out. */
    public static final Duration SHORTEST_DEADLINE = Duration.ofSeconds(10);

    public WorkerSpec {
        queues = List.copyOf(queues);
        kinds = List.copyOf(kinds);
    }

    /**
     * A kind that it runs.
     *
     * @param deadline null for the engine's default
     * @param concurrency how many of it at once; null for as many as there are slots
     * @param retry null for the engine's default
     */
    public record OfKind(
            String kind,
            Set<Integer> versions,
            @Nullable Duration deadline,
            @Nullable Integer concurrency,
            @Nullable Retry retry) {

        public OfKind {
            versions = Set.copyOf(versions);
        }
    }
}
