package dev.millrace.postgres;

import dev.millrace.MillraceException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * One duty's own connection: borrowed at first use, kept, thrown away when it breaks, borrowed again at the next step. So a pool that
 * handlers have emptied can never stop a beat. A statement that gets no answer within the patience counts as broken: what it did is
 * unknown, and the server ends it by itself. A step that does not come back at all is {@linkplain Overtime cut off} a little later.
 */
final class Session implements AutoCloseable {

    private final DataSource dataSource;
    private final String duty;
    private final Duration patience;
    private final ReentrantLock turn = new ReentrantLock();
    private @Nullable Connection connection;
    private boolean closed;

    Session(DataSource dataSource, String duty, Duration patience) {
        this.dataSource = dataSource;
        this.duty = duty;
        this.patience = patience;
    }

    String duty() {
        return duty;
    }

    /** Work on a connection that commits each statement by itself. */
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    /** Does one step. What it throws tells whether the step took effect. */
    <T> T step(String name, Work<T> work) {
        turn.lock();
        try {
            var open = open(name);
            try {
                return Overtime.limited(patience, name, open, work);
            } catch (SQLException e) {
                if (SqlErrors.torn(e)) drop();
                throw SqlErrors.explain(name, e);
            }
        } finally {
            turn.unlock();
        }
    }

    /** Borrows the connection now, so that a pool that is too small shows at once. */
    void reserve() {
        turn.lock();
        try {
            open(duty);
        } finally {
            turn.unlock();
        }
    }

    private Connection open(String name) {
        if (closed) throw new MillraceException("This store is closed; \"%s\" can't be done any more.".formatted(name));
        var open = connection;
        if (open != null) return open;
        try {
            open = dataSource.getConnection();
        } catch (SQLException e) {
            throw SqlErrors.unreachable(name, e);
        }
        try {
            Overtime.limited(patience, name, open, this::prepared);
            connection = open;
            return open;
        } catch (SQLException e) {
            connection = open;
            drop();
            throw SqlErrors.unreachable(name, e);
        }
    }

    private boolean prepared(Connection open) throws SQLException {
        if (!open.getAutoCommit()) open.setAutoCommit(true);
        if (open.getTransactionIsolation() != Connection.TRANSACTION_READ_COMMITTED) {
            open.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        }
        open.setNetworkTimeout(Runnable::run, (int) patience.toMillis());
        try (var s = open.createStatement()) {
            return s.execute("SET statement_timeout = " + patience.toMillis());
        }
    }

    private void drop() {
        var broken = connection;
        connection = null;
        if (broken == null) return;
        try {
            broken.abort(Runnable::run); // a pool then does not take it back
            broken.close();
        } catch (SQLException alreadyGone) {
            // it was of no use any more, and what it did is told by the step's own exception
        }
    }

    /** Gives the connection back, until it is needed again. */
    void release() {
        turn.lock();
        try {
            var open = connection;
            connection = null;
            if (open == null) return;
            try (open) {
                try (var s = open.createStatement()) {
                    s.execute("RESET statement_timeout");
                }
                open.setNetworkTimeout(Runnable::run, 0);
            } catch (SQLException alreadyGone) {
                // a connection that can't be given back cleanly is the pool's to discard
            }
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void close() {
        turn.lock();
        try {
            closed = true;
            release();
        } finally {
            turn.unlock();
        }
    }

    /** The process id of the connection's server process. */
    static int backend(Connection connection) throws SQLException {
        try (var s = connection.prepareStatement("SELECT pg_backend_pid()");
                var rows = s.executeQuery()) {
            rows.next();
            return rows.getInt(1);
        }
    }

    /** As a parameter: {@code infinity}, what waits for no time waits for. */
    static final Instant NO_TIME = Instant.MAX;

    /** A statement with its parameters: numbers, text, UUIDs, instants, arrays of these, null. */
    static PreparedStatement prepare(Connection connection, String sql, @Nullable Object... parameters)
            throws SQLException {
        var statement = connection.prepareStatement(sql);
        try {
            for (int i = 0; i < parameters.length; i++) set(connection, statement, i + 1, parameters[i]);
            return statement;
        } catch (SQLException | RuntimeException e) {
            statement.close();
            throw e;
        }
    }

    private static void set(Connection connection, PreparedStatement statement, int at, @Nullable Object value)
            throws SQLException {
        switch (value) {
            case null -> statement.setNull(at, java.sql.Types.OTHER);
            case Instant instant ->
                statement.setObject(
                        at, instant.equals(NO_TIME) ? OffsetDateTime.MAX : instant.atOffset(ZoneOffset.UTC));
            case int[] numbers -> statement.setArray(at, primitives(connection, "int4", numbers));
            case long[] numbers -> statement.setArray(at, primitives(connection, "int8", numbers));
            case Long[] numbers -> statement.setArray(at, connection.createArrayOf("int8", numbers));
            case UUID[] ids -> statement.setArray(at, connection.createArrayOf("uuid", ids));
            case Instant[] instants -> statement.setArray(at, connection.createArrayOf("timestamptz", texts(instants)));
            case Boolean[] flags -> statement.setArray(at, connection.createArrayOf("bool", flags));
            case String[] texts -> statement.setArray(at, connection.createArrayOf("text", texts));
            default -> statement.setObject(at, value);
        }
    }

    /** The driver's own form for primitive arrays: binary, and nothing boxed. */
    private static Array primitives(Connection connection, String type, Object numbers) throws SQLException {
        return connection.unwrap(PGConnection.class).createArrayOf(type, numbers);
    }

    private static @Nullable Object[] texts(@Nullable Instant[] instants) {
        var texts = new @Nullable Object[instants.length];
        for (int i = 0; i < instants.length; i++) {
            var instant = instants[i];
            texts[i] = instant == null ? null : instant.equals(NO_TIME) ? "infinity" : instant.toString();
        }
        return texts;
    }

    /** An instant column; null if it is null. */
    static @Nullable Instant instant(ResultSet rows, String column) throws SQLException {
        return instant(rows, rows.findColumn(column));
    }

    static @Nullable Instant instant(ResultSet rows, int column) throws SQLException {
        var at = rows.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }
}
