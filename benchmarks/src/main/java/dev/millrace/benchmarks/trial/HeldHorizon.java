package dev.millrace.benchmarks.trial;

import java.time.Duration;
import java.util.EnumMap;

/**
 * A steady stream for a while. In the middle third of the time somebody holds a snapshot, so that vacuum cleans nothing away: what is
 * updated in place grows then, and what has to be skipped makes reads slower. A third of the time lasts until all that arrived in it is
 * done.
 */
final class HeldHorizon implements Trial {

    private static final Duration SETTLE = Duration.ofSeconds(1);

    @Override
    public Findings play(Stage stage) throws Exception {
        var values = new EnumMap<Metric, Double>(Metric.class);
        try (var database = Database.on(stage.ground());
                var stream = SteadyStream.open(stage)) {
            stage.rest(SETTLE);
            new Third(Metric.FIRST_RUN, Metric.FIRST_P50, Metric.FIRST_P99, Metric.FIRST_STREAM, Metric.FIRST_OTHER)
                    .play(stage, stream, database, values);
            var held = Database.holdSnapshot(stage.ground());
            try (held) {
                stage.narrator().say("a snapshot is held from now on");
                new Third(Metric.HELD_RUN, Metric.HELD_P50, Metric.HELD_P99, Metric.HELD_STREAM, Metric.HELD_OTHER)
                        .play(stage, stream, database, values);
            }
            stage.narrator().say("it is held no more");
            new Third(Metric.LAST_RUN, Metric.LAST_P50, Metric.LAST_P99, Metric.LAST_STREAM, Metric.LAST_OTHER)
                    .play(stage, stream, database, values);
        }
        return Findings.of(values, MillraceContender.card(stage.sizes().slots()));
    }

    /** A third of the time, and where its values go. */
    private record Third(Metric run, Metric p50, Metric p99, Metric stream, Metric other) {

        void play(Stage stage, SteadyStream jobs, Database database, EnumMap<Metric, Double> values) throws Exception {
            double streamBefore = database.streamBytes();
            long doneBefore = jobs.done();
            var latencies = new Latencies();
            jobs.into(latencies);
            long began = stage.world().nanoTime();
            jobs.send(stage.sizes().seconds() / 3.0);
            jobs.drain();
            double seconds = stage.seconds(began);
            long done = jobs.done() - doneBefore;
            values.put(run, done / seconds);
            values.put(p50, latencies.millis(0.5));
            values.put(p99, latencies.millis(0.99));
            values.put(stream, (database.streamBytes() - streamBefore) / Math.max(1, done));
            values.put(other, database.otherBytes() / 1_024);
            stage.narrator()
                    .say(
                            "%,.0f jobs a second, pick-up %.2f ms, 99 of 100 within %.2f ms, relations that are updated %,.0f KB"
                                    .formatted(
                                            values.get(run),
                                            latencies.millis(0.5),
                                            latencies.millis(0.99),
                                            values.get(other)));
        }
    }
}
