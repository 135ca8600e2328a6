package dev.millrace.benchmarks.trial;

import java.time.Duration;
import java.util.EnumMap;
import java.util.concurrent.atomic.LongAdder;

/** A backlog of jobs that do nothing: how fast it is taken, how fast it is run, and what that cost. */
final class BurnDown implements Trial {

    /** How long sessions keep to themselves what they counted, while they are used. */
    private static final Duration STATISTICS = Duration.ofMillis(1_500);

    @Override
    public Findings play(Stage stage) throws Exception {
        var world = stage.world();
        var values = new EnumMap<Metric, Double>(Metric.class);
        try (var database = Database.on(stage.ground())) {
            var entry = NotPlayable.open(stage);
            var card = entry.card();
            Database.Cost before;
            OwnCost engine;
            long taken;
            long done;
            var held = stage.held() ? Database.holdSnapshot(stage.ground()) : null;
            try (entry) {
                if (held != null) stage.narrator().say("a reader holds its snapshot until the end");
                world.sleep(STATISTICS);
                before = database.cost();
                var work = new Work(stage);
                long began = world.nanoTime();
                taken = work.fill(entry, stage.sizes().jobs());
                double enqueued = taken / stage.seconds(began);
                values.put(Metric.ENQUEUE, enqueued);
                stage.narrator().say("%,d jobs enqueued, %,.0f a second".formatted(taken, enqueued));

                var handled = new LongAdder();
                var own = OwnCost.read();
                began = world.nanoTime();
                entry.start(n -> handled.increment());
                done = work.drain(entry, taken, handled::sum);
                double ran = done / stage.seconds(began);
                engine = OwnCost.read().since(own);
                values.put(Metric.RUN, ran);
                stage.narrator().say("%,d jobs run, %,.0f a second".formatted(done, ran));
            } finally {
                if (held != null) held.close();
            }
            world.sleep(STATISTICS);
            var cost = database.cost().since(before);
            double jobs = Math.max(1, done);
            values.put(Metric.TAKEN, (double) taken);
            values.put(Metric.DONE, (double) done);
            if (done == taken) { // else what was taken and not run would be paid for by what was
                values.put(Metric.WAL_BYTES, cost.walBytes() / jobs);
                values.put(Metric.FULL_PAGES, cost.fullPageImages() / jobs);
                values.put(Metric.COMMITS, cost.commits() / jobs);
            }
            values.put(Metric.CPU, engine.cpuNanos() / 1_000.0 / jobs);
            values.put(Metric.ALLOCATED, engine.allocatedBytes() / jobs);
            if (stage.contender() instanceof MillraceContender) values.put(Metric.DEAD_TUPLES, database.deadTuples());
            return Findings.of(values, card);
        }
    }
}
