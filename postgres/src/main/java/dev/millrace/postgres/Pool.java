package dev.millrace.postgres;

import dev.millrace.MillraceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * Connections for whoever has none of his own: borrowed for one transaction at READ COMMITTED, or one look. A server that does not
 * answer within {@link #PATIENCE} is given up, or a cut network would hold its caller for hours.
 */
final class Pool {

    static final Duration PATIENCE = Duration.ofSeconds(30);

    private final DataSource dataSource;

    Pool(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** For others' transactions, whose statements take as long as they take. */
    Connection borrow(String what) {
        try {
            return dataSource.getConnection();
        } catch (SQLException e) {
            throw SqlErrors.unreachable(what, e);
        }
    }

    /** One transaction: all of the work, or nothing. Only a connection that breaks in the commit itself leaves that open. */
    <T> T transaction(String what, Session.Work<T> work) {
        var committing = new boolean[1];
        try (var connection = borrow(what)) {
            return within(PATIENCE, connection, c -> {
                int isolation = c.getTransactionIsolation();
                if (isolation != Connection.TRANSACTION_READ_COMMITTED)
                    c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
                c.setAutoCommit(false);
                try {
                    T answer = work.run(c);
                    committing[0] = true;
                    c.commit();
                    return answer;
                } catch (Throwable e) { // whatever it is: to commit by itself again would commit half of it
                    if (!committing[0]) rollBack(c, e);
                    throw e;
                } finally {
                    if (!c.isClosed()) {
                        c.setAutoCommit(true);
                        if (isolation != Connection.TRANSACTION_READ_COMMITTED) c.setTransactionIsolation(isolation);
                    }
                }
            });
        } catch (SQLException e) {
            if (SqlErrors.torn(e) && !committing[0])
                throw SqlErrors.unreachable(what, e); // never committed: nothing was written
            throw SqlErrors.explain(what, e);
        }
    }

    /** Statements that only look; each is its own transaction. */
    <T> T look(String what, Session.Work<T> work) {
        try {
            return committing(what, work);
        } catch (SQLException e) {
            MillraceException explained =
                    SqlErrors.torn(e) ? SqlErrors.unreachable(what, e) : SqlErrors.explain(what, e);
            throw explained;
        }
    }

    /** One statement that writes, and commits by itself: nothing is held while the next would be on its way. */
    <T> T once(String what, Session.Work<T> work) {
        try {
            return committing(what, work);
        } catch (SQLException e) {
            throw SqlErrors.explain(what, e);
        }
    }

    /** On a connection that commits each statement by itself. */
    private <T> T committing(String what, Session.Work<T> work) throws SQLException {
        try (var connection = borrow(what)) {
            return Overtime.limited(
                    PATIENCE,
                    what,
                    connection,
                    limited -> within(PATIENCE, limited, c -> {
                        if (!c.getAutoCommit()) c.setAutoCommit(true);
                        return work.run(c);
                    }));
        }
    }

    /** One statement that may take hours. */
    <T> T unhurried(String what, Session.Work<T> work) {
        try (var connection = borrow(what)) {
            return within(Duration.ZERO, connection, c -> {
                if (!c.getAutoCommit()) c.setAutoCommit(true);
                try (var s = c.createStatement()) {
                    s.execute("SET statement_timeout = 0");
                    try {
                        return work.run(c);
                    } finally {
                        if (!c.isClosed()) s.execute("RESET statement_timeout");
                    }
                }
            });
        } catch (SQLException e) {
            throw SqlErrors.explain(what, e);
        }
    }

    /** How long a read from the server may take meanwhile, zero for ever. Costs no round trip. */
    private static <T> T within(Duration patience, Connection connection, Session.Work<T> work) throws SQLException {
        int before = connection.getNetworkTimeout();
        connection.setNetworkTimeout(Runnable::run, (int) patience.toMillis());
        try {
            return work.run(connection);
        } finally {
            if (!connection.isClosed()) connection.setNetworkTimeout(Runnable::run, before);
        }
    }

    private static void rollBack(Connection connection, Throwable why) {
        try {
            connection.rollback();
        } catch (SQLException gone) {
            why.addSuppressed(gone);
        }
    }
}
