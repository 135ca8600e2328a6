package dev.millrace;

import java.time.Instant;
import java.util.List;
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
 * @param aside tenants that have much more to do than others, so that their jobs run behind: those that were seen in the last half minute, who came first first, a
 *     thousand at most
 */
public record QueueView(
        String name,
        Depth available,
        Depth running,
        Depth scheduled,
        Depth retryable,
        Depth parked,
        @Nullable Instant oldestAvailable,
        @Nullable String pausedBecause,
        List<SetAside> aside) {

    public QueueView {
        aside = List.copyOf(aside);
    }

    /** One in which no tenant is set aside. */
    public QueueView(
            String name,
            Depth available,
            Depth running,
            Depth scheduled,
            Depth retryable,
            Depth parked,
            @Nullable Instant oldestAvailable,
            @Nullable String pausedBecause) {
        this(name, available, running, scheduled, retryable, parked, oldestAvailable, pausedBecause, List.of());
    }

    /** Up to here a depth is counted; beyond it is a lower bound. */
    public static final int EXACT_UP_TO = 10_000;

    /**
     * A tenant that is set aside.
     *
     * @param priority at which it has much more to do than others
     */
    public record SetAside(String tenant, Priority priority, Instant since) {}

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
