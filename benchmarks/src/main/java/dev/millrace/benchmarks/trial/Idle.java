package dev.millrace.benchmarks.trial;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;

/**
 * A quiet engine: how soon a single job is picked up, and what waiting for one costs. Pick-up is counted from the return of the enqueue,
 * when the caller knows that its commit is durable; a handler that started even before counts as zero. Producer and worker are one
 * process, which helps a contender that wakes its own workers.
 */
final class Idle implements Trial {

    private static final Duration SETTLE = Duration.ofMillis(500);

    /** Idle sessions of PostgreSQL keep for ten seconds what they counted: that of the jobs before must not count as idle. */
    private static final Duration STATISTICS = Duration.ofSeconds(11);

    /** A rest so short is a warm-up or a trial of the trial, and not worth a wait for statistics. */
    private static final int FEW_SECONDS = 5;

    @Override
    public Findings play(Stage stage) throws Exception {
        var values = new EnumMap<Metric, Double>(Metric.class);
        var entry = NotPlayable.open(stage);
        try (entry;
                var database = Database.on(stage.ground())) {
            var pickUps = new PickUps(stage, (int) stage.sizes().jobs());
            entry.start(pickUps::started);
            stage.rest(SETTLE);
            var latencies = pickUps.measure(entry::enqueueOne);
            values.put(Metric.PICK_UP_P50, latencies.millis(0.5));
            values.put(Metric.PICK_UP_P99, latencies.millis(0.99));
            values.put(Metric.PICK_UP_MAX, latencies.longestMillis());
            values.put(Metric.CALL_P50, pickUps.calls().millis(0.5));
            values.put(Metric.CALL_P99, pickUps.calls().millis(0.99));
            stage.narrator()
                    .say("pick-up %.2f ms, 99 of 100 within %.2f ms"
                            .formatted(latencies.millis(0.5), latencies.millis(0.99)));
            var notes = rest(stage, database, values);
            if (pickUps.missed() > 0)
                notes = List.of(notes.getFirst(), "%d jobs had not started a while later".formatted(pickUps.missed()));
            return new Findings(values, entry.card(), notes, null);
        }
    }

    /** Nothing is enqueued and nothing runs: what is used up then. */
    private static List<String> rest(Stage stage, Database database, EnumMap<Metric, Double> values) throws Exception {
        stage.rest(stage.sizes().seconds() < FEW_SECONDS ? SETTLE : STATISTICS);
        var server = ServerProcesses.of(database);
        var statements = Statements.of(database);
        double said = statements.count();
        var own = OwnCost.read();
        double others = server.cpuSeconds();
        long began = stage.world().nanoTime();
        stage.rest(Duration.ofSeconds(stage.sizes().seconds()));
        double seconds = stage.seconds(began);
        values.put(Metric.IDLE_ENGINE, OwnCost.read().since(own).cpuNanos() / 1e9 / seconds * 100);
        if (server.visible()) values.put(Metric.IDLE_DATABASE, (server.cpuSeconds() - others) / seconds * 100);
        values.put(Metric.IDLE_STATEMENTS, Math.max(0, statements.count() - said) / seconds);
        return List.of(statements.words());
    }

    /** Counts what the database was asked. */
    private record Statements(Database database, boolean exact) {

        static Statements of(Database database) throws Exception {
            return new Statements(
                    database,
                    database.number("SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'") > 0
                            && database.number("SELECT count(*) FROM pg_class WHERE relname = 'pg_stat_statements'")
                                    > 0);
        }

        double count() throws Exception {
            return database.number(
                    exact
                            ? "SELECT sum(calls) FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
                            : "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()");
        }

        String words() {
            return exact
                    ? "statements are those that pg_stat_statements counted"
                    : "statements are transactions, of which each has one or more: pg_stat_statements is not there";
        }
    }
}
