package dev.millrace.node;

import dev.millrace.store.Ending;
import dev.millrace.store.Place;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Writes down, before it happens, that a delivery starts which a dead node had held; and later, that it has outlived its youth. If this
 * node dies in between, the mark is what the delivery is charged with. Writing either again changes nothing, so what may not have been
 * committed is simply repeated.
 */
final class Marker implements Loop {

    /** Marks in one step. */
    private static final int MARKS = 500;

    private static final Duration GATE = Duration.ofMillis(50);

    private final Incarnation node;
    private final Queue<HeldDelivery> seated = new ConcurrentLinkedQueue<>();
    private final Queue<HeldDelivery> grown = new ConcurrentLinkedQueue<>();

    Marker(Incarnation node) {
        this.node = node;
    }

    /** A seated suspect: it starts as soon as its start is marked. */
    void add(HeldDelivery held) {
        seated.add(held);
        node.markBell().ring();
    }

    /** A marked start whose handler still runs, and has run long enough. */
    void outlived(HeldDelivery held) {
        grown.add(held);
        node.markBell().ring();
    }

    @Override
    public Duration turn() {
        clear();
        var batch = first(seated);
        if (batch.isEmpty()) return grown.isEmpty() ? node.limits().idlePoll() : Duration.ZERO;
        if (node.closing()) {
            for (var held : batch) handBack(held);
        } else {
            seated.removeIf(node.starter()::endsUnstarted);
            batch = first(seated);
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

    private void clear() {
        var batch = first(grown);
        var places = places(batch);
        if (!places.isEmpty()) node.storage().outlived(node.lease(), places);
        for (int i = 0; i < batch.size(); i++) grown.remove();
    }

    private static List<HeldDelivery> first(Queue<HeldDelivery> waiting) {
        return waiting.stream().limit(MARKS).toList();
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
