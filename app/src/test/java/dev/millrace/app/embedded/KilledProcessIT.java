package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.Sandbox.execute;
import static dev.millrace.app.embedded.Sandbox.kill;
import static dev.millrace.app.embedded.Sandbox.query;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.embedded.EmbeddedServerEvent.StoppingOrphan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is left when the process that owned the server is gone without a word. */
class KilledProcessIT {

    private Sandbox sandbox;
    private Path data;

    @BeforeEach
    void open() throws IOException {
        sandbox = new Sandbox();
        data = sandbox.used("data");
    }

    @AfterEach
    void close() throws Exception {
        sandbox.close();
    }

    @Test
    void the_server_of_a_killed_process_is_adopted_with_its_node_known_and_its_sessions_ended() throws Exception {
        var child = sandbox.child(data);
        var open = child.says("open").split(" ", -1);
        child.tell("node " + new UUID(1, 2));
        child.says("recorded");
        var password = Files.readString(data.resolve("postgres/cluster/millrace.password"))
                .strip();
        var url = Probe.url(Integer.parseInt(open[0]), "millrace");
        try (var session = DriverManager.getConnection(url, "millrace", password);
                var statement = session.createStatement()) {
            statement.execute("CREATE TABLE kept AS SELECT 42 AS answer");
            statement.execute("SELECT pg_advisory_lock(7)");
            child.kill();

            var server = sandbox.open(data);

            assertThat(server.adopted()).isTrue();
            assertThat(server.port()).isEqualTo(Integer.parseInt(open[0]));
            assertThat(server.pid()).isEqualTo(Long.parseLong(open[1]));
            assertThat(server.previousOwnerDied()).isTrue();
            assertThat(server.previousNode()).contains(new UUID(1, 2));
            assertThat(query(server, "SELECT answer FROM kept")).isEqualTo("42");
            assertThat(query(server, "SELECT pg_try_advisory_lock(7)")).isEqualTo("t");
            server.close();
            Sandbox.untilNoServerRunsOn(data);
        }
    }

    @Test
    void an_adopted_server_is_supervised_like_any_other() throws Exception {
        var child = sandbox.child(data);
        child.says("open");
        child.kill();
        var events = new ArrayList<EmbeddedServerEvent>();
        var server = sandbox.open(sandbox.config(data).events(events::add));
        var pid = server.pid();

        kill(pid);
        Sandbox.until(() -> server.pid() != pid);

        assertThat(query(server, "SELECT 'alive'")).isEqualTo("alive");
        assertThat(events).hasAtLeastOneElementOfType(EmbeddedServerEvent.Adopted.class);
    }

    @Test
    void a_server_that_cannot_be_used_as_it_is_is_stopped_in_order_and_started_anew() throws Exception {
        var child = sandbox.child(data);
        var open = child.says("open").split(" ", -1);
        child.kill();
        var events = new ArrayList<EmbeddedServerEvent>();
        var fixed = Integer.parseInt(open[0]) + 1;

        var server = sandbox.open(sandbox.config(data).port(fixed).events(events::add));

        assertThat(server.port()).isEqualTo(fixed);
        assertThat(server.adopted()).isFalse();
        assertThat(events)
                .contains(new StoppingOrphan(
                        Long.parseLong(open[1]), "it listens on port %s instead of %d".formatted(open[0], fixed)));
        assertThat(ProcessHandle.of(Long.parseLong(open[1])).filter(orphan -> new ServerProcess(orphan).alive()))
                .isEmpty();
    }

    @Test
    void a_killed_process_and_a_killed_server_lose_nothing() throws Exception {
        var child = sandbox.child(data);
        var open = child.says("open").split(" ", -1);
        var password = Files.readString(data.resolve("postgres/cluster/millrace.password"))
                .strip();
        try (var session = DriverManager.getConnection(
                        Probe.url(Integer.parseInt(open[0]), "millrace"), "millrace", password);
                var statement = session.createStatement()) {
            statement.execute("CREATE TABLE kept AS SELECT 42 AS answer");
        }
        child.kill();
        kill(Long.parseLong(open[1]));

        var server = sandbox.open(data);

        assertThat(server.adopted()).isFalse();
        assertThat(query(server, "SELECT answer FROM kept")).isEqualTo("42");
    }

    @Test
    void killed_at_any_moment_of_the_first_start_it_starts_the_next_time() throws Exception {
        data = sandbox.data("a new one");
        var cluster = data.resolve("postgres/cluster");
        for (var moment : List.<Sandbox.Condition>of(
                () -> anyBelow(data.resolve("postgres"), "bin-*.unpacking-*"),
                () -> anyBelow(data.resolve("postgres"), "making-*/data/base"),
                () -> Files.exists(cluster),
                () -> Files.exists(PidFile.in(cluster)))) {
            var child = sandbox.childWithOwnBinaries(data);
            Sandbox.until(moment);
            child.kill();
        }

        var server = sandbox.open(sandbox.config(data).binaries(data.resolve("postgres")));

        assertThat(query(server, "SELECT 'whole'")).isEqualTo("whole");
        assertThat(anyBelow(data.resolve("postgres"), "bin-*.unpacking-*")).isFalse();
        execute(server, "CREATE TABLE works (nothing text)");
    }

    @Test
    void a_listener_may_end_the_process_with_an_exit_code_of_its_own() throws Exception {
        var child = sandbox.child(data, "exit-when-given-up");
        kill(Long.parseLong(child.says("open").split(" ", -1)[1]));
        kill(pidIn(child.says("event Restarted")));
        kill(pidIn(child.says("event Restarted")));

        assertThat(child.exit()).isEqualTo(ChildMain.GIVEN_UP);
        assertThat(sandbox.open(data).previousOwnerDied()).isFalse();
    }

    @Test
    void a_second_process_learns_who_is_in_its_way_and_since_when() throws Exception {
        var first = sandbox.child(data);
        first.says("open");
        var second = sandbox.child(data);

        assertThat(second.says("failed"))
                .matches("IN_USE The data directory \\S+ is in use by process %d \\(millrace child, since \\S+Z\\)\\..*"
                        .formatted(first.pid()));
        assertThat(second.exit()).isEqualTo(ChildMain.FAILED);

        first.tell("close");
        assertThat(first.exit()).isZero();
        assertThat(sandbox.open(data).previousOwnerDied()).isFalse();
    }

    private static long pidIn(String event) {
        return Long.parseLong(event.replaceFirst(".*pid=(\\d+).*", "$1"));
    }

    /** Whether something matches a pattern such as {@code making-*}{@code /data/base} below a directory. */
    private static boolean anyBelow(Path directory, String pattern) throws IOException {
        var first = Path.of(pattern).getName(0).toString();
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (var found = Files.newDirectoryStream(directory, first)) {
            for (var match : found) {
                var rest = Path.of(pattern);
                if (rest.getNameCount() == 1 || Files.exists(match.resolve(rest.subpath(1, rest.getNameCount())))) {
                    return true;
                }
            }
            return false;
        }
    }
}
