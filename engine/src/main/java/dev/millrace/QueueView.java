package dev.millrace;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A queue as it stands now. Immutable.
 *
 * @param available jobs ready to be claimed
 * @param running jobs that nodes hold
 * @param scheduled jobs that wait for a time
 * @param retryable jobs that wait for their next attempt
 * @param parked jobs that no node can run now
 * @param oldestAvailable when the job that waits longest to be claimed became available; null if none waits
 * @param pausedBecause why the queue is paused; null if it is not
 */
public record QueueView(
        String name,
        Depth available,
        Depth running,
        Depth scheduled,
        Depth retryable,
        Depth parked,
        @Nullable Instant oldestAvailable,
        @Nullable String pausedBecause) {

    /** Up to here a depth is counted; beyond it is a lower bound. */
    public static final int EXACT_UP_TO = 10_000;

    /**
     * How many.
     *
     * @param exact false if there are at least so many, and counting stopped there
     */
    public record Depth(long count, boolean exact) {

        /** The number, with a plus sign if there may be more. */
        @Override
        public String toString() {
            return exact ? Long.toString(count) : count + "+";
        }
    }
}
