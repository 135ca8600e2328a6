package dev.millrace.benchmarks.trial;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Millrace;
import dev.millrace.benchmarks.contender.Load;
import dev.millrace.postgres.PostgresStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;

/**
 * What a job costs in a transaction that the user has anyway: each inserts a row of the user's, and beside it either a job or one more
 * plain row. The two ways take turns, a second or so each, on the same connections; told is what one does of what the other does.
 */
final class Transactional implements Trial {

    private static final double SLICE_SECONDS = 1;

    @Override
    public Findings play(Stage stage) throws Exception {
        int callers = stage.sizes().callers();
        try (var database = Database.on(stage.ground());
                var pool = Database.pool(stage.ground(), callers + 4);
                var millrace = Millrace.on(
                        new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world())) {
            database.run("CREATE TABLE $.user_row (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what TEXT)");
            database.run("CREATE TABLE $.plain_row (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what TEXT)");
            var withJob = new ArrayList<Double>();
            var withRow = new ArrayList<Double>();
            try (var transactions = new Transactions(pool, stage.ground().schema(), callers)) {
                int pairs = Math.max(1, (int) (stage.sizes().seconds() / SLICE_SECONDS / 2));
                for (int slice = 0; slice < 2 * pairs; slice++) {
                    boolean job = slice % 4 == 0 || slice % 4 == 3; // job, row, row, job: what drifts meets both alike
                    long began = stage.world().nanoTime();
                    long done = new Callers(stage, callers).run(SLICE_SECONDS, (caller, n) -> {
                        if (job) transactions.withJob(millrace, caller, n);
                        else transactions.withRow(caller, n);
                    });
                    (job ? withJob : withRow).add(done / stage.seconds(began));
                    stage.narrator().at("slices", slice, 2L * pairs);
                }
            }
            var ratios = new ArrayList<Double>();
            for (int pair = 0; pair < withJob.size(); pair++) ratios.add(withJob.get(pair) / withRow.get(pair));
            var values = new EnumMap<Metric, Double>(Metric.class);
            values.put(Metric.WITH_JOB, Median.of(withJob));
            values.put(Metric.WITH_ROW, Median.of(withRow));
            values.put(Metric.TRANSACTION_RATIO, Median.of(ratios));
            stage.narrator()
                    .say("%,.0f transactions a second with a job, %,.0f with a plain row"
                            .formatted(Median.of(withJob), Median.of(withRow)));
            return Findings.of(values, MillraceContender.card(0));
        }
    }

    /** A connection for each caller, as a busy application's pool would have them at hand. */
    private static final class Transactions implements AutoCloseable {

        private final ArrayList<Connection> connections = new ArrayList<>();
        private final String schema;

        Transactions(HikariDataSource pool, String schema, int callers) throws SQLException {
            this.schema = schema;
            for (int caller = 0; caller < callers; caller++) {
                var connection = pool.getConnection();
                connections.add(connection);
                connection.setAutoCommit(false);
            }
        }

        void withJob(Millrace millrace, int caller, long n) throws SQLException {
            var tx = connections.get(caller);
            insert(tx, "user_row", n);
            millrace.enqueue(tx, MillraceContender.Noop.of(n));
            tx.commit();
        }

        void withRow(int caller, long n) throws SQLException {
            var tx = connections.get(caller);
            insert(tx, "user_row", n);
            insert(tx, "plain_row", n);
            tx.commit();
        }

        private void insert(Connection tx, String table, long n) throws SQLException {
            try (var insert = tx.prepareStatement("INSERT INTO %s.%s (what) VALUES (?)".formatted(schema, table))) {
                insert.setString(1, Load.payload(n));
                insert.executeUpdate();
            }
        }

        @Override
        public void close() throws SQLException {
            for (var connection : connections) connection.close();
        }
    }
}
