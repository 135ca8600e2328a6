package dev.millrace.node;

import dev.millrace.store.Epoch;
import dev.millrace.store.NodeId;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A node as it stands now, for metrics and health. Immutable; its numbers are read one after the other, not at one instant.
 *
 * @param id its identity; null while it is not joined
 * @param epoch null while it is not joined
 * @param trusted whether its own beats went through lately; if not, it claims and starts nothing
 * @param running handlers that run and have not been told to end
 * @param buffered claimed deliveries that wait for a slot, read or not
 * @param inLine claimed deliveries of keyed shards that wait for others of their key
 * @param awaitingFlush ended deliveries whose outcome is not yet known to be durable
 * @param stuckThreads handlers that were told to end and have not yet; their slots are free
 * @param oldestRunning null if none runs
 * @param sinceBeat how long ago the last beat went through; null while it is not joined
 */
public record NodeStatus(
        @Nullable NodeId id,
        @Nullable Epoch epoch,
        boolean trusted,
        int slots,
        int running,
        int buffered,
        int inLine,
        int awaitingFlush,
        int stuckThreads,
        @Nullable Duration oldestRunning,
        @Nullable Duration sinceBeat,
        Counters counters) {

    /**
     * Counted since the node was started, over all its identities.
     *
     * @param claimed deliveries claimed
     * @param started handlers started
     * @param completed attempts that completed their job
     * @param failed attempts that failed or ran into their deadline
     * @param rescued deliveries of dead nodes taken back by this one
     * @param deposed nodes deposed by this one
     * @param refusedWrites steps that were refused because this node had been deposed
     * @param lostOutcomes outcomes that did not count, because the delivery had been cancelled or rescued
     * @param eventsDropped events that found the listeners' queue full
     * @param notesDropped log lines and progress that found their queue full
     * @param loopFailures turns, and steps inside of them, that failed and were tried again
     */
    public record Counters(
            long claimed,
            long started,
            long completed,
            long failed,
            long rescued,
            long deposed,
            long refusedWrites,
            long lostOutcomes,
            long eventsDropped,
            long notesDropped,
            long loopFailures) {}
}
