package dev.millrace.app.embedded;

import dev.millrace.postgres.EofAwareSocketFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** Asks a server whether it is ours and ready. The password proves both sides to each other (SCRAM). */
final class Probe {

    static final String DATABASE = "millrace";
    private static final String NO_SUCH_DATABASE = "3D000";
    private static final String CANNOT_CONNECT_NOW = "57P03";
    private static final String CONNECTION_FAILURE = "08";

    /** What a server answers. */
    sealed interface Answer {

        /** It serves the database, and was started with these settings. */
        record Ready(String fingerprint) implements Answer {}

        /** It is there and replays its log, or is about to stop. */
        record NotYet(String why) implements Answer {}

        /** It does not answer. */
        record Silent(String why) implements Answer {}

        /** It answers, and does not want us. */
        record Refused(String why) implements Answer {}
    }

    private final String password;

    Probe(String password) {
        this.password = password;
    }

    /** TLS and Kerberos would only cost round trips: the connection does not leave the machine. */
    static String url(int port, String database) {
        return "jdbc:postgresql://127.0.0.1:%d/%s?sslmode=disable&gssEncMode=disable".formatted(port, database);
    }

    /** Asks once, for a few seconds at most. A cluster whose maker was killed gets its database now. */
    Answer ask(int port) {
        try {
            return askFor(port);
        } catch (SQLException e) {
            return what(e);
        }
    }

    private Answer askFor(int port) throws SQLException {
        try (var connection = connect(port, DATABASE)) {
            return new Answer.Ready(
                    text(connection, "SELECT coalesce(current_setting('millrace.fingerprint', true), '')"));
        } catch (SQLException e) {
            if (!NO_SUCH_DATABASE.equals(e.getSQLState())) {
                throw e;
            }
            makeDatabase(port);
            return askFor(port);
        }
    }

    private static Answer what(SQLException e) {
        var state = e.getSQLState() == null ? "" : e.getSQLState();
        var why = String.valueOf(e.getMessage());
        if (state.equals(CANNOT_CONNECT_NOW)) {
            return new Answer.NotYet(why);
        }
        return state.startsWith(CONNECTION_FAILURE) ? new Answer.Silent(why) : new Answer.Refused(why);
    }

    private void makeDatabase(int port) throws SQLException {
        try (var connection = connect(port, "postgres");
                var statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + DATABASE);
        }
    }

    /** Ends what the dead process left open: a statement that still runs for it, and the locks that it holds. */
    void endOtherSessions(int port) throws SQLException {
        try (var connection = connect(port, DATABASE)) {
            text(connection, """
                    SELECT count(pg_terminate_backend(pid, 5000))
                      FROM pg_stat_activity
                     WHERE backend_type = 'client backend'
                       AND pid <> pg_backend_pid()
                    """);
        }
    }

    private Connection connect(int port, String database) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", Cluster.USER);
        properties.setProperty("password", password);
        properties.setProperty("ApplicationName", "millrace supervisor");
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("socketTimeout", "10");
        properties.setProperty(EofAwareSocketFactory.PROPERTY, EofAwareSocketFactory.class.getName());
        return DriverManager.getConnection(url(port, database), properties);
    }

    private static String text(Connection connection, String query) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
