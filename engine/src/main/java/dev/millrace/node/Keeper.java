package dev.millrace.node;

import java.time.Duration;

/** Turns the storage's housekeeping. All nodes do; what the storage does is safe if two do it, and chance keeps them apart. */
final class Keeper implements Loop {

    private static final Duration REST = Duration.ofSeconds(30);
    private static final Duration FIRST = Duration.ofSeconds(2);

    private final Incarnation node;
    private boolean begun;

    Keeper(Incarnation node) {
        this.node = node;
    }

    @Override
    public Duration turn() {
        var random = node.world().random();
        if (!begun) {
            begun = true; // a fleet that starts together should not keep house together
            return Duration.ofNanos(random.nextLong(FIRST.toNanos()));
        }
        if (!node.closing()) node.storage().keep(node.lease());
        return REST.multipliedBy(4).dividedBy(5).plusNanos(random.nextLong(REST.toNanos() * 2 / 5));
    }
}
