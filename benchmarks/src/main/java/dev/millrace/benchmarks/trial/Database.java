package dev.millrace.benchmarks.trial;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.postgres.EofAwareSocketFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.postgresql.PGProperty;

/** A trial's own way into the database, beside its contender's: one connection that asks and prepares. For one thread. */
final class Database implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Tables in which nothing is updated: they grow by what is written, held or not. All others are updated in place. */
    private static final String STREAM = "^(job_log|claim|outcome|outcome_batch|start_mark)_[0-9]+";

    private final Ground ground;
    private final Connection connection;

    private Database(Ground ground, Connection connection) {
        this.ground = ground;
        this.connection = connection;
    }

    static Database on(Ground ground) throws SQLException {
        return new Database(ground, connect(ground));
    }

    /** A connection of its own. */
    static Connection connect(Ground ground) throws SQLException {
        var properties = new Properties();
        if (!ground.user().isEmpty()) PGProperty.USER.set(properties, ground.user());
        if (!ground.password().isEmpty()) PGProperty.PASSWORD.set(properties, ground.password());
        PGProperty.APPLICATION_NAME.set(properties, "millrace bench");
        properties.setProperty(EofAwareSocketFactory.PROPERTY, EofAwareSocketFactory.class.getName());
        return DriverManager.getConnection(ground.url(), properties);
    }

    /** A pool that opens connections as they are needed. */
    static HikariDataSource pool(Ground ground, int connections) {
        var config = new HikariConfig();
        config.setPoolName("contender");
        config.setJdbcUrl(ground.url());
        if (!ground.user().isEmpty()) config.setUsername(ground.user());
        if (!ground.password().isEmpty()) config.setPassword(ground.password());
        config.setMaximumPoolSize(connections);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(PATIENCE.toMillis());
        config.addDataSourceProperty(PGProperty.APPLICATION_NAME.getName(), "millrace bench");
        config.addDataSourceProperty(EofAwareSocketFactory.PROPERTY, EofAwareSocketFactory.class.getName());
        return new HikariDataSource(config);
    }

    /**
     * A snapshot that is held until it is closed, as a long report would: what vacuum may not clean away is kept for it.
     */
    static HeldSnapshot holdSnapshot(Ground ground) throws SQLException {
        return HeldSnapshot.by(connect(ground));
    }

    /** Runs a statement; {@code $} in it is the schema. */
    void run(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql.replace("$", ground.schema()));
        }
    }

    /** The one number that a query gives; {@code $} in it is the schema. */
    double number(String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql.replace("$", ground.schema()))) {
            rows.next();
            return rows.getDouble(1);
        }
    }

    /** What the database has counted by now. Sessions that are idle keep to themselves for a while what they counted. */
    Cost cost() throws SQLException {
        return new Cost(
                walBytes(),
                number("SELECT wal_fpi FROM pg_stat_wal"),
                number("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"));
    }

    /** Of all tables of the schema in which nothing is updated or deleted: there should be none, but for what a roll-back leaves. */
    double deadTuples() throws SQLException {
        return number(
                "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE schemaname = '$' AND relname ~ '^(job_log|claim|outcome|outcome_batch)_[0-9]+$'");
    }

    /** Bytes of the schema's tables that are only appended to, with their indexes. */
    double streamBytes() throws SQLException {
        return bytes("~");
    }

    /** Bytes of all its other tables, with their indexes. */
    double otherBytes() throws SQLException {
        return bytes("!~");
    }

    /** Of the tables whose names match the stream's, or do not. */
    private double bytes(String match) throws SQLException {
        return number(
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '$' AND c.relkind = 'r' AND c.relname %s '%s'"
                        .formatted(match, STREAM));
    }

    /** Bytes of write-ahead log that the whole server has written. */
    double walBytes() throws SQLException {
        return number("SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint");
    }

    /** Of all tables of the schema; not a number if the server does not count. */
    double deadRows() throws SQLException {
        return number(
                "SELECT CASE WHEN current_setting('track_counts')::boolean THEN coalesce(sum(n_dead_tup), 0)::float8 ELSE 'NaN' END FROM pg_stat_user_tables WHERE schemaname = '$'");
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

    /** What the database counts. */
    record Cost(double walBytes, double fullPageImages, double commits) {

        Cost since(Cost before) {
            return new Cost(
                    walBytes - before.walBytes, fullPageImages - before.fullPageImages, commits - before.commits);
        }
    }
}
