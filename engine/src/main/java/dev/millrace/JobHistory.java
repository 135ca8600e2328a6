package dev.millrace;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A job with everything that is kept of it: its deliveries, oldest first, and its log. */
public record JobHistory(JobView job, List<Step> steps, List<LogLine> log) {

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

    /** A line that a handler wrote with {@code attempt.log}. */
    public record LogLine(int attempt, Instant at, String text) {}
}
