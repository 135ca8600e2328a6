package dev.millrace.node;

import dev.millrace.store.Ending;
import dev.millrace.store.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Writes down, before it happens, that a delivery starts which a dead node had held. If this node dies as well, the mark is what it
 * is charged with. Marking again changes nothing, so a mark whose commit is unknown is simply repeated.
 */
final class Marker implements Loop {

    /** Marks in one step. */
    private static final int MARKS = 500;

    private static final Duration GATE = Duration.ofMillis(50);

    private final Incarnation node;
    private final Queue<HeldDelivery> seated = new ConcurrentLinkedQueue<>();

    Marker(Incarnation node) {
        this.node = node;
    }

    /** A seated suspect: it starts as soon as its start is marked. */
    void add(HeldDelivery held) {
        seated.add(held);
        node.markBell().ring();
    }

    @Override
    public Duration turn() {
        var batch = new ArrayList<HeldDelivery>();
        for (var held : seated) {
            batch.add(held);
            if (batch.size() == MARKS) break;
        }
        if (batch.isEmpty()) return node.limits().idlePoll();
        if (node.closing()) {
            for (var held : batch) handBack(held);
        } else {
            var places = places(batch);
            if (!places.isEmpty()) node.storage().mark(node.lease(), places);
            if (!node.beater().trusted()) return GATE; // the answer took too long to be believed: mark again, and see
            for (var held : batch) {
                seated.remove();
                held.launch();
            }
        }
        return Duration.ZERO;
    }

    private void handBack(HeldDelivery held) {
        seated.remove();
        if (held.end() != null) node.finish(held, new Ending.HandedBack());
    }

    private static List<Place> places(List<HeldDelivery> batch) {
        return batch.stream()
                .filter(held -> !held.ended())
                .map(held -> held.delivery().place())
                .toList();
    }
}
