package dev.millrace;

import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a job on this node. Listeners are called after the fact has been written, on a thread of the node that
 * does nothing else; one that throws or dawdles harms no job. Events that find the listeners' queue full are dropped and counted.
 */
public sealed interface JobEvent {

    JobId job();

    String kind();

    String queue();

    /** An attempt has begun. */
    record Started(JobId job, String kind, String queue, int attempt, Duration waited) implements JobEvent {}

    /**
     * The job has ended.
     *
     * @param state completed, cancelled or discarded
     * @param took running time of the last attempt
     */
    record Ended(
            JobId job,
            String kind,
            String queue,
            State state,
            int attempt,
            Duration took,
            @Nullable Failure failure) implements JobEvent {}

    /** An attempt failed, and another one follows. */
    record Retrying(JobId job, String kind, String queue, Failure failure, Duration in) implements JobEvent {}

    /** The handler postponed the job. */
    record Snoozed(JobId job, String kind, String queue, Duration in) implements JobEvent {}

    /** An attempt ran into its deadline; its slot is free again, whether or not its thread obeyed. */
    record TimedOut(JobId job, String kind, String queue, int attempt, Duration deadline) implements JobEvent {}

    /** A dead node's work was taken back. */
    record Rescued(JobId job, String kind, String queue, UUID deadNode, int rescues) implements JobEvent {}

    /** No node like this one can run the job now; the reason says what it waits for. */
    record Parked(JobId job, String kind, String queue, String reason) implements JobEvent {}
}
