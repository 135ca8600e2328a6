package dev.millrace.node;

import dev.millrace.world.World;
import java.time.Duration;

/** Moves timers that are due into the log. A step whose commit is unknown needs nothing: the next one sees what is still there. */
final class Promoter implements Loop {

    private static final int LIMIT = 1_000;
    private static final Duration REST = Duration.ofSeconds(1);

    private final Incarnation node;
    private final World world;
    private volatile long nextTurn;

    Promoter(Incarnation node) {
        this.node = node;
        this.world = node.world();
        this.nextTurn = world.nanoTime();
    }

    /** A timer was written that is due so soon. */
    void expect(Duration delay) {
        if (world.nanoTime() + delay.toNanos() - nextTurn < 0)
            node.promoteBell().ring();
    }

    @Override
    public Duration turn() {
        if (node.closing()) return REST;
        var promoted = node.storage().promote(node.lease(), LIMIT);
        if (promoted.count() > 0) node.claimer().hint();
        var next = promoted.next();
        var rest = promoted.count() >= LIMIT
                ? Duration.ZERO
                : next == null || next.compareTo(REST) > 0 ? REST : next.isNegative() ? Duration.ZERO : next;
        nextTurn = world.nanoTime() + rest.toNanos();
        return rest;
    }
}
