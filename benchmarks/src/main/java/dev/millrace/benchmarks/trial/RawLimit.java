package dev.millrace.benchmarks.trial;

import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.benchmarks.contender.Load;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import org.postgresql.PGConnection;

/**
 * What this database could do at best with the same rows and no engine at all: COPY in; then, append only, reading 500 rows and copying
 * 500 outcomes in each transaction; and inserting one row a commit from as many callers as a contender has.
 */
final class RawLimit implements Trial {

    private static final int BATCH = 500;
    private static final int COPY_ROWS = 5_000;
    private static final int COPY_WIDTH = 260;
    private static final int[] CONNECTIONS = {1, 2, 4};

    private final Regime regime;

    RawLimit(Regime regime) {
        this.regime = regime;
    }

    @Override
    public Findings play(Stage stage) throws Exception {
        var values = new EnumMap<Metric, Double>(Metric.class);
        var held = stage.held() ? Database.holdSnapshot(stage.ground()) : null;
        try (var database = Database.on(stage.ground())) {
            switch (regime) {
                case BURN_DOWN -> {
                    long rows = copyIn(stage, database, values);
                    for (int connections : CONNECTIONS) readAndCopy(stage, database, values, rows, connections);
                }
                case ENQUEUE -> copyIn(stage, database, values);
                case SUSTAINED -> commits(stage, database, values);
                default -> throw new IllegalArgumentException("There is no raw limit of " + regime.wireName() + ".");
            }
        } finally {
            if (held != null) held.close();
        }
        return Findings.of(values, new Card("PostgreSQL alone", Map.of()));
    }

    /** Rows per second by COPY into a plain table; makes the rows that {@link #readAndCopy} reads. Returns how many. */
    private static long copyIn(Stage stage, Database database, Map<Metric, Double> values) throws SQLException {
        database.run(
                "CREATE TABLE $.raw_in (part INT, stream INT, seq BIGINT, job_id UUID, kind TEXT, kind_version INT, payload TEXT, enqueued_at TIMESTAMPTZ DEFAULT clock_timestamp())");
        long wanted = stage.sizes().jobs();
        long n = 0;
        long began = stage.world().nanoTime();
        try (var connection = Database.connect(stage.ground())) {
            connection.setAutoCommit(false);
            var into = connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY %s.raw_in (part, stream, seq, job_id, kind, kind_version, payload) FROM STDIN"
                            .formatted(stage.ground().schema()));
            var block = new StringBuilder(COPY_ROWS * COPY_WIDTH);
            while (n < wanted && !stage.over(began)) {
                long end = Math.min(wanted, n + COPY_ROWS);
                for (; n < end; n++) {
                    block.append("1\t7\t").append(n).append('\t');
                    uuid(block, n);
                    block.append("\tbench-noop\t1\t{\"load\":\"")
                            .append(Load.payload(n))
                            .append("\"}\n");
                }
                var bytes = block.toString().getBytes(StandardCharsets.UTF_8);
                into.writeToCopy(bytes, 0, bytes.length);
                block.setLength(0);
                stage.narrator().at("rows copied", n, wanted);
            }
            into.endCopy();
            connection.commit();
        }
        double rate = n / stage.seconds(began);
        values.put(Metric.RAW_COPY, rate);
        stage.narrator().say("raw: COPY in, %,.0f rows a second".formatted(rate));
        database.run("CREATE INDEX ON $.raw_in (seq)");
        return n;
    }

    /** Keeps the best rate of those with so many connections. */
    private static void readAndCopy(
            Stage stage, Database database, Map<Metric, Double> values, long rows, int connections) throws Exception {
        database.run(
                "CREATE TABLE $.raw_out_%d (part INT, seq BIGINT, job_id UUID, outcome INT, node UUID, token UUID, at TIMESTAMPTZ DEFAULT clock_timestamp(), PRIMARY KEY (part, seq))"
                        .formatted(connections));
        long began = stage.world().nanoTime();
        var done = new LongAdder();
        try (var threads = Executors.newFixedThreadPool(connections)) {
            var workers = new ArrayList<Future<?>>();
            for (int worker = 0; worker < connections; worker++) {
                long from = rows * worker / connections;
                long to = rows * (worker + 1) / connections;
                workers.add(threads.submit(() -> {
                    slice(stage, connections, from, to, began, done);
                    return null;
                }));
            }
            for (var worker : workers) worker.get();
        }
        double rate = done.sum() / stage.seconds(began);
        stage.narrator()
                .say("raw: read 500 and COPY 500 outcomes on %d connections, %,.0f a second"
                        .formatted(connections, rate));
        values.merge(Metric.RAW_READ_AND_COPY, rate, Math::max);
    }

    private static void slice(Stage stage, int connections, long from, long to, long began, LongAdder done)
            throws SQLException {
        var schema = stage.ground().schema();
        try (var connection = Database.connect(stage.ground());
                var read = connection.prepareStatement(
                        "SELECT part, seq, job_id, payload FROM %s.raw_in WHERE seq >= ? AND seq < ? ORDER BY seq"
                                .formatted(schema))) {
            connection.setAutoCommit(false);
            var copy = "COPY %s.raw_out_%d (part, seq, job_id, outcome, node, token) FROM STDIN"
                    .formatted(schema, connections);
            var block = new StringBuilder(BATCH * COPY_WIDTH);
            for (long at = from; at < to && !stage.over(began); at += BATCH) {
                long end = Math.min(to, at + BATCH);
                read.setLong(1, at);
                read.setLong(2, end);
                try (var found = read.executeQuery()) {
                    while (found.next()) {
                        block.append(found.getInt(1))
                                .append('\t')
                                .append(found.getLong(2))
                                .append('\t')
                                .append(found.getString(3));
                        if (found.getString(4).isEmpty()) throw new SQLException("a row has lost its payload");
                        block.append("\t0\t");
                        uuid(block, from);
                        block.append('\t');
                        uuid(block, at);
                        block.append('\n');
                    }
                }
                var bytes = block.toString().getBytes(StandardCharsets.UTF_8);
                block.setLength(0);
                var into = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(copy);
                into.writeToCopy(bytes, 0, bytes.length);
                into.endCopy();
                connection.commit();
                done.add(end - at);
            }
        }
    }

    /** One row a commit, from each of the callers. */
    private static void commits(Stage stage, Database database, Map<Metric, Double> values) throws Exception {
        database.run(
                "CREATE TABLE $.raw_one (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload TEXT, enqueued_at TIMESTAMPTZ DEFAULT clock_timestamp())");
        var callers = new Callers(stage, stage.sizes().callers());
        var connections = new ArrayList<OneRow>();
        for (int caller = 0; caller < stage.sizes().callers(); caller++) connections.add(new OneRow(stage.ground()));
        long began = stage.world().nanoTime();
        long inserted = callers.run(
                stage.sizes().seconds(), (caller, n) -> connections.get(caller).insert(n));
        double rate = inserted / stage.seconds(began);
        for (var connection : connections) connection.close();
        values.put(Metric.RAW_COMMITS, rate);
        values.put(Metric.CALL_P50, callers.latencies().millis(0.5));
        values.put(Metric.CALL_P99, callers.latencies().millis(0.99));
        stage.narrator().say("raw: one row a commit, %,.0f rows a second".formatted(rate));
    }

    private static final class OneRow implements AutoCloseable {

        private final java.sql.Connection connection;
        private final java.sql.PreparedStatement insert;

        OneRow(Ground ground) throws SQLException {
            connection = Database.connect(ground);
            insert = connection.prepareStatement(
                    "INSERT INTO %s.raw_one (payload) VALUES (?)".formatted(ground.schema()));
        }

        void insert(long n) throws SQLException {
            insert.setString(1, Load.payload(n));
            insert.executeUpdate();
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }

    /** Sorted by time like a real one: the first bits count up. */
    private static void uuid(StringBuilder into, long n) {
        var hex = "%016x".formatted(n);
        into.append(hex, 0, 8)
                .append('-')
                .append(hex, 8, 12)
                .append('-')
                .append(hex, 12, 16)
                .append("-8000-000000000000");
    }
}
