package dev.millrace.node;

import dev.millrace.world.World;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The sign of life. It is judged by others on their clocks; this side only knows when its own beats last went through, and stops
 * trusting itself before anybody else may: a node that has been silent for nearly a lease claims nothing and starts nothing until a
 * beat goes through again, or is refused. What runs goes on, since its outcome is fenced anyway.
 */
final class Beater implements Loop {

    private final Incarnation node;
    private final World world;
    private final long beat;
    private final long trust;

    private volatile long lastBeat;
    private volatile long unbrokenSince;
    private final AtomicLong count = new AtomicLong();

    Beater(Incarnation node, long joined) {
        this.node = node;
        this.world = node.world();
        this.beat = node.limits().beat().toNanos();
        this.trust = Math.max(node.limits().lease().toNanos() - beat, beat);
        this.lastBeat = joined;
        this.unbrokenSince = joined;
    }

    @Override
    public Duration turn() {
        long asked = world.nanoTime();
        node.storage().beat(node.lease(), node.tally().stuck(asked));
        if (asked - lastBeat > 2 * beat) unbrokenSince = asked;
        lastBeat = asked; // the moment of asking: others may have seen it since then
        count.incrementAndGet();
        return Duration.ofNanos(Math.max(0, asked + beat - world.nanoTime()));
    }

    /** Whether this node may still believe that it is alive in the eyes of others. */
    boolean trusted() {
        return world.nanoTime() - lastBeat < trust;
    }

    Duration sinceBeat() {
        return Duration.ofNanos(Math.max(0, world.nanoTime() - lastBeat));
    }

    /** How many beats went through. */
    long count() {
        return count.get();
    }

    /**
     * Since when beats have gone through without a gap: silence of others before that may have been the storage's, or this process's
     * own.
     */
    long unbrokenSince() {
        long now = world.nanoTime();
        return now - lastBeat > 2 * beat ? now : unbrokenSince;
    }
}
