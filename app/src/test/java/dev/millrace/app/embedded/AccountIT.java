package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.Sandbox.query;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.app.embedded.EmbeddedServerException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who may run it where. Only root can play all these parts, so for others these tests are skipped, and say so. */
class AccountIT {

    private static final Machine LOCKED_DOWN = new Machine(new SystemTime(), Platform.ofThisMachine(), false);

    private Sandbox sandbox;

    @BeforeEach
    void open() throws IOException {
        assumeTrue(Disk.thisProcessIsRoot(), "becoming other users and mounting file systems needs root");
        sandbox = new Sandbox();
    }

    @AfterEach
    void close() throws Exception {
        if (sandbox != null) {
            sandbox.close();
        }
    }

    @Test
    void root_runs_it_in_a_user_namespace_with_files_of_its_own() throws Exception {
        var data = sandbox.data("data");
        var server = sandbox.open(data);

        assertThat(Disk.userOf(data.resolve("postgres/cluster"))).isZero();
        assertThat(Files.readString(Path.of("/proc", "" + server.pid(), "status")))
                .contains("CapEff:\t0000000000000000");
    }

    @Test
    void where_namespaces_are_locked_down_root_runs_it_as_an_ordinary_user_and_keeps_to_that() throws Exception {
        var data = sandbox.used("data");
        int user;
        try (var server = sandbox.open(sandbox.config(data), LOCKED_DOWN)) {
            user = Disk.userOf(Path.of("/proc", "" + server.pid()));
            assertThat(user).isNotZero().isEqualTo(Disk.userOf(data.resolve("postgres/cluster")));
        }
        try (var server = sandbox.open(data)) {
            assertThat(Disk.userOf(Path.of("/proc", "" + server.pid()))).isEqualTo(user);
        }
    }

    @Test
    void even_below_a_directory_that_only_root_may_enter() throws Exception {
        var closed = Files.createDirectory(sandbox.directory().resolve("root's"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        var data = sandbox.data("root's/data");
        var binaries = sandbox.copyOfBinaries(closed.resolve("binaries"));

        var server = sandbox.open(sandbox.config(data).binaries(binaries), LOCKED_DOWN);

        assertThat(query(server, "SELECT 'there'")).isEqualTo("there");
        assertThat(Disk.userOf(data.resolve("postgres/cluster"))).isNotZero();
    }

    @Test
    void an_ordinary_user_runs_it_and_can_go_on_after_root_used_the_directory() throws Exception {
        var data = Files.createDirectory(sandbox.data("data"));
        Sandbox.run("chown", "nobody", data.toString());
        var first = sandbox.childAs("nobody", data);
        first.says("open");
        first.tell("close");
        assertThat(first.exit()).isZero();

        var server = sandbox.open(data);
        assertThat(Disk.userOf(Path.of("/proc", "" + server.pid()))).isNotZero();
        server.recordNode(new UUID(1, 2));
        server.close();
        try (var files = Files.walk(data)) {
            assertThat(files)
                    .allSatisfy(
                            file -> assertThat((int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS))
                                    .as(file.toString())
                                    .isNotZero());
        }

        var second = sandbox.childAs("nobody", data);
        second.says("open");
        second.tell("close");
        assertThat(second.exit()).isZero();
    }

    @Test
    void a_directory_of_somebody_else_is_explained_to_an_ordinary_user() throws Exception {
        var data = Files.createDirectory(sandbox.data("data"));

        var child = sandbox.childAs("nobody", data);

        assertThat(child.says("failed PERMISSION_DENIED"))
                .contains("the user \"nobody\" may not do that", data.toString(), "chown", "--data");
        assertThat(child.exit()).isEqualTo(ChildMain.FAILED);
    }

    @Test
    void a_read_only_file_system_is_explained() throws Exception {
        var mount = sandbox.tmpfs("mount", "ro,size=1m");

        refused(mount, Reason.READ_ONLY, "mounted read-only", "--data");
        refused(mount.resolve("below"), Reason.READ_ONLY, "mounted read-only", "--data");
    }

    @Test
    void a_file_system_that_lets_no_program_run_is_explained() throws Exception {
        var mount = sandbox.tmpfs("mount", "noexec,size=200m");

        assertThatExceptionOfType(EmbeddedServerException.class)
                .isThrownBy(() -> sandbox.open(
                        sandbox.config(sandbox.data("data")).binaries(sandbox.copyOfBinaries(mount.resolve("below")))))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.PERMISSION_DENIED))
                .withMessageContaining("noexec");
    }

    @Test
    void a_disk_without_room_for_a_cluster_is_explained_and_left_clean() throws Exception {
        var mount = sandbox.tmpfs("mount", "size=20m");

        refused(mount, Reason.DISK_FULL, "no space is left on the disk of " + mount, "MB free", "--data");

        try (var left = Files.list(mount.resolve("postgres"))) {
            assertThat(left).containsExactly(mount.resolve("postgres/log"));
        }
    }

    @Test
    void a_disk_without_room_for_the_programs_is_explained_and_left_clean() throws Exception {
        var mount = sandbox.tmpfs("mount", "size=20m");

        assertThatExceptionOfType(EmbeddedServerException.class)
                .isThrownBy(() -> sandbox.open(sandbox.config(mount).binaries(mount.resolve("postgres"))))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.DISK_FULL));

        assertThat(mount.toFile().getUsableSpace()).isGreaterThan(19 << 20);
    }

    @Test
    void a_disk_that_fills_up_under_a_running_server_is_explained_and_waited_for() throws Exception {
        var mount = sandbox.tmpfs("mount", "size=120m");
        var filler = mount.resolve("filler");
        var events = new LinkedBlockingQueue<EmbeddedServerEvent>();
        var server = sandbox.open(sandbox.config(mount).events(events::add));
        Sandbox.execute(server, "CREATE TABLE kept AS SELECT 42 AS answer");
        fill(filler);

        Sandbox.kill(server.pid());
        var failed = await(events, EmbeddedServerEvent.RestartFailed.class);
        assertThat(failed.failure()).hasMessageContaining("no space is left");
        Files.delete(filler);
        await(events, EmbeddedServerEvent.Restarted.class);

        assertThat(query(server, "SELECT answer FROM kept")).isEqualTo("42");
    }

    private static <E extends EmbeddedServerEvent> E await(BlockingQueue<EmbeddedServerEvent> events, Class<E> kind)
            throws InterruptedException {
        while (true) {
            var event = events.poll(Sandbox.SOON.toSeconds(), TimeUnit.SECONDS);
            assertThat(event).as("the next event").isNotNull().isNotInstanceOf(EmbeddedServerEvent.GivenUp.class);
            if (kind.isInstance(event)) return kind.cast(event);
        }
    }

    private static void fill(Path filler) throws IOException {
        try (var out = Files.newOutputStream(filler)) {
            for (var block = new byte[1 << 16]; ; ) {
                out.write(block);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left on device");
        }
    }

    private void refused(Path data, Reason reason, String... words) {
        assertThatExceptionOfType(EmbeddedServerException.class)
                .isThrownBy(() -> sandbox.open(data))
                .satisfies(e -> assertThat(e.getMessage()).contains(words))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }
}
