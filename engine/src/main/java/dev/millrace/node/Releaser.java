package dev.millrace.node;

import dev.millrace.Scope;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Fetches parked deliveries back as far as this node has room for their kinds: what another build did not know, what was paused, and
 * what a kind at its limit could not take in.
 *
 * <p>What is released goes back to its stream, where a node that can't run it may be the first again, and park it again. So a kind of
 * which something was released and nothing has started here since is left alone for a while, longer each time. That nothing is parked
 * right behind a release is no sign of an end: what was released is on its way.
 */
final class Releaser implements Loop {

    private static final int LIMIT = 1_000;
    private static final Duration REST = Duration.ofSeconds(1);

    /** Between two steps, however loud the bell. */
    private static final Duration SHORTEST = Duration.ofMillis(20);

    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final Incarnation node;
    private final Map<KindLine, Pace> paces = new HashMap<>();
    private Set<Scope> paused = Set.of();
    private long next;

    /** When to release of a kind again. */
    private static final class Pace {
        long starts = -1;
        long due;
        Duration rest = Duration.ZERO;
        boolean released;
    }

    Releaser(Incarnation node) {
        this.node = node;
        this.next = node.world().nanoTime();
        for (var kind : node.kinds()) paces.put(kind, begin());
    }

    private Pace begin() {
        var pace = new Pace();
        pace.due = next;
        return pace;
    }

    @Override
    public Duration turn() {
        if (node.closing() || !node.beater().trusted() || !node.controller().heard()) return REST;
        long now = node.world().nanoTime();
        if (next - now > 0) return Duration.ofNanos(next - now); // rung too often
        if (!paused.equals(node.controller().paused())) {
            paused = node.controller().paused();
            paces.replaceAll((kind, pace) -> begin()); // what was held back may go on
        }
        var room = room(now);
        if (room.isEmpty()) return REST;
        var asked = new HashMap<String, Integer>();
        room.forEach((kind, free) ->
                asked.put(kind.plan().kind() + ":" + kind.plan().version(), free)); // and older versions
        int released = node.storage().release(node.lease(), asked, LIMIT);
        next = now + SHORTEST.toNanos();
        for (var kind : room.keySet()) released(kind, released, now);
        if (released == 0) return REST;
        node.claimer().hint();
        return SHORTEST;
    }

    private Map<KindLine, Integer> room(long now) {
        var room = new HashMap<KindLine, Integer>();
        if (node.starter().alone()) return room;
        int free = Math.max(1, node.claimer().want());
        paces.forEach((kind, pace) -> {
            if (pace.due - now > 0 || paused.contains(Scope.kind(kind.plan().kind()))) return;
            int most = Math.min(free, kind.room());
            if (most > 0) room.put(kind, most);
        });
        return room;
    }

    private void released(KindLine kind, int released, long now) {
        var pace = paces.getOrDefault(kind, begin());
        if (released == 0 && pace.released) {
            pace.released = false;
            pace.due = now + pace.rest.toNanos();
            return;
        }
        pace.released = released > 0;
        if (released == 0) {
            kind.parkedSome(false);
            pace.starts = -1;
            pace.rest = Duration.ZERO;
            return;
        }
        boolean fruitless = kind.starts() == pace.starts;
        pace.rest = fruitless ? longer(pace.rest) : Duration.ZERO;
        pace.starts = kind.starts();
        pace.due = now + pace.rest.toNanos();
    }

    private static Duration longer(Duration rest) {
        if (rest.isZero()) return REST;
        var twice = rest.multipliedBy(2);
        return twice.compareTo(LONGEST) > 0 ? LONGEST : twice;
    }
}
