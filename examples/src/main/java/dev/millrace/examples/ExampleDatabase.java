package dev.millrace.examples;

import java.sql.SQLException;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The database of the examples that need one. An application would pass its own pool instead. */
final class ExampleDatabase {

    private ExampleDatabase() {}

    /** Where the first argument leads to, or else {@code MILLRACE_DATABASE}. Without either it says what to do, and exits. */
    static DataSource from(String[] args) {
        var url = args.length > 0 ? args[0] : System.getenv("MILLRACE_DATABASE");
        if (url == null) {
            System.err.println("""
                    This example needs a PostgreSQL database, 15 or newer, in which it may create a schema and a table.
                    Give its JDBC URL as the first argument, or in MILLRACE_DATABASE:
                      jdbc:postgresql://localhost:5432/postgres?user=postgres&password=secret""");
            System.exit(2);
            throw new AssertionError("exited");
        }
        var dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url);
        return dataSource;
    }

    /** The same, with tables of parcels and of what was done with them, for the examples that write by a library. */
    static DataSource withParcels(String[] args) throws SQLException {
        var dataSource = from(args);
        execute(dataSource, """
                CREATE TABLE IF NOT EXISTS example_parcel (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    what text NOT NULL);
                CREATE TABLE IF NOT EXISTS example_step (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    parcel bigint NOT NULL REFERENCES example_parcel,
                    what text NOT NULL)""");
        return dataSource;
    }

    /** The parcel that was inserted last, and each step that was done with it. */
    static String lastParcel(DataSource dataSource) throws SQLException {
        try (var connection = dataSource.getConnection();
                var query = connection.prepareStatement("""
                        SELECT parcel.what || ': ' || string_agg(step.what, ', ' ORDER BY step.what) AS told
                        FROM example_parcel parcel JOIN example_step step ON step.parcel = parcel.id
                        GROUP BY parcel.id ORDER BY parcel.id DESC LIMIT 1""");
                var row = query.executeQuery()) {
            row.next();
            return row.getString("told");
        }
    }

    /** Runs a statement in a transaction of its own. */
    static void execute(DataSource dataSource, String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
