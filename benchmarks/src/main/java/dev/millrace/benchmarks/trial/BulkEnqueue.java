package dev.millrace.benchmarks.trial;

import java.time.Duration;
import java.util.EnumMap;

/** Enqueue in bulk alone, while nobody works. */
final class BulkEnqueue implements Trial {

    private static final Duration STATISTICS = Duration.ofMillis(500);

    @Override
    public Findings play(Stage stage) throws Exception {
        var values = new EnumMap<Metric, Double>(Metric.class);
        var entry = NotPlayable.open(stage);
        try (entry;
                var database = Database.on(stage.ground())) {
            stage.rest(STATISTICS);
            var before = database.cost();
            var own = OwnCost.read();
            long began = stage.world().nanoTime();
            long taken = new Work(stage).fill(entry, stage.sizes().jobs());
            double rate = taken / stage.seconds(began);
            var engine = OwnCost.read().since(own);
            var cost = database.cost().since(before);
            double jobs = Math.max(1, taken);
            stage.narrator().say("%,d jobs enqueued, %,.0f a second".formatted(taken, rate));
            values.put(Metric.ENQUEUE, rate);
            values.put(Metric.TAKEN, (double) taken);
            values.put(Metric.WAL_BYTES, cost.walBytes() / jobs);
            values.put(Metric.CPU, engine.cpuNanos() / 1_000.0 / jobs);
            values.put(Metric.ALLOCATED, engine.allocatedBytes() / jobs);
            return Findings.of(values, entry.card());
        }
    }
}
