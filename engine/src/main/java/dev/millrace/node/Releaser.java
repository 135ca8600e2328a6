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
 * <p>What is released goes back to its stream, where a node that can't run it may be the first again, and park it again. So of a kind of
 * which something was released and nothing has started here since less is released each time, down to one; and should that be in vain
 * as well, again and again, it is left alone for a while, longer each time. That nothing is parked right behind a release is no sign of
 * an end: what was released is on its way.
 */
final class Releaser implements Loop {

    private static final int LIMIT = 1_000;
    private static final Duration REST = Duration.ofSeconds(1);

    /** Between two steps, however loud the bell. */
    private static final Duration SHORTEST = Duration.ofMillis(20);

    /** What was released has so long to come back and start, before that is called in vain, or more is released. */
    private static final Duration ON_ITS_WAY = Duration.ofMillis(500);

    private static final Duration LONGEST = Duration.ofSeconds(30);

    /** So often in a row in vain, before the rest gets longer: where half of a fleet can run a kind, that is luck's work once in 250. */
    private static final int UNLUCKY = 8;

    private final Incarnation node;
    private final Map<KindLine, Pace> paces = new HashMap<>();
    private Set<Scope> paused = Set.of();
    private long next;

    /** When to release of a kind again. */
    private static final class Pace {
        long starts = -1;
        long due;
        boolean released;
        long releasedAt;

        /** Whether of what was released nothing has started, and may still. */
        boolean onItsWay(KindLine kind, long now) {
            return released && kind.starts() == starts && now - releasedAt < ON_ITS_WAY.toNanos();
        }

        /** How many releases in a row were in vain. */
        int fruitless;

        Duration rest() {
            if (fruitless <= UNLUCKY) return fruitless == 0 ? Duration.ZERO : REST;
            var rest = REST.multipliedBy(1L << Math.min(fruitless - UNLUCKY, 10));
            return rest.compareTo(LONGEST) > 0 ? LONGEST : rest;
        }

        int most(int room) {
            return room == 0 ? 0 : Math.max(1, room >> Math.min(fruitless, 30));
        }
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
        if (!anyParked()) return REST;
        var room = room(now);
        if (room.isEmpty()) return REST;
        var asked = new HashMap<String, Integer>();
        room.forEach((kind, free) ->
                asked.put(kind.plan().kind() + ":" + kind.plan().version(), free)); // and older versions
        var queues = node.shares().room();
        int released = queues.isEmpty()
                ? node.storage().release(node.lease(), asked, LIMIT)
                : node.storage().release(node.lease(), asked, queues, LIMIT);
        if (released == 0)
            for (var share : node.shares().queues())
                if (queues.getOrDefault(share.name(), 0) > 0) share.parkedSome(false);
        next = now + SHORTEST.toNanos();
        for (var kind : room.keySet()) released(kind, released, now);
        if (released == 0) return REST;
        node.claimer().hint();
        return SHORTEST;
    }

    /** The controller looks as often as this here would, so there is nothing to ask where it saw nothing; what was parked here may be newer than its look. */
    private boolean anyParked() {
        return node.controller().parked()
                || node.kinds().stream().anyMatch(KindLine::parked)
                || node.shares().queues().stream().anyMatch(OwnShare::parked);
    }

    private Map<KindLine, Integer> room(long now) {
        var room = new HashMap<KindLine, Integer>();
        if (node.starter().alone()) return room;
        int free = Math.max(1, node.claimer().want());
        paces.forEach((kind, pace) -> {
            if (pace.due - now > 0
                    || pace.onItsWay(kind, now)
                    || paused.contains(Scope.kind(kind.plan().kind()))) return;
            int most = pace.most(Math.min(free, kind.room()));
            if (most > 0) room.put(kind, most);
        });
        return room;
    }

    private void released(KindLine kind, int released, long now) {
        var pace = paces.getOrDefault(kind, begin());
        if (released > 0) {
            pace.fruitless = kind.starts() == pace.starts ? pace.fruitless + 1 : 0;
            pace.starts = kind.starts();
        } else if (!pace.released) {
            kind.parkedSome(false);
            pace.starts = -1;
            pace.fruitless = 0;
        }
        pace.released = released > 0;
        pace.releasedAt = now;
        pace.due = now + pace.rest().toNanos();
    }
}
