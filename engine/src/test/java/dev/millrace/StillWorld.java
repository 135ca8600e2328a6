package dev.millrace;

import dev.millrace.world.World;
import java.time.Duration;
import java.time.Instant;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** A world whose clocks stand still until a test moves them, and whose chance is the same each time. */
class StillWorld implements World {

    private final RandomGenerator random = new SplittableRandom(7);
    private volatile Instant now = Instant.parse("2026-11-23T15:30:00Z");
    private volatile long nanos;

    /** Both clocks go on. */
    synchronized void advance(Duration by) {
        now = now.plus(by);
        nanos += by.toNanos();
    }

    /** Only the wall clock moves, as when somebody sets it. */
    void setWallClock(Instant to) {
        now = to;
    }

    @Override
    public Instant now() {
        return now;
    }

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public void sleep(Duration duration) {
        advance(duration);
    }
}
