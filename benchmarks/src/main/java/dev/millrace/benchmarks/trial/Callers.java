package dev.millrace.benchmarks.trial;

import java.util.ArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/** Threads that call again and again, for a time, as fast as they are answered. */
final class Callers {

    /** A call: of which caller, and the how manyth of all. */
    @FunctionalInterface
    interface Call {
        void call(int caller, long n) throws Exception;
    }

    private final Stage stage;
    private final int count;
    private final AtomicLong next = new AtomicLong();
    private final Latencies latencies = new Latencies();

    Callers(Stage stage, int count) {
        this.stage = stage;
        this.count = count;
    }

    /** How long the calls took. */
    Latencies latencies() {
        return latencies;
    }

    /** Calls for so many seconds. Returns how many calls were answered; an error of one ends all. */
    long run(double seconds, Call call) throws Exception {
        var world = stage.world();
        long end = world.nanoTime() + (long) (seconds * 1e9);
        var answered = new AtomicLong();
        var failed = new AtomicLong();
        try (var threads = Executors.newFixedThreadPool(count)) {
            var running = new ArrayList<Future<?>>();
            for (int caller = 0; caller < count; caller++) {
                int self = caller;
                running.add(threads.submit(() -> {
                    try {
                        for (long now = world.nanoTime(); now < end && failed.get() == 0; ) {
                            call.call(self, next.getAndIncrement());
                            long then = now;
                            now = world.nanoTime();
                            latencies.add(now - then);
                            answered.incrementAndGet();
                        }
                    } catch (Exception e) {
                        failed.incrementAndGet();
                        throw e;
                    }
                    return null;
                }));
            }
            for (var each : running) each.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) throw cause;
            throw e;
        }
        return answered.get();
    }
}
