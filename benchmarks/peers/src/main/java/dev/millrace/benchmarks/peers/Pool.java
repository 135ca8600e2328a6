package dev.millrace.benchmarks.peers;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.benchmarks.contender.Ground;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Connections as a user of a peer would set them up who has read the driver's page on performance. */
final class Pool {

    private Pool() {}

    /** A pool that works in the ground's schema. Opened before anything of the peer, so it asks for quiet first. */
    static HikariDataSource open(Ground ground, String peer, int size) {
        Quiet.please();
        var config = new HikariConfig();
        config.setPoolName(peer);
        config.setJdbcUrl(ground.url());
        config.setUsername(ground.user());
        config.setPassword(ground.password());
        config.setSchema(ground.schema());
        config.setMaximumPoolSize(size);
        config.addDataSourceProperty("ApplicationName", peer);
        config.addDataSourceProperty("reWriteBatchedInserts", "true");
        return new HikariDataSource(config);
    }

    static void execute(DataSource pool, String sql) throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /**
     * Counts for the planner what is in the peer's tables. The server does it by itself, up to a minute after many rows came;
     * until then Quartz, for one, finds each row by an index that leads to all of them.
     */
    static void analyze(DataSource pool) throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            String all;
            try (var rows = statement.executeQuery("""
                    SELECT 'ANALYZE ' || string_agg(oid::regclass::text, ', ')
                      FROM pg_class
                     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
                    """)) {
                rows.next();
                all = rows.getString(1);
            }
            statement.execute(all);
        }
    }

    static long count(DataSource pool, String sql) throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
