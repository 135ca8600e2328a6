package dev.millrace.node;

import dev.millrace.store.Promoted;
import dev.millrace.world.World;
import java.time.Duration;

/** Moves timers that are due into the log. A step whose commit is unknown needs nothing: the next one sees what is still there. */
final class Promoter implements Loop {

    private static final int LIMIT = 1_000;

    /** Where even more is due: each look reads over what the last ones took, while anybody on the server holds a snapshot. */
    private static final int MANY = 4_000;

    private static final Duration REST = Duration.ofSeconds(1);

    /** Between two looks for batches whose parts end in transactions of their own. */
    private static final Duration PARTS_REST = Duration.ofMillis(50);

    private final Incarnation node;
    private final World world;
    private volatile long nextTurn;
    private volatile boolean sooner;
    private long lastTurn;
    private int limit = LIMIT;

    Promoter(Incarnation node) {
        this.node = node;
        this.world = node.world();
        this.nextTurn = world.nanoTime();
        this.lastTurn = nextTurn - PARTS_REST.toNanos();
    }

    /** What is due and was not promoted is in another node's hands. */
    private static final Duration IN_OTHER_HANDS = Duration.ofMillis(20);

    /** A timer was written that is due so soon. */
    void expect(Duration delay) {
        if (world.nanoTime() + delay.toNanos() - nextTurn >= 0) return;
        sooner = true;
        node.promoteBell().ring();
    }

    /** A part of a batch has ended in a transaction of its own: it is looked whether it was the last. */
    void expectBatch() {
        node.promoteBell().ring();
    }

    @Override
    public Duration turn() {
        if (node.closing()) return REST;
        long now = world.nanoTime();
        long early = Math.min(nextTurn, lastTurn + PARTS_REST.toNanos()) - now;
        if (!sooner && early > 0) return Duration.ofNanos(early); // rung for one of many parts
        sooner = false;
        lastTurn = now;
        int most = limit;
        limit = LIMIT; // also if it fails: what was too much is not asked for again
        var promoted = node.storage().promote(node.lease(), most);
        if (promoted.count() > 0) node.claimer().hint();
        var rest = promoted.count() >= most ? Duration.ZERO : rest(promoted);
        if (promoted.count() >= most) limit = MANY;
        nextTurn = world.nanoTime() + rest.toNanos();
        return rest;
    }

    private static Duration rest(Promoted promoted) {
        var next = promoted.next();
        if (next == null || next.compareTo(REST) > 0) return REST;
        var least = promoted.count() == 0 ? IN_OTHER_HANDS : Duration.ZERO;
        return next.compareTo(least) < 0 ? least : next;
    }
}
