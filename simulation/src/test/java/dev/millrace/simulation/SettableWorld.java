package dev.millrace.simulation;

import dev.millrace.world.World;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;

/** A world in which time passes only when a test says so. */
final class SettableWorld implements World {

    private static final Instant START = Instant.parse("2026-11-01T12:00:00Z");

    private final AtomicReference<Instant> now = new AtomicReference<>(START);
    private final RandomGenerator random = new Random(7);

    void advance(Duration time) {
        now.updateAndGet(before -> before.plus(time));
    }

    @Override
    public Instant now() {
        return now.get();
    }

    @Override
    public long nanoTime() {
        return Duration.between(START, now()).toNanos();
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
