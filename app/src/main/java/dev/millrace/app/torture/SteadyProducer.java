package dev.millrace.app.torture;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Enqueues the next of its sort in each period. What the store refused for now is sent again before the next one is; what may have been taken is not, and the
 * check finds it or not.
 */
final class SteadyProducer implements AutoCloseable {

    private static final Duration PAUSE = Duration.ofMillis(200);

    private final String what;
    private final World world;
    private final Duration period;
    private final IntFunction<JobId> enqueue;
    private final long start;
    private final int count;
    private final Queue<UUID> acknowledged = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable Throwable> broken = new AtomicReference<>();
    private final Thread thread;

    /**
     * Begins.
     *
     * @param what it enqueues
     * @param length how long
     * @param enqueue enqueues the one with this number, from 0
     */
    SteadyProducer(String what, World world, Duration period, Duration length, IntFunction<JobId> enqueue) {
        this.what = what;
        this.world = world;
        this.period = period;
        this.enqueue = enqueue;
        this.start = world.nanoTime();
        this.count = (int) length.dividedBy(period);
        this.thread = Thread.ofVirtual().name("torture-producer-of-" + what).start(this::produce);
    }

    private void produce() {
        try {
            for (int n = 0; n < count; n++) {
                long early = start + n * period.toNanos() - world.nanoTime();
                if (early > 0) world.sleep(Duration.ofNanos(early));
                while (!send(n)) world.sleep(PAUSE);
            }
        } catch (InterruptedException over) {
            // the run was broken off
        } catch (RuntimeException | Error e) {
            broken.set(e);
        }
    }

    /** Returns false if nothing was taken, for now. */
    private boolean send(int n) {
        try {
            acknowledged.add(enqueue.apply(n).value());
            return true;
        } catch (StoreException.CommitUnknown lost) {
            return true;
        } catch (StoreException.Unavailable notNow) {
            return false;
        }
    }

    /** Whether everything was sent; throws if it has failed. */
    boolean done() {
        var error = broken.get();
        if (error != null)
            throw new MillraceException("The producer of %s failed: %s".formatted(what, error.getMessage()), error);
        return !thread.isAlive();
    }

    /** Enqueues that returned. */
    UUID[] acknowledged() {
        return acknowledged.toArray(new UUID[0]);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
