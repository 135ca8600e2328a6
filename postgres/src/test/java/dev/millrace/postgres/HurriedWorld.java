package dev.millrace.postgres;

import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/** The real world, whose monotonic clock a test may put forward. */
final class HurriedWorld implements World {

    private final World real = new SystemWorld();
    private final AtomicLong ahead = new AtomicLong();

    void hurry(Duration by) {
        ahead.addAndGet(by.toNanos());
    }

    @Override
    public Instant now() {
        return real.now();
    }

    @Override
    public long nanoTime() {
        return real.nanoTime() + ahead.get();
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
