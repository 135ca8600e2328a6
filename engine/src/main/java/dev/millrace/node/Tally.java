package dev.millrace.node;

import dev.millrace.NodeView;
import dev.millrace.store.Place;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What a node counts, over all its incarnations. Each is raised after the fact, never before. */
final class Tally {
    final LongAdder claimed = new LongAdder();
    final LongAdder started = new LongAdder();
    final LongAdder completed = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder rescued = new LongAdder();
    final LongAdder deposed = new LongAdder();
    final LongAdder refusedWrites = new LongAdder();
    final LongAdder lostOutcomes = new LongAdder();
    final LongAdder notesDropped = new LongAdder();
    final LongAdder loopFailures = new LongAdder();

    /** Handlers that were told to end and have not yet, each with when it was told. Their threads outlive a lease. */
    private final Map<HeldDelivery, Long> stuck = new ConcurrentHashMap<>();

    void isStuck(HeldDelivery held, long nanoTime) {
        stuck.put(held, nanoTime);
    }

    void isStuckNoMore(HeldDelivery held) {
        stuck.remove(held);
    }

    int stuckThreads() {
        return stuck.size();
    }

    /** What others are told of them; null if there are none. */
    NodeView.@Nullable Stuck stuck(long nanoTime) {
        int handlers = 0;
        long longest = -1;
        @Nullable HeldDelivery oldest = null;
        for (var one : stuck.entrySet()) {
            handlers++;
            long lasts = Math.max(0, nanoTime - one.getValue());
            if (oldest == null || lasts > longest || (lasts == longest && isBefore(one.getKey(), oldest))) {
                longest = lasts;
                oldest = one.getKey();
            }
        }
        return oldest == null
                ? null
                : new NodeView.Stuck(handlers, oldest.delivery().job(), Duration.ofNanos(longest));
    }

    private static boolean isBefore(HeldDelivery one, HeldDelivery other) {
        return Place.LOCK_ORDER.compare(one.delivery().place(), other.delivery().place()) < 0;
    }
}
