package dev.millrace.benchmarks.trial;

import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.benchmarks.trial.MillraceContender.Noop;
import dev.millrace.postgres.PostgresStore;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

/**
 * A steady stream for a while. In the middle third of the time somebody holds a snapshot, so that vacuum cleans nothing away: what is
 * updated in place grows then, and what has to be skipped makes reads slower. Jobs arrive in small bulks at a steady beat; pick-up is
 * counted from the return of a bulk's enqueue, and a third of the time lasts until all that arrived in it is done.
 */
final class HeldHorizon implements Trial {

    private static final int CONNECTIONS = 12;
    private static final Duration BEAT = Duration.ofMillis(20);
    private static final Duration LOOK = Duration.ofMillis(5);
    private static final Duration SETTLE = Duration.ofSeconds(1);

    /** Tables in which nothing is updated: they grow by what is written, held or not. All others are updated in place. */
    private static final String STREAM = "^(job_log|claim|outcome|outcome_batch|start_mark)_[0-9]+";

    @Override
    public Findings play(Stage stage) throws Exception {
        var values = new EnumMap<Metric, Double>(Metric.class);
        int slots = stage.sizes().slots();
        try (var database = Database.on(stage.ground());
                var pool = Database.pool(stage.ground(), CONNECTIONS);
                var millrace = Millrace.on(
                        new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world())) {
            var bulks = new Bulks(stage, millrace);
            try (var node = millrace.node()
                    .name("bench")
                    .slots(slots)
                    .handle(Noop.class, job -> bulks.started(job.n()))
                    .start()) {
                stage.rest(SETTLE);
                new Third(Metric.FIRST_RUN, Metric.FIRST_P50, Metric.FIRST_P99, Metric.FIRST_STREAM, Metric.FIRST_OTHER)
                        .play(stage, bulks, node, database, values);
                var held = Database.holdSnapshot(stage.ground());
                try {
                    stage.narrator().say("a snapshot is held from now on");
                    new Third(Metric.HELD_RUN, Metric.HELD_P50, Metric.HELD_P99, Metric.HELD_STREAM, Metric.HELD_OTHER)
                            .play(stage, bulks, node, database, values);
                } finally {
                    held.close();
                }
                stage.narrator().say("it is held no more");
                new Third(Metric.LAST_RUN, Metric.LAST_P50, Metric.LAST_P99, Metric.LAST_STREAM, Metric.LAST_OTHER)
                        .play(stage, bulks, node, database, values);
            }
        }
        return Findings.of(values, MillraceContender.card(slots));
    }

    /** A third of the time, and where its values go. */
    private record Third(Metric run, Metric p50, Metric p99, Metric stream, Metric other) {

        void play(Stage stage, Bulks bulks, Node node, Database database, EnumMap<Metric, Double> values)
                throws Exception {
            double streamBefore = size(database, "~");
            long doneBefore = node.status().counts().completed();
            var latencies = new Latencies();
            bulks.into(latencies);
            long began = stage.world().nanoTime();
            bulks.send(stage.sizes().seconds() / 3.0);
            while (node.status().counts().completed() < bulks.jobs() && !late(stage, began)) stage.rest(LOOK);
            double seconds = stage.seconds(began);
            long done = node.status().counts().completed() - doneBefore;
            values.put(run, done / seconds);
            values.put(p50, latencies.millis(0.5));
            values.put(p99, latencies.millis(0.99));
            values.put(stream, (size(database, "~") - streamBefore) / Math.max(1, done));
            values.put(other, size(database, "!~") / 1_024);
            stage.narrator()
                    .say(
                            "%,.0f jobs a second, pick-up %.2f ms, 99 of 100 within %.2f ms, relations that are updated %,.0f KB"
                                    .formatted(
                                            values.get(run),
                                            latencies.millis(0.5),
                                            latencies.millis(0.99),
                                            values.get(other)));
        }

        /** Whether what has arrived takes longer than a phase may, beyond the time in which it arrived. */
        private static boolean late(Stage stage, long began) {
            return stage.seconds(began)
                    > stage.sizes().seconds() / 3.0 + stage.sizes().limitSeconds();
        }

        /** Bytes of the schema's tables whose names match, or do not, with their indexes. */
        private static double size(Database database, String match) throws SQLException {
            return database.number(
                    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '$' AND c.relkind = 'r' AND c.relname %s '%s'"
                            .formatted(match, STREAM));
        }
    }

    /** Sends bulks, and remembers of the latest when each was taken. */
    private static final class Bulks {

        /** How many bulks are remembered: those of minutes, whatever waits. */
        private static final int REMEMBERED = 1 << 16;

        private final Stage stage;
        private final Millrace millrace;
        private final int bulk;
        private final AtomicLong[] taken = new AtomicLong[REMEMBERED];
        private long sent;
        private volatile Latencies latencies = new Latencies();

        Bulks(Stage stage, Millrace millrace) {
            this.stage = stage;
            this.millrace = millrace;
            this.bulk = (int) Math.max(1, stage.sizes().perSecond() * BEAT.toMillis() / 1_000);
            for (int i = 0; i < REMEMBERED; i++) taken[i] = new AtomicLong();
        }

        /** How many were sent. */
        long jobs() {
            return sent * bulk;
        }

        void into(Latencies latencies) {
            this.latencies = latencies;
        }

        /** A job that starts before its bulk's enqueue has returned counts as picked up at once. */
        void started(long n) {
            long at = taken[(int) (n / bulk % REMEMBERED)].get();
            latencies.add(at == 0 ? 0 : stage.world().nanoTime() - at);
        }

        void send(double seconds) throws InterruptedException {
            var world = stage.world();
            long began = world.nanoTime();
            for (long beat = 0; beat * BEAT.toNanos() < seconds * 1e9; beat++) {
                long due = began + beat * BEAT.toNanos();
                long now = world.nanoTime();
                if (due > now) world.sleep(Duration.ofNanos(due - now));
                int place = (int) (sent % REMEMBERED);
                taken[place].set(0);
                millrace.enqueueAll(
                        LongStream.range(sent * bulk, (sent + 1) * bulk).mapToObj(Noop::of));
                taken[place].set(world.nanoTime());
                sent++;
                stage.narrator().at("bulks", beat, (long) (seconds * 1e9 / BEAT.toNanos()));
                if (stage.seconds(began) > seconds) break; // it can't keep up: what was done by now counts
            }
        }
    }
}
