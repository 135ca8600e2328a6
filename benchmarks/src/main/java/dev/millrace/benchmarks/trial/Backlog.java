package dev.millrace.benchmarks.trial;

import dev.millrace.Millrace;
import dev.millrace.benchmarks.trial.MillraceContender.Noop;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.EnumMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Whether many jobs that wait, or that have ended, make it slower. The same is measured three times: on an empty schema; while a backlog
 * waits in another queue (for pick-up) or is itself what is run (for the rate); and after it has ended.
 */
final class Backlog implements Trial {

    private static final int CONNECTIONS = 12;

    /** Jobs of one transaction. */
    private static final long SLICE = 100_000;

    private static final int MOST_PICK_UPS = 300;
    private static final String WAITING = "waiting";
    private static final Duration LOOK = Duration.ofMillis(5);
    private static final Duration SETTLE = Duration.ofMillis(500);

    @Override
    public Findings play(Stage stage) throws Exception {
        var values = new EnumMap<Metric, Double>(Metric.class);
        try (var pool = Database.pool(stage.ground(), CONNECTIONS);
                var millrace = Millrace.on(
                        new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world())) {
            long jobs = stage.sizes().jobs();

            pickUps(stage, millrace, values, Metric.SMALL_P50, Metric.SMALL_P99);
            fill(stage, millrace, jobs, "default");
            run(stage, millrace, "default", jobs, jobs, values, Metric.SMALL_RUN);

            long waiting = fill(stage, millrace, stage.sizes().backlog(), WAITING);
            values.put(Metric.BACKLOG_JOBS, (double) waiting);
            pickUps(stage, millrace, values, Metric.BACKLOG_P50, Metric.BACKLOG_P99);
            long ended = run(stage, millrace, WAITING, Math.min(jobs, waiting), waiting, values, Metric.BACKLOG_RUN);

            values.put(Metric.HISTORY_JOBS, (double) ended + jobs);
            pickUps(stage, millrace, values, Metric.HISTORY_P50, Metric.HISTORY_P99);
            fill(stage, millrace, jobs, "default");
            run(stage, millrace, "default", jobs, jobs, values, Metric.HISTORY_RUN);
        }
        return Findings.of(values, MillraceContender.card(stage.sizes().slots()));
    }

    private static long fill(Stage stage, Millrace millrace, long jobs, String queue) {
        long began = stage.world().nanoTime();
        long taken = 0;
        while (taken < jobs && !stage.over(began)) {
            long more = Math.min(SLICE, jobs - taken);
            millrace.enqueueAll(LongStream.range(taken, taken + more).mapToObj(Noop::of), o -> o.queue(queue));
            taken += more;
            stage.narrator().at("jobs enqueued", taken, jobs);
        }
        return taken;
    }

    private static void pickUps(Stage stage, Millrace millrace, EnumMap<Metric, Double> values, Metric p50, Metric p99)
            throws Exception {
        int jobs = (int) Math.min(MOST_PICK_UPS, stage.sizes().jobs() / 4);
        var pickUps = new PickUps(stage, jobs);
        try (var node = millrace.node()
                .name("bench")
                .slots(stage.sizes().slots())
                .handle(Noop.class, job -> pickUps.started(job.n()))
                .start()) {
            stage.rest(SETTLE);
            var latencies = pickUps.measure(n -> millrace.enqueue(Noop.of(n)));
            values.put(p50, latencies.millis(0.5));
            values.put(p99, latencies.millis(0.99));
            stage.narrator()
                    .say("pick-up %.2f ms, 99 of 100 within %.2f ms"
                            .formatted(latencies.millis(0.5), latencies.millis(0.99)));
            // the last ones end before the node does, or they would be given back and run again
            long began = stage.world().nanoTime();
            while (node.status().counts().completed() < jobs && !stage.over(began)) stage.rest(LOOK);
        }
    }

    /**
     * Runs a queue empty.
     *
     * @param counted how many of them make the rate: the first ones
     * @return how many were done
     */
    private static long run(
            Stage stage,
            Millrace millrace,
            String queue,
            long counted,
            long jobs,
            EnumMap<Metric, Double> values,
            Metric run)
            throws InterruptedException {
        long began = stage.world().nanoTime();
        try (var node = millrace.node()
                .name("bench")
                .queue(queue)
                .slots(stage.sizes().slots())
                .handle(Noop.class, job -> {})
                .start()) {
            @Nullable Double rate = null;
            while (true) {
                long done = node.status().counts().completed();
                boolean over = stage.over(began);
                if (rate == null && (done >= counted || over)) {
                    rate = done / stage.seconds(began);
                    values.put(run, rate);
                    stage.narrator().say("%s: %,.0f jobs a second".formatted(run.words(), rate));
                }
                if (done >= jobs || over) return done;
                stage.narrator().at("jobs run", done, jobs);
                stage.rest(LOOK);
            }
        }
    }
}
