package dev.millrace;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A job with everything that is kept of it. Immutable.
 *
 * @param steps its deliveries, oldest first
 * @param log what its handlers wrote, oldest first
 * @param changes what changed it together with others, oldest first
 */
public record JobHistory(JobView job, List<Step> steps, List<LogLine> log, List<Change> changes) {

    /** The same, of its log only lines of this level and graver. */
    public JobHistory withLog(LogLevel least) {
        return new JobHistory(
                job,
                steps,
                log.stream().filter(line -> line.level().isAtLeast(least)).toList(),
                changes);
    }

    /**
     * One delivery of the job.
     *
     * @param outcome how it ended: done, retry, timed_out, snooze, cancelled, discarded, rescued, handed_back, parked or moved; null
     *     while it has not
     */
    public record Step(
            int run,
            int attempt,
            Instant enqueuedAt,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt,
            @Nullable Duration took,
            @Nullable String outcome,
            @Nullable String node,
            @Nullable String reason,
            @Nullable Failure failure) {}

    /**
     * An operation on many jobs that changed this one. Those that met it and left it as it was are not told.
     *
     * @param what requeue, cancel, reschedule, edit, delete, or undo
     * @param by who began it
     * @param at when it changed this job
     */
    public record Change(UUID operation, String what, String by, String reason, Instant at) {}

    /**
     * A line that a handler wrote with {@code attempt.log}.
     *
     * @param at by the clock of the node that ran it
     * @param level {@code INFO} if it was said without one, or by a build that knew none
     * @param traceId of the trace that its job is part of, by the job's header {@code traceparent}: 32 hexadecimal digits; null if it has none
     */
    public record LogLine(
            int attempt,
            Instant at,
            LogLevel level,
            String text,
            @Nullable String traceId) {}
}
