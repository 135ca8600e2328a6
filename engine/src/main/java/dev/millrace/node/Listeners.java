package dev.millrace.node;

import dev.millrace.JobEvent;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Tells events to listeners on one daemon thread, through a bounded queue: a listener that dawdles loses events, never jobs. */
final class Listeners implements Events, AutoCloseable {

    private static final Logger LOG = System.getLogger(Listeners.class.getName());
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    /** One warning for so many failures of listeners. */
    private static final int WARN_EVERY = 1_000;

    private final List<Consumer<JobEvent>> listeners;
    private final String name;
    private final ArrayBlockingQueue<JobEvent> queue = new ArrayBlockingQueue<>(NodePlan.Limits.EVENTS);
    private final LongAdder dropped = new LongAdder();
    private volatile boolean closing;
    private long failures;
    private @Nullable Thread thread;

    Listeners(String name, List<Consumer<JobEvent>> listeners) {
        this.name = name;
        this.listeners = List.copyOf(listeners);
    }

    void start() {
        if (listeners.isEmpty()) return;
        thread = Thread.ofPlatform().daemon().name(name).start(this::listen);
    }

    @Override
    public boolean wanted() {
        return !listeners.isEmpty();
    }

    @Override
    public void happened(JobEvent event) {
        if (!queue.offer(event)) dropped.increment();
    }

    long dropped() {
        return dropped.sum();
    }

    private void listen() {
        try {
            while (!closing || !queue.isEmpty()) {
                var event = queue.poll(100, TimeUnit.MILLISECONDS);
                if (event != null) tell(event);
            }
        } catch (InterruptedException closed) {
            // told to stop in the middle: what is left in the queue is not told any more
        }
    }

    private void tell(JobEvent event) {
        for (var listener : listeners) {
            try {
                listener.accept(event);
            } catch (RuntimeException | Error failure) {
                if (failures++ % WARN_EVERY == 0)
                    LOG.log(
                            Level.WARNING,
                            "A listener failed on %s (failure %d). The job is not affected; the listener missed something."
                                    .formatted(event, failures),
                            failure);
            }
        }
    }

    /** Tells what is still in the queue, for a moment, and stops. */
    @Override
    public void close() {
        closing = true;
        var listening = thread;
        if (listening == null || listening.equals(Thread.currentThread())) return; // a listener may close its node
        try {
            if (!listening.join(LAST_WORDS)) listening.interrupt();
        } catch (InterruptedException hurry) {
            listening.interrupt();
            Thread.currentThread().interrupt();
        }
    }
}
