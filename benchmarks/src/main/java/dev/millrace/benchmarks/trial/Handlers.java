package dev.millrace.benchmarks.trial;

import dev.millrace.Millrace;
import dev.millrace.benchmarks.trial.MillraceContender.Noop;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.EnumMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.LongStream;

/**
 * Handlers that take a while: how much of the time of all slots they are at work. What is missing is the engine's: the wait for the next
 * job, and for the flush of the last. Counted from the start of the node until fewer jobs wait than there are slots.
 */
final class Handlers implements Trial {

    private static final int CONNECTIONS = 12;
    /** With fewer the start of the node would be most of the time. */
    private static final long LEAST_PER_SLOT = 4;

    private static final Duration LOOK = Duration.ofMillis(5);

    @Override
    public Findings play(Stage stage) throws Exception {
        var values = new EnumMap<Metric, Double>(Metric.class);
        try (var pool = Database.pool(stage.ground(), CONNECTIONS);
                var millrace = Millrace.on(
                        new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world())) {
            busy(stage, millrace, Duration.ofMillis(1), values, Metric.BUSY_1MS, Metric.RUN_1MS);
            busy(stage, millrace, Duration.ofMillis(50), values, Metric.BUSY_50MS, Metric.RUN_50MS);
        }
        return Findings.of(values, MillraceContender.card(stage.sizes().slots()));
    }

    private static void busy(
            Stage stage, Millrace millrace, Duration length, EnumMap<Metric, Double> values, Metric busy, Metric run)
            throws InterruptedException {
        var world = stage.world();
        int slots = stage.sizes().slots();
        long jobs = Math.max(stage.sizes().jobs(), LEAST_PER_SLOT * slots);
        millrace.enqueueAll(LongStream.range(0, jobs).mapToObj(Noop::of));
        var started = new LongAdder();
        var worked = new LongAdder();
        long began = world.nanoTime();
        try (var node = millrace.node()
                .name("bench")
                .slots(slots)
                .handle(Noop.class, job -> {
                    started.increment();
                    long now = world.nanoTime();
                    world.sleep(length);
                    worked.add(world.nanoTime() - now);
                })
                .start()) {
            while (started.sum() < jobs - slots && !stage.over(began)) {
                stage.narrator().at("jobs run", started.sum(), jobs);
                stage.rest(LOOK);
            }
            double seconds = stage.seconds(began);
            double percent = worked.sum() / 1e9 / seconds / slots * 100;
            values.put(busy, percent);
            values.put(run, started.sum() / seconds);
            stage.narrator()
                    .say("%d slots of %d ms handlers are busy for %.1f %% of the time, %,.0f jobs a second"
                            .formatted(slots, length.toMillis(), percent, started.sum() / seconds));
            // the rest runs, so that the next length begins with none of this one
            while (node.status().counts().completed() < jobs && !stage.over(began)) stage.rest(LOOK);
        }
    }
}
