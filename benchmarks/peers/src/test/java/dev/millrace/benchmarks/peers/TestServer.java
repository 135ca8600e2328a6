package dev.millrace.benchmarks.peers;

import dev.millrace.benchmarks.contender.Ground;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.postgresql.PGConnection;

/** The embedded PostgreSQL, durable as in production. */
final class TestServer implements AutoCloseable {

    private static final String SCHEMA = "peer";

    /** Held, because java.util.logging forgets the level of a logger that no one holds. */
    private static final List<Logger> TALKATIVE =
            Stream.of("io.zonky", "java.util.Iterator").map(Logger::getLogger).toList();

    private final EmbeddedPostgres server;

    private TestServer(EmbeddedPostgres server) {
        this.server = server;
    }

    static TestServer start() throws IOException {
        TALKATIVE.forEach(logger -> logger.setLevel(Level.WARNING));
        return new TestServer(EmbeddedPostgres.builder()
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("max_connections", "300")
                .start());
    }

    /** An empty schema in a database of its own, so that every connection to it is the peer's. */
    Ground ground(String peer) throws SQLException {
        var database = peer.replace('-', '_');
        execute("postgres", "CREATE DATABASE " + database);
        execute(database, "CREATE SCHEMA " + SCHEMA);
        return new Ground(server.getJdbcUrl("postgres", database), "postgres", "", SCHEMA);
    }

    /** How many sessions there are in the ground's database. */
    long sessions(Ground ground) throws SQLException {
        var database = ground.url().replaceAll(".*/(\\w+).*", "$1");
        return Pool.count(
                server.getPostgresDatabase(),
                "SELECT count(*) FROM pg_stat_activity WHERE datname = '%s'".formatted(database));
    }

    /** The server's first process: the parent of this session's. */
    ProcessHandle process() throws SQLException {
        try (var connection = server.getPostgresDatabase().getConnection()) {
            int session = connection.unwrap(PGConnection.class).getBackendPID();
            return ProcessHandle.of(session).flatMap(ProcessHandle::parent).orElseThrow();
        }
    }

    private void execute(String database, String sql) throws SQLException {
        Pool.execute(server.getDatabase("postgres", database), sql);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
