package dev.millrace.benchmarks.trial;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.benchmarks.contender.Ground;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.postgresql.PGProperty;

/** A trial's own way into the database, beside its contender's: one connection that asks and prepares. For one thread. */
final class Database implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

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
        return new HikariDataSource(config);
    }

    /**
     * A snapshot that is held until it is closed, as a long report would: what vacuum may not clean away is kept for it.
     */
    static AutoCloseable holdSnapshot(Ground ground) throws SQLException {
        var holder = connect(ground);
        try (var statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            holder.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("SELECT count(*) FROM pg_class");
            return () -> {
                holder.rollback();
                holder.close();
            };
        } catch (SQLException e) {
            holder.close();
            throw e;
        }
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
                number("SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint"),
                number("SELECT wal_fpi FROM pg_stat_wal"),
                number("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"));
    }

    /** Of all tables of the schema in which nothing is updated or deleted: there should be none, but for what a roll-back leaves. */
    double deadTuples() throws SQLException {
        return number(
                "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE schemaname = '$' AND relname ~ '^(job_log|claim|outcome|outcome_batch)_[0-9]+$'");
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
