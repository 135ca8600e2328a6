package dev.millrace.app.torture.proxy;

import dev.millrace.world.World;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** What all connections of a proxy go through: whether anything moves at all, and how slowly. */
final class Weather {

    private final World world;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private int holds;
    private volatile Duration delay = Duration.ZERO;

    Weather(World world) {
        this.world = world;
    }

    /** One hold more, or one less. */
    void hold(int change) {
        lock.lock();
        try {
            holds += change;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void delay(Duration delay) {
        this.delay = delay;
    }

    /** Something else changed that those who wait should look at. */
    void stir() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until things move, and for the delay; or until there is nothing to wait for any more. */
    void pass(BooleanSupplier over) throws InterruptedException {
        lock.lock();
        try {
            while (holds > 0 && !over.getAsBoolean()) changed.await();
        } finally {
            lock.unlock();
        }
        var slow = delay;
        if (slow.isPositive() && !over.getAsBoolean()) world.sleep(slow);
    }
}
