package dev.millrace.app.torture;

import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Enqueues jobs that have an order, for some keys in turn. What the store refused for now is sent again before the next one is; what may have been taken is
 * not.
 */
final class LineProducer implements AutoCloseable {

    private static final Duration PERIOD = Duration.ofMillis(50);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Millrace millrace;
    private final World world;
    private final String schema;
    private final long start;
    private final int count;
    private final Queue<UUID> acknowledged = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable Throwable> broken = new AtomicReference<>();
    private final Thread thread;

    LineProducer(Millrace millrace, World world, String schema, Duration length) {
        this.millrace = millrace;
        this.world = world;
        this.schema = schema;
        this.start = world.nanoTime();
        this.count = (int) length.dividedBy(PERIOD);
        this.thread = Thread.ofVirtual().name("torture-line-producer").start(this::produce);
    }

    private void produce() {
        try {
            for (int n = 0; n < count; n++) {
                long early = start + n * PERIOD.toNanos() - world.nanoTime();
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
            acknowledged.add(
                    millrace.enqueue(TortureJobs.inLine(n, schema)).id().value());
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
            throw new MillraceException("The producer of jobs in line failed: %s".formatted(error.getMessage()), error);
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
