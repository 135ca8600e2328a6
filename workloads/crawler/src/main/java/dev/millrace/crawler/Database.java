package dev.millrace.crawler;

import dev.millrace.MillraceException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Transactions and statements, over the caller's connections. */
final class Database {

    /** A deadlock or a lost race of serialisation: the same transaction may succeed at once. */
    private static final Set<String> ONCE_MORE = Set.of("40001", "40P01");

    /** Connection lost, resources short, roll-backs and locks, intervention by an operator, trouble with the disk. */
    private static final Set<String> PASSING = Set.of("08", "40", "53", "55", "57", "58");

    private static final int ATTEMPTS = 3;

    private final DataSource dataSource;

    Database(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    @FunctionalInterface
    interface Work<T> {
        T run(Connection tx) throws SQLException;
    }

    @FunctionalInterface
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** All of the work in one commit, or nothing of it. The work may be run more than once: it changes nothing but the database. */
    <T> T transaction(String what, Work<T> work) {
        for (int attempt = 1; ; attempt++) {
            try {
                return once(work);
            } catch (SQLException e) {
                if (attempt == ATTEMPTS || !ONCE_MORE.contains(String.valueOf(e.getSQLState()))) throw failed(what, e);
            }
        }
    }

    /** Work that sees one state of the database throughout; what is to be done once it is committed follows. */
    <T> T snapshot(String what, Work<T> work, Consumer<T> then) {
        try (var tx = dataSource.getConnection()) {
            int before = tx.getTransactionIsolation();
            tx.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            tx.setAutoCommit(false);
            try {
                T answer = work.run(tx);
                tx.commit();
                then.accept(answer);
                return answer;
            } catch (Throwable e) {
                rollBack(tx, e);
                throw e;
            } finally {
                if (!tx.isClosed()) {
                    tx.setAutoCommit(true);
                    tx.setTransactionIsolation(before);
                }
            }
        } catch (SQLException e) {
            throw failed(what, e);
        }
    }

    private <T> T once(Work<T> work) throws SQLException {
        try (var tx = dataSource.getConnection()) {
            if (tx.getTransactionIsolation() != Connection.TRANSACTION_READ_COMMITTED) {
                tx.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            }
            tx.setAutoCommit(false);
            try {
                T answer = work.run(tx);
                tx.commit();
                return answer;
            } catch (Throwable e) {
                rollBack(tx, e);
                throw e;
            } finally {
                if (!tx.isClosed()) tx.setAutoCommit(true);
            }
        }
    }

    private static void rollBack(Connection tx, Throwable because) {
        try {
            tx.rollback();
        } catch (SQLException lost) {
            because.addSuppressed(lost); // nothing was committed either way
        }
    }

    /** Whether the database could not be reached, was shut down or had no room: what a later try may find otherwise. */
    static boolean passes(Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                var state = String.valueOf(sql.getSQLState());
                return sql instanceof SQLTransientException || PASSING.stream().anyMatch(state::startsWith);
            }
        }
        return false;
    }

    static MillraceException failed(String what, SQLException e) {
        return new MillraceException(
                "The database failed while the crawler tried to %s: %s (%s)."
                        .formatted(
                                what,
                                String.valueOf(e.getMessage())
                                        .lines()
                                        .findFirst()
                                        .orElse(""),
                                e.getSQLState()),
                e);
    }

    static int update(Connection tx, String sql, @Nullable Object... parameters) throws SQLException {
        try (var s = prepared(tx, sql, parameters)) {
            return s.executeUpdate();
        }
    }

    static <T> List<T> all(Connection tx, String sql, Row<T> row, @Nullable Object... parameters) throws SQLException {
        try (var s = prepared(tx, sql, parameters);
                var rows = s.executeQuery()) {
            var found = new ArrayList<T>();
            while (rows.next()) found.add(row.read(rows));
            return found;
        }
    }

    static <T> Optional<T> one(Connection tx, String sql, Row<T> row, @Nullable Object... parameters)
            throws SQLException {
        var found = all(tx, sql, row, parameters);
        return found.isEmpty() ? Optional.empty() : Optional.of(found.getFirst());
    }

    static PreparedStatement prepared(Connection tx, String sql, @Nullable Object... parameters) throws SQLException {
        var statement = tx.prepareStatement(sql);
        try {
            for (int i = 0; i < parameters.length; i++) set(tx, statement, i + 1, parameters[i]);
            return statement;
        } catch (SQLException | RuntimeException e) {
            statement.close();
            throw e;
        }
    }

    private static void set(Connection tx, PreparedStatement statement, int at, @Nullable Object value)
            throws SQLException {
        switch (value) {
            case null -> statement.setNull(at, Types.OTHER);
            case Instant instant -> statement.setObject(at, instant.atOffset(ZoneOffset.UTC));
            case Duration duration -> statement.setDouble(at, duration.toNanos() / 1e9);
            case byte[] bytes -> statement.setBytes(at, bytes);
            case Long[] numbers -> statement.setArray(at, tx.createArrayOf("int8", numbers));
            case UUID[] ids -> statement.setArray(at, tx.createArrayOf("uuid", ids));
            case String[] texts -> statement.setArray(at, tx.createArrayOf("text", texts));
            default -> statement.setObject(at, value);
        }
    }

    /** A duration that SQL gave in seconds; at most a century either way, so that "for ever" stays a number. */
    static Duration seconds(double seconds) {
        double bounded = Math.clamp(seconds, -3e9, 3e9);
        return Duration.ofNanos((long) (bounded % 1 * 1e9)).plusSeconds((long) bounded);
    }
}
