package dev.millrace.benchmarks.trial;

import java.sql.Connection;
import java.sql.SQLException;

/** A transaction that has read once, and whose snapshot the server keeps until it ends. For one thread. */
final class HeldSnapshot implements AutoCloseable {

    private final Connection holder;
    private boolean lost;

    private HeldSnapshot(Connection holder) {
        this.holder = holder;
    }

    /** One that this connection holds, which is closed with it. */
    static HeldSnapshot by(Connection holder) throws SQLException {
        try {
            holder.setAutoCommit(false);
            holder.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            var snapshot = new HeldSnapshot(holder);
            snapshot.read();
            return snapshot;
        } catch (SQLException e) {
            holder.close();
            throw e;
        }
    }

    private void read() throws SQLException {
        try (var statement = holder.createStatement()) {
            statement.execute("SELECT count(*) FROM pg_class");
        }
    }

    /** Whether the server still keeps it: it may have ended who holds one for long. Once lost, it is lost. */
    boolean isHeld() {
        if (lost) return false;
        try {
            read();
        } catch (SQLException ended) {
            lost = true;
        }
        return !lost;
    }

    @Override
    public void close() throws SQLException {
        try (holder) {
            if (!lost) holder.rollback();
        }
    }
}
