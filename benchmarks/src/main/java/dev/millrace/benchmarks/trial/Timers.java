package dev.millrace.benchmarks.trial;

import dev.millrace.Millrace;
import dev.millrace.benchmarks.trial.MillraceContender.Noop;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.EnumMap;
import java.util.stream.LongStream;

/**
 * Every job waits for a second, as a retry or a schedule would let it: it goes into a timer, comes out of it, and is run. Counted from the
 * first enqueue to the last acknowledged outcome, the second of delay included.
 */
final class Timers implements Trial {

    private static final int CONNECTIONS = 12;

    /** Jobs of one call: small enough that timers fall due while more are made. */
    private static final long SLICE = 5_000;

    private static final Duration DELAY = Duration.ofSeconds(1);
    private static final Duration LOOK = Duration.ofMillis(5);

    @Override
    public Findings play(Stage stage) throws Exception {
        var held = stage.held() ? Database.holdSnapshot(stage.ground()) : null;
        try (var pool = Database.pool(stage.ground(), CONNECTIONS);
                var millrace = Millrace.on(
                        new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world())) {
            return measured(stage, millrace);
        } finally {
            if (held != null) held.close();
        }
    }

    private static Findings measured(Stage stage, Millrace millrace) throws InterruptedException {
        long jobs = stage.sizes().jobs();
        int slots = stage.sizes().slots();
        try (var node = millrace.node()
                .name("bench")
                .slots(slots)
                .handle(Noop.class, job -> {})
                .start()) {
            long began = stage.world().nanoTime();
            for (long from = 0; from < jobs && !stage.over(began); from += SLICE) {
                millrace.enqueueAll(
                        LongStream.range(from, Math.min(jobs, from + SLICE)).mapToObj(Noop::of), o -> o.in(DELAY));
                stage.narrator().at("jobs enqueued", from, jobs);
            }
            long done;
            while ((done = node.status().counts().completed()) < jobs && !stage.over(began)) {
                stage.narrator().at("jobs run", done, jobs);
                stage.rest(LOOK);
            }
            double rate = done / stage.seconds(began);
            var values = new EnumMap<Metric, Double>(Metric.class);
            values.put(Metric.TIMERS, rate);
            values.put(Metric.DONE, (double) done);
            stage.narrator().say("%,d delayed jobs, %,.0f a second".formatted(done, rate));
            return Findings.of(values, MillraceContender.card(slots));
        }
    }
}
