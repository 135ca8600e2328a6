package dev.millrace.postgres;

import dev.millrace.MillraceException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Connections for whoever has none of his own: borrowed for one transaction at READ COMMITTED, or one look. */
final class Pool {

    private final DataSource dataSource;

    Pool(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    Connection borrow(String what) {
        try {
            return dataSource.getConnection();
        } catch (SQLException e) {
            throw SqlErrors.unreachable(what, e);
        }
    }

    /** One transaction: all of the work, or nothing. Only a connection that breaks in the commit itself leaves that open. */
    <T> T transaction(String what, Session.Work<T> work) {
        boolean committing = false;
        try (var connection = borrow(what)) {
            int isolation = connection.getTransactionIsolation();
            if (isolation != Connection.TRANSACTION_READ_COMMITTED) {
                connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            }
            connection.setAutoCommit(false);
            try {
                T answer = work.run(connection);
                committing = true;
                connection.commit();
                return answer;
            } catch (SQLException | RuntimeException e) {
                if (!committing) rollBack(connection, e);
                throw e;
            } finally {
                if (!connection.isClosed()) {
                    connection.setAutoCommit(true);
                    if (isolation != Connection.TRANSACTION_READ_COMMITTED)
                        connection.setTransactionIsolation(isolation);
                }
            }
        } catch (SQLException e) {
            if (SqlErrors.torn(e) && !committing)
                throw SqlErrors.unreachable(what, e); // never committed: nothing was written
            throw SqlErrors.explain(what, e);
        }
    }

    /** Statements that only look; each is its own transaction. */
    <T> T look(String what, Session.Work<T> work) {
        try (var connection = borrow(what)) {
            if (!connection.getAutoCommit()) connection.setAutoCommit(true);
            return work.run(connection);
        } catch (SQLException e) {
            MillraceException explained =
                    SqlErrors.torn(e) ? SqlErrors.unreachable(what, e) : SqlErrors.explain(what, e);
            throw explained;
        }
    }

    private static void rollBack(Connection connection, Exception why) {
        try {
            connection.rollback();
        } catch (SQLException gone) {
            why.addSuppressed(gone);
        }
    }
}
