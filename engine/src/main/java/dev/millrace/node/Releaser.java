package dev.millrace.node;

import dev.millrace.Scope;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Fetches parked deliveries back as far as this node has room for their kinds: what another build did not know, what was paused, and
 * what a kind at its limit could not take in.
 */
final class Releaser implements Loop {

    private static final int LIMIT = 1_000;
    private static final Duration REST = Duration.ofSeconds(1);

    /** Between two steps, however loud the bell. */
    private static final Duration SHORTEST = Duration.ofMillis(20);

    private final Incarnation node;
    private long last;
    private boolean lastKnown;

    Releaser(Incarnation node) {
        this.node = node;
    }

    @Override
    public Duration turn() {
        if (node.closing() || !node.beater().trusted() || !node.controller().heard()) return REST;
        long now = node.world().nanoTime();
        long early = SHORTEST.toNanos() - (now - last);
        if (lastKnown && early > 0) return Duration.ofNanos(early);
        last = now;
        lastKnown = true;
        var room = room();
        if (room.isEmpty()) return REST;
        int released = node.storage().release(node.lease(), room, LIMIT);
        if (released > 0) {
            node.claimer().hint();
            return SHORTEST;
        }
        for (var kind : node.kinds()) kind.parkedSome(false);
        return REST;
    }

    private Map<String, Integer> room() {
        var room = new HashMap<String, Integer>();
        for (var kind : node.kinds()) {
            var plan = kind.plan();
            if (node.controller().paused().contains(Scope.kind(plan.kind()))) continue;
            int free = kind.room();
            if (free > 0) room.put(plan.kind() + ":" + plan.version(), free); // and older versions
        }
        return room;
    }
}
