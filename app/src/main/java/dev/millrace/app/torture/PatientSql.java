package dev.millrace.app.torture;

import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;

/** Statements in one schema, for whoever can wait: a server that was just restarted, or a disk that is full, is waited for. */
final class PatientSql {

    private static final int TRIES = 60;
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final DataSource dataSource;
    private final String schema;
    private final World world;

    PatientSql(DataSource dataSource, String schema, World world) {
        this.dataSource = dataSource;
        this.schema = schema;
        this.world = world;
    }

    /** Work on a connection; done again from its beginning if that breaks. */
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    /** What a row is. */
    interface Row<T> {
        T of(ResultSet row) throws SQLException;
    }

    <T> T patiently(Work<T> work) throws SQLException {
        for (int tries = 1; ; tries++) {
            try (var connection = dataSource.getConnection()) {
                return work.on(connection);
            } catch (SQLException e) {
                if (tries == TRIES || !passing(e)) throw e;
            }
            try {
                world.sleep(PAUSE);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                throw new SQLException("interrupted while the server was away", stop);
            }
        }
    }

    /** No connection, a server that goes or comes, a full disk. */
    private static boolean passing(SQLException e) {
        var state = e.getSQLState();
        return state == null || Set.of("08", "57", "53").contains(state.substring(0, Math.min(2, state.length())));
    }

    void run(String sql) throws SQLException {
        patiently(connection -> {
            try (var statement = connection.createStatement()) {
                return statement.execute(q(sql));
            }
        });
    }

    long number(String sql) throws SQLException {
        return rows(sql, row -> row.getLong(1)).getFirst();
    }

    <T> List<T> rows(String sql, Row<T> row) throws SQLException {
        return patiently(connection -> {
            try (var statement = connection.createStatement();
                    var rows = statement.executeQuery(q(sql))) {
                var found = new ArrayList<T>();
                while (rows.next()) found.add(row.of(rows));
                return found;
            }
        });
    }

    /** With the schema's name, which was made here of letters, digits and underscores, for each {@code $}. */
    String q(String sql) {
        return sql.replace("$.", schema + ".");
    }
}
