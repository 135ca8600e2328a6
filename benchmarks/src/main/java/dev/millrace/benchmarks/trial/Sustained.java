package dev.millrace.benchmarks.trial;

import java.time.Duration;
import java.util.EnumMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Producers without a bound, one job per call, while workers run in the same process. A system that takes more than it runs collects a
 * backlog; so what counts is what was both enqueued and done by the end, and the backlog is told.
 */
final class Sustained implements Trial {

    private static final Duration SECOND = Duration.ofSeconds(1);

    @Override
    public Findings play(Stage stage) throws Exception {
        var values = new EnumMap<Metric, Double>(Metric.class);
        var entry = NotPlayable.open(stage);
        try (entry) {
            var handled = new LongAdder();
            entry.start(n -> handled.increment());
            var best = new BestSecond(stage, handled);
            var callers = new Callers(stage, stage.sizes().callers());
            var own = OwnCost.read();
            long began = stage.world().nanoTime();
            long taken;
            try (best) {
                taken = callers.run(stage.sizes().seconds(), (caller, n) -> entry.enqueueOne(n));
            }
            double seconds = stage.seconds(began);
            long backlog = Math.min(taken, entry.unfinished());
            var engine = OwnCost.read().since(own);
            values.put(Metric.END_TO_END, (taken - backlog) / seconds);
            values.put(Metric.BEST_SECOND, best.perSecond());
            values.put(Metric.ACKNOWLEDGED, taken / seconds);
            values.put(Metric.CALL_P50, callers.latencies().millis(0.5));
            values.put(Metric.CALL_P99, callers.latencies().millis(0.99));
            values.put(Metric.CALL_MAX, callers.latencies().longestMillis());
            values.put(Metric.BACKLOG_AT_END, (double) backlog);
            values.put(Metric.CPU, engine.cpuNanos() / 1_000.0 / Math.max(1, taken));
            stage.narrator()
                    .say("%,.0f jobs a second end to end, %,.0f acknowledged, backlog %,d"
                            .formatted((taken - backlog) / seconds, taken / seconds, backlog));
            return Findings.of(values, entry.card());
        }
    }

    /** Looks once a second at how many were handled since. */
    private static final class BestSecond implements AutoCloseable {

        private final Thread thread;
        private volatile double perSecond;

        BestSecond(Stage stage, LongAdder handled) {
            thread = Thread.ofVirtual().name("best second").start(() -> look(stage, handled));
        }

        private void look(Stage stage, LongAdder handled) {
            try {
                while (true) {
                    long before = handled.sum();
                    long began = stage.world().nanoTime();
                    stage.rest(SECOND);
                    perSecond = Math.max(perSecond, (handled.sum() - before) / stage.seconds(began));
                    stage.narrator().at("jobs run", handled.sum(), handled.sum());
                }
            } catch (InterruptedException end) {
                // the callers have ended
            }
        }

        /** Zero if less than a second was looked at. */
        double perSecond() {
            return perSecond;
        }

        @Override
        public void close() {
            thread.interrupt();
        }
    }
}
