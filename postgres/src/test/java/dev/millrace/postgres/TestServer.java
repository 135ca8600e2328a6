package dev.millrace.postgres;

import dev.millrace.world.SystemWorld;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A real PostgreSQL for tests, durable as in production: the embedded one (18), or an installed one of another version. */
final class TestServer implements AutoCloseable {

    private static final List<Path> INSTALLED_15 = List.of(
            Path.of("/usr/lib/postgresql/15/bin"),
            Path.of("/usr/pgsql-15/bin"),
            Path.of("/opt/homebrew/opt/postgresql@15/bin"));

    private final String url;
    private final AutoCloseable server;
    private @Nullable String migrated;

    private TestServer(String url, AutoCloseable server) {
        this.url = url;
        this.server = server;
    }

    /** PostgreSQL 18, brought by the build. */
    static TestServer embedded() {
        try {
            var server = EmbeddedPostgres.builder()
                    .setServerConfig("fsync", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .setServerConfig("max_connections", "200")
                    .setServerConfig("max_prepared_transactions", "10")
                    .start();
            return new TestServer(
                    "jdbc:postgresql://127.0.0.1:" + server.getPort() + "/postgres?user=postgres", server);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the binaries of PostgreSQL 15 are; empty where it is not installed. */
    static Optional<Path> installed15() {
        return INSTALLED_15.stream()
                .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
                .findFirst();
    }

    /** PostgreSQL 15, as installed on this machine; in a directory of its own that goes with it. */
    static TestServer installed15(Path data) {
        var bin = installed15().orElseThrow();
        int port = freePort();
        run(bin, "initdb", "-D", data.toString(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync");
        run(
                bin,
                "pg_ctl",
                "-D",
                data.toString(),
                "-w",
                "-l",
                data.resolve("log").toString(),
                "-o",
                "-p " + port
                        + " -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c max_prepared_transactions=10",
                "start");
        return new TestServer(
                "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=postgres",
                () -> run(bin, "pg_ctl", "-D", data.toString(), "-m", "immediate", "-w", "stop"));
    }

    /** PostgreSQL will not run as root: there it runs as nobody of a user namespace. */
    private static void run(Path bin, String program, String... arguments) {
        var command = new ArrayList<String>();
        if ("root".equals(System.getProperty("user.name"))) command.addAll(List.of("unshare", "-U"));
        command.add(bin.resolve(program).toString());
        command.addAll(List.of(arguments));
        try {
            var output = Files.createTempFile("millrace-test", ".log");
            var process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(program + " failed: " + Files.readString(output));
            }
            Files.delete(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String url() {
        return url;
    }

    /** A fresh database, with its own role that is no superuser. */
    String freshDatabase(String name) {
        execute(url, "CREATE ROLE %s LOGIN".formatted(name));
        execute(url, "CREATE DATABASE %1$s OWNER %1$s".formatted(name));
        return url.replace("/postgres?user=postgres", "/" + name + "?user=" + name);
    }

    /** A fresh database with the schema in it, by a copy: bringing it up takes longer than most tests. */
    synchronized String migratedDatabase(String name) {
        if (migrated == null) {
            migrated = freshDatabase("migrated");
            try (var pool = PostgresContract.pool(migrated)) {
                new PostgresStore(pool).open(new SystemWorld()).close();
            }
        }
        execute(url, "CREATE DATABASE %s TEMPLATE migrated OWNER migrated".formatted(name));
        var copy = migrated.replace("/migrated?", "/" + name + "?");
        // A copy is another database, which a store would notice: this one is to be as if it had been made here.
        execute(
                copy,
                "UPDATE millrace.meta SET database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        return copy;
    }

    private static void execute(String url, String sql) {
        try (var connection = DriverManager.getConnection(url);
                var s = connection.createStatement()) {
            s.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
