package dev.millrace.benchmarks.trial;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;

/** Jobs at a steady beat, far apart, and when each was enqueued and started. */
final class PickUps {

    private static final Duration BEAT = Duration.ofMillis(10);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofMillis(5);

    /** Enqueues one job. */
    @FunctionalInterface
    interface Enqueue {
        void one(long n) throws Exception;
    }

    private final Stage stage;
    private final int jobs;
    private final AtomicLongArray started;
    private final Latencies calls = new Latencies();
    private int missed;

    PickUps(Stage stage, int jobs) {
        this.stage = stage;
        this.jobs = jobs;
        this.started = new AtomicLongArray(jobs);
    }

    /** For the handler. Jobs of others are left alone. */
    void started(long n) {
        if (n >= 0 && n < jobs) started.compareAndSet((int) n, 0, stage.world().nanoTime());
    }

    /** How long the calls took. */
    Latencies calls() {
        return calls;
    }

    /** How many had not started when it was given up. */
    int missed() {
        return missed;
    }

    /** Enqueues them all. Returns how long each took from the return of its enqueue to its start. */
    Latencies measure(Enqueue enqueue) throws Exception {
        var world = stage.world();
        var committed = new long[jobs];
        long began = world.nanoTime();
        int enqueued = 0;
        for (; enqueued < jobs && !stage.over(began); enqueued++) {
            long due = began + enqueued * BEAT.toNanos();
            long now = world.nanoTime();
            if (due > now) world.sleep(Duration.ofNanos(due - now));
            now = world.nanoTime();
            enqueue.one(enqueued);
            committed[enqueued] = world.nanoTime();
            calls.add(committed[enqueued] - now);
            stage.narrator().at("jobs one by one", enqueued, jobs);
        }
        var latencies = new Latencies();
        long waited = world.nanoTime();
        for (int n = 0; n < enqueued; n++) {
            while (started.get(n) == 0 && world.nanoTime() - waited < PATIENCE.toNanos()) world.sleep(LOOK);
            if (started.get(n) == 0) missed++;
            else latencies.add(started.get(n) - committed[n]);
        }
        return latencies;
    }
}
