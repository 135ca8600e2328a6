package dev.millrace.app.torture;

import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.app.torture.TortureJobs.Whole;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Enqueues a batch each second. What the store refused for now is sent again; what may have been taken is not, and the check finds it or not. */
final class BatchProducer implements AutoCloseable {

    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Millrace millrace;
    private final World world;
    private final long start;
    private final int count;
    private final Queue<UUID> acknowledged = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable Throwable> broken = new AtomicReference<>();
    private final Thread thread;

    BatchProducer(Millrace millrace, World world, Duration length) {
        this.millrace = millrace;
        this.world = world;
        this.start = world.nanoTime();
        this.count = (int) length.dividedBy(PERIOD);
        this.thread = Thread.ofVirtual().name("torture-batch-producer").start(this::produce);
    }

    private void produce() {
        try {
            for (int batch = 0; batch < count; batch++) {
                long early = start + batch * PERIOD.toNanos() - world.nanoTime();
                if (early > 0) world.sleep(Duration.ofNanos(early));
                while (!send(batch)) world.sleep(PAUSE);
            }
        } catch (InterruptedException over) {
            // the run was broken off
        } catch (RuntimeException | Error e) {
            broken.set(e);
        }
    }

    /** Returns false if nothing was taken, for now. */
    private boolean send(int batch) {
        try {
            acknowledged.add(millrace.batch(TortureJobs.parts(batch), new Whole(batch))
                    .id()
                    .value());
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
            throw new MillraceException("The producer of batches failed: %s".formatted(error.getMessage()), error);
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
