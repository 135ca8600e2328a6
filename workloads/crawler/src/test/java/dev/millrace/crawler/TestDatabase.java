package dev.millrace.crawler;

import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** A real PostgreSQL, started once for all tests of the process; each gets a database of its own, and a role that is no superuser. */
final class TestDatabase implements AutoCloseable {

    private static final AtomicInteger MADE = new AtomicInteger();

    private final String url;
    private final List<HikariDataSource> pools = new ArrayList<>();

    private TestDatabase(String url) {
        this.url = url;
    }

    static TestDatabase fresh() {
        var name = "crawl_test_" + MADE.incrementAndGet();
        try (var connection = DriverManager.getConnection(Server.URL);
                var s = connection.createStatement()) {
            s.execute("CREATE ROLE %1$s LOGIN".formatted(name));
            s.execute("CREATE DATABASE %1$s OWNER %1$s".formatted(name));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return new TestDatabase(Server.URL.replace("/postgres?user=postgres", "/" + name + "?user=" + name));
    }

    /** Connections for one process. */
    DataSource connections() {
        var pool = new HikariDataSource();
        pool.setJdbcUrl(url);
        pool.setMaximumPoolSize(20);
        pool.setMinimumIdle(0);
        pools.add(pool);
        return pool;
    }

    /** One number from a query. */
    long number(String sql) {
        try (var connection = DriverManager.getConnection(url);
                var s = connection.createStatement();
                var rows = s.executeQuery(sql)) {
            if (!rows.next()) throw new IllegalStateException("no row: " + sql);
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    void run(String sql) {
        try (var connection = DriverManager.getConnection(url);
                var s = connection.createStatement()) {
            s.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        pools.forEach(HikariDataSource::close);
    }

    private static final class Server {

        static final String URL = start();

        private static String start() {
            try {
                @SuppressWarnings("resource") // lives as long as the process, and ends with it
                var server = EmbeddedPostgres.builder()
                        .setServerConfig("fsync", "on")
                        .setServerConfig("synchronous_commit", "on")
                        .setServerConfig("max_connections", "200")
                        .start();
                return "jdbc:postgresql://127.0.0.1:" + server.getPort() + "/postgres?user=postgres";
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
