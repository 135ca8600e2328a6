package dev.millrace.app.bench;

import dev.millrace.MillraceException;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.world.World;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.postgresql.PGConnection;

/**
 * What this database could do at best with the same rows and no engine at all: COPY in, and then, append only, reading 500 rows and
 * copying 500 outcomes in each transaction.
 */
final class RawLimit {

    private static final int BATCH = 500;
    private static final int COPY_ROWS = 5_000;
    private static final int COPY_WIDTH = 160;

    private final DataSource dataSource;
    private final String schema;
    private final World world;
    private final long rows;
    private final Telling telling;

    RawLimit(DataSource dataSource, String schema, World world, long rows, Telling telling) {
        this.dataSource = dataSource;
        this.schema = schema;
        this.world = world;
        this.rows = rows;
        this.telling = telling;
    }

    /** Rows per second by COPY into a plain table; makes the rows that {@link #readAndCopy} reads. */
    double copyIn() throws SQLException {
        try (var connection = dataSource.getConnection()) {
            run(
                    connection,
                    "CREATE TABLE $.raw_in (part INT, stream INT, seq BIGINT, job_id UUID, kind TEXT, kind_version INT, payload TEXT, enqueued_at TIMESTAMPTZ DEFAULT clock_timestamp())");
            long began = world.nanoTime();
            connection.setAutoCommit(false);
            var into = connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn(q("COPY $.raw_in (part, stream, seq, job_id, kind, kind_version, payload) FROM STDIN"));
            var block = new StringBuilder(COPY_ROWS * COPY_WIDTH);
            for (long n = 0; n < rows; n++) {
                block.append("1\t7\t").append(n).append('\t');
                uuid(block, n);
                block.append("\tbench-noop\t1\t{\"n\":").append(n).append("}\n");
                if (n % COPY_ROWS == COPY_ROWS - 1 || n == rows - 1) {
                    var bytes = block.toString().getBytes(StandardCharsets.UTF_8);
                    into.writeToCopy(bytes, 0, bytes.length);
                    block.setLength(0);
                    telling.stopIfAsked();
                }
            }
            into.endCopy();
            connection.commit();
            connection.setAutoCommit(true);
            double rate = rate(rows, began);
            run(connection, "CREATE INDEX ON $.raw_in (seq)");
            return rate;
        }
    }

    /** Jobs per second with so many connections. */
    double readAndCopy(int connections) throws SQLException, InterruptedException {
        try (var connection = dataSource.getConnection()) {
            run(
                    connection,
                    "CREATE TABLE $.raw_out_%d (part INT, seq BIGINT, job_id UUID, outcome INT, node UUID, token UUID, at TIMESTAMPTZ DEFAULT clock_timestamp(), PRIMARY KEY (part, seq))"
                            .formatted(connections));
        }
        long began = world.nanoTime();
        try (var threads = Executors.newFixedThreadPool(connections)) {
            var workers = new ArrayList<Future<?>>();
            for (int worker = 0; worker < connections; worker++) {
                long from = rows * worker / connections;
                long to = rows * (worker + 1) / connections;
                workers.add(threads.submit(() -> {
                    slice(connections, from, to);
                    return null;
                }));
            }
            for (var worker : workers) worker.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CommandFailed stopped) throw stopped;
            throw new MillraceException("The raw limit could not be measured: %s".formatted(e.getCause()), e);
        }
        return rate(rows, began);
    }

    private void slice(int connections, long from, long to) throws SQLException {
        try (var connection = dataSource.getConnection();
                var read = connection.prepareStatement(
                        q("SELECT part, seq, job_id, payload FROM $.raw_in WHERE seq >= ? AND seq < ? ORDER BY seq"))) {
            connection.setAutoCommit(false);
            var copy =
                    q("COPY $.raw_out_%d (part, seq, job_id, outcome, node, token) FROM STDIN".formatted(connections));
            var block = new StringBuilder(BATCH * COPY_WIDTH);
            for (long at = from; at < to; at += BATCH) {
                telling.stopIfAsked();
                read.setLong(1, at);
                read.setLong(2, Math.min(to, at + BATCH));
                try (var found = read.executeQuery()) {
                    while (found.next()) {
                        block.append(found.getInt(1))
                                .append('\t')
                                .append(found.getLong(2))
                                .append('\t')
                                .append(found.getString(3));
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
            }
            connection.setAutoCommit(true);
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

    private double rate(long count, long began) {
        return count / (Duration.ofNanos(world.nanoTime() - began).toNanos() / 1e9);
    }

    private void run(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(q(sql));
        }
    }

    private String q(String sql) {
        return sql.replace("$", schema);
    }
}
