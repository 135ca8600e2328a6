package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.Sandbox.execute;
import static dev.millrace.app.embedded.Sandbox.kill;
import static dev.millrace.app.embedded.Sandbox.query;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.app.embedded.EmbeddedServerEvent.Died;
import dev.millrace.app.embedded.EmbeddedServerEvent.GivenUp;
import dev.millrace.app.embedded.EmbeddedServerEvent.RestartFailed;
import dev.millrace.app.embedded.EmbeddedServerEvent.Restarted;
import dev.millrace.app.embedded.EmbeddedServerException.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EmbeddedServerIT {

    private Sandbox sandbox;
    private Path data;
    private final BlockingQueue<EmbeddedServerEvent> events = new LinkedBlockingQueue<>();

    @BeforeEach
    void open() throws IOException {
        sandbox = new Sandbox();
        data = sandbox.used("it's a data directory (1)");
    }

    @AfterEach
    void close() throws Exception {
        sandbox.close();
    }

    @Test
    void data_and_settings_survive_a_restart_on_the_same_port() throws Exception {
        int port;
        try (var server = sandbox.open(data)) {
            port = server.port();
            execute(server, "CREATE TABLE kept AS SELECT 42 AS answer");
            execute(server, "ALTER SYSTEM SET work_mem = '7MB'");
            execute(server, "ALTER SYSTEM SET fsync = off");
            execute(server, "ALTER SYSTEM SET synchronous_commit = off");
            execute(server, "ALTER SYSTEM SET port = 1");
        }

        try (var server = sandbox.open(data)) {
            assertThat(query(server, "SELECT answer FROM kept")).isEqualTo("42");
            assertThat(query(server, "SHOW work_mem")).isEqualTo("7MB");
            assertThat(query(server, "SHOW fsync")).isEqualTo("on");
            assertThat(query(server, "SHOW synchronous_commit")).isEqualTo("on");
            assertThat(query(server, "SHOW full_page_writes")).isEqualTo("on");
            assertThat(server.port()).isEqualTo(port);
            assertThat(server.adopted()).isFalse();
            assertThat(server.previousOwnerDied()).isFalse();
        }
    }

    @Test
    void a_new_cluster_is_a_production_servers_and_nobody_elses() throws Exception {
        var server = sandbox.open(sandbox.data("a new one"));

        assertThat(query(server, "SHOW server_version")).startsWith(Binaries.VERSION);
        assertThat(query(server, "SHOW data_checksums")).isEqualTo("on");
        assertThat(query(server, "SHOW server_encoding")).isEqualTo("UTF8");
        assertThat(query(server, "SHOW listen_addresses")).isEqualTo("127.0.0.1");
        assertThat(query(server, "SHOW unix_socket_directories")).isEmpty();
        assertThat(query(server, "SHOW max_wal_size")).isEqualTo("2GB");
        assertThat(query(
                        server,
                        "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'millrace'"))
                .isEqualTo("b C.UTF-8");
        assertThat(query(server, "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules"))
                .isEqualTo("scram-sha-256");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(
                        server.dataDirectory().resolve("postgres/cluster/millrace.password"))))
                .isEqualTo("rw-------");
    }

    @Test
    void closing_is_quick_and_may_be_done_twice_and_by_an_interrupted_thread() throws Exception {
        var server = sandbox.open(data);
        var process = ProcessHandle.of(server.pid()).orElseThrow();
        var start = System.nanoTime();

        Thread.currentThread().interrupt();
        server.close();
        server.close();

        assertThat(Thread.interrupted()).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        Sandbox.until(() -> !new ServerProcess(process).alive());
    }

    @Test
    void the_node_of_the_last_owner_is_known_until_another_is_recorded() {
        var node = new UUID(1, 2);
        try (var server = sandbox.open(data)) {
            assertThat(server.previousNode()).isEmpty();
            server.recordNode(node);
        }
        try (var server = sandbox.open(data)) {
            assertThat(server.previousNode()).contains(node);
            // this owner records none, as if it had failed on the way
        }
        try (var server = sandbox.open(data)) {
            assertThat(server.previousNode()).contains(node);
            server.recordNode(new UUID(3, 4));
        }
        try (var server = sandbox.open(data)) {
            assertThat(server.previousNode()).contains(new UUID(3, 4));
        }
    }

    @Test
    void a_killed_server_is_started_again_on_the_same_port_with_everything_that_was_acknowledged() throws Exception {
        var server = sandbox.open(sandbox.config(data).events(events::add));
        execute(server, "CREATE TABLE kept AS SELECT 42 AS answer");
        var url = server.jdbcUrl();
        var pid = server.pid();

        try (var busy = Sandbox.connect(server);
                var statement = busy.createStatement()) {
            // A session that does not listen while it works: it must not keep the next server from starting.
            var working = Thread.ofVirtual().start(() -> {
                try {
                    statement.execute("SELECT count(*) FROM generate_series(1, 1000000000)");
                } catch (SQLException e) {
                    return; // as it should be
                }
            });
            Sandbox.until(
                    () -> query(server, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%generate_series%'")
                            .equals("2"));
            kill(pid);
            assertThat(next(Died.class).pid()).isEqualTo(pid);
            assertThat(next(Restarted.class).pid()).isNotEqualTo(pid).isEqualTo(server.pid());
            working.join();
        }

        assertThat(server.jdbcUrl()).isEqualTo(url);
        assertThat(query(server, "SELECT answer FROM kept")).isEqualTo("42");
    }

    @Test
    void the_third_rapid_death_is_the_last_and_the_listener_may_close() throws Exception {
        var server = new EmbeddedServer[1];
        server[0] = sandbox.open(sandbox.config(data).events(event -> {
            if (event instanceof GivenUp) {
                server[0].close();
            }
            events.add(event);
        }));

        kill(server[0].pid());
        next(Restarted.class);
        kill(server[0].pid());
        next(Restarted.class);
        kill(server[0].pid());

        var failure = next(GivenUp.class).failure();
        assertThat(failure.reason()).isEqualTo(Reason.KEEPS_DYING);
        assertThat(failure).hasMessageContaining("3 times").hasMessageContaining("Nothing that was acknowledged");
        assertThat(sandbox.open(data).previousOwnerDied()).isFalse();
    }

    @Test
    void a_restart_that_fails_is_told_and_tried_again_until_it_is_given_up() throws Exception {
        var server = sandbox.open(sandbox.config(data).events(events::add));
        var cluster = server.dataDirectory().resolve("postgres/cluster");
        Files.move(cluster.resolve("global"), cluster.resolve("elsewhere"));

        kill(server.pid());

        assertThat(next(RestartFailed.class).failure().reason()).isEqualTo(Reason.DAMAGED);
        assertThat(next(GivenUp.class).failure()).hasMessageContaining("is damaged");

        server.close();
        Files.move(cluster.resolve("elsewhere"), cluster.resolve("global"));
        assertThat(query(sandbox.open(data), "SELECT 'whole again'")).isEqualTo("whole again");
    }

    @Test
    void closing_while_a_dead_server_is_started_again_leaves_nothing_running() throws Exception {
        var server = sandbox.open(sandbox.config(data).events(events::add));
        kill(server.pid());
        next(Died.class);

        server.close();

        Sandbox.untilNoServerRunsOn(data);
        assertThat(sandbox.open(data).adopted()).isFalse();
    }

    @Test
    void a_second_open_in_the_same_process_is_refused_and_does_not_loosen_the_lock() throws Exception {
        sandbox.open(data);

        refused(data, Reason.IN_USE, "process " + ProcessHandle.current().pid(), "millrace test, since", "--data");

        var child = sandbox.child(data);
        assertThat(child.says("failed IN_USE"))
                .contains("process " + ProcessHandle.current().pid());
        assertThat(child.exit()).isEqualTo(ChildMain.FAILED);
    }

    @Test
    void a_failed_open_gives_the_directory_back() throws Exception {
        try (var taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));

            assertThatExceptionOfType(EmbeddedServerException.class)
                    .isThrownBy(() -> sandbox.open(sandbox.config(data).port(taken.getLocalPort())))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.PORT_TAKEN))
                    .satisfies(e -> assertThat(e.logTail()).isPresent())
                    .withMessageContaining("the port is taken by another program")
                    .withMessageContaining(String.valueOf(taken.getLocalPort()));
        }

        assertThat(sandbox.open(data).pid()).isPositive();
    }

    @Test
    void a_free_port_is_found_where_the_usual_one_is_taken() throws Exception {
        int usual;
        try (var server = sandbox.open(data)) {
            usual = server.port();
        }
        try (var taken = new ServerSocket()) {
            taken.setReuseAddress(true);
            taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), usual));

            assertThat(sandbox.open(data).port()).isNotEqualTo(usual);
        }
    }

    @Test
    void a_number_in_a_stale_file_that_another_process_has_now_confuses_nobody() throws Exception {
        var other = sandbox.open(sandbox.used("other"));
        String stale;
        try (var server = sandbox.open(data)) {
            stale = Files.readString(PidFile.in(server.dataDirectory().resolve("postgres/cluster")));
        }

        for (var pid : new long[] {ProcessHandle.current().pid(), other.pid(), 1}) {
            Files.writeString(
                    PidFile.in(data.resolve("postgres/cluster")), stale.replaceFirst("^\\d+", String.valueOf(pid)));
            try (var server = sandbox.open(data)) {
                assertThat(server.pid()).isNotEqualTo(pid);
                assertThat(server.adopted()).isFalse();
            }
        }
        assertThat(query(other, "SELECT 'unharmed'")).isEqualTo("unharmed");
    }

    @Test
    void what_another_version_made_is_refused_with_the_way_out() throws Exception {
        Files.writeString(data.resolve("postgres/cluster/PG_VERSION"), "17\n");

        refused(data, Reason.WRONG_VERSION, "made by PostgreSQL 17", "brings PostgreSQL 18", "pg_dump 17");
    }

    @Test
    void a_damaged_cluster_is_never_replaced_by_an_empty_one() throws Exception {
        var cluster = data.resolve("postgres/cluster");
        Files.writeString(cluster.resolve("global/pg_control"), "");

        refused(data, Reason.DAMAGED, "is damaged", "Nothing was changed", "backup");
        Files.delete(cluster.resolve("PG_VERSION"));
        refused(data, Reason.DAMAGED, "PG_VERSION is missing");

        assertThat(cluster.resolve("base")).isDirectory();
    }

    @Test
    void a_foreign_cluster_in_our_place_is_refused() throws Exception {
        Files.delete(data.resolve("postgres/cluster/millrace.password"));

        refused(data, Reason.DAMAGED, "not made by Millrace", "millrace.password is missing");
    }

    private void refused(Path directory, Reason reason, String... words) {
        assertThatExceptionOfType(EmbeddedServerException.class)
                .isThrownBy(() -> sandbox.open(directory))
                .satisfies(e -> assertThat(e.getMessage()).contains(words))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private <E extends EmbeddedServerEvent> E next(Class<E> type) throws InterruptedException {
        while (true) {
            var event = events.poll(Sandbox.SOON.toSeconds(), TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("no %s came".formatted(type.getSimpleName()));
            }
            if (type.isInstance(event)) {
                return type.cast(event);
            }
        }
    }
}
