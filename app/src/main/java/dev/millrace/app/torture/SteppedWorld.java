package dev.millrace.app.torture;

import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;

/** The real world, but for a wall clock that can be put forth and back. Nothing may depend on it. */
final class SteppedWorld implements World {

    private final World real = new SystemWorld();
    private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);

    void step(Duration by) {
        ahead.updateAndGet(before -> before.plus(by));
    }

    @Override
    public Instant now() {
        return real.now().plus(ahead.get());
    }

    @Override
    public long nanoTime() {
        return real.nanoTime();
    }

    @Override
    public RandomGenerator random() {
        return real.random();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        real.sleep(duration);
    }
}
