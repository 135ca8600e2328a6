package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The real launcher, in processes of its own, on an embedded server. The first one builds, which takes its time. */
@Execution(ExecutionMode.SAME_THREAD)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LauncherIT {

    private static final Path ROOT = root();

    @TempDir
    Path folder;

    private final List<Process> started = new ArrayList<>();

    private static Path root() {
        return Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
                .filter(folder -> Files.isRegularFile(folder.resolve("millrace")))
                .findFirst()
                .orElseThrow();
    }

    @AfterEach
    void endWhatWasStarted() throws InterruptedException {
        for (var process : started) {
            process.destroy();
            if (!process.waitFor(60, TimeUnit.SECONDS))
                process.destroyForcibly().waitFor();
        }
    }

    @Test
    void a_job_runs_and_survives_the_death_of_its_process() throws Exception {
        var up = up();
        var id = ok(run("enqueue", "echo", "{\"hello\":\"world\"}")).strip();
        Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> state(id).equals("completed"));
        assertThat(get(up.url() + "/api/jobs/" + id).get("result").get("hello").stringValue())
                .isEqualTo("world");

        var longOne = ok(run("enqueue", "sleep", "{\"millis\":6000}")).strip();
        Awaitility.await() // over HTTP: a process of its own may take as long as the job
                .atMost(Duration.ofMinutes(1))
                .until(() -> get(up.url() + "/api/jobs/" + longOne)
                        .get("state")
                        .stringValue()
                        .equals("running"));
        up.process().destroyForcibly().waitFor();
        var again = up();

        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .until(() -> state(longOne).equals("completed"));
        var steps = get(again.url() + "/api/jobs/" + longOne).get("steps");
        assertThat(steps.get(0).get("outcome").stringValue()).isEqualTo("rescued");
        assertThat(Duration.between(
                        java.time.Instant.parse(again.begun()),
                        java.time.Instant.parse(steps.get(1).get("startedAt").stringValue())))
                .as("it was taken over at once, not after the lease of 10 s")
                .isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void a_second_process_on_the_directory_is_told_whose_it_is() throws Exception {
        var up = up();

        var second = run("up", "--port", "0");

        assertThat(second.exit()).isEqualTo(6);
        assertThat(second.err())
                .contains("in use by process " + up.process().pid())
                .contains("millrace up");
    }

    @Test
    void a_number_that_another_process_has_by_now_locks_nobody_out() throws Exception {
        var up = up();
        long dead = up.process().pid();
        var server = ProcessHandle.of(serverPid()).orElseThrow();
        up.process().destroyForcibly().waitFor();
        server.destroyForcibly();
        Awaitility.await().until(() -> !server.isAlive());
        var owner = folder.resolve("data/millrace.owner");
        Files.writeString(
                owner,
                Files.readString(owner)
                        .replace("pid=" + dead, "pid=" + ProcessHandle.current().pid()));

        ok(run("jobs"));
    }

    @Test
    void a_stop_in_order_ends_with_zero_and_leaves_no_server() throws Exception {
        var up = up();

        up.process().destroy();

        assertThat(up.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(up.process().exitValue()).isZero();
        assertThat(folder.resolve("data/postgres/cluster/postmaster.pid")).doesNotExist();
    }

    @Test
    void a_server_that_dies_is_started_again_and_given_up_at_the_third_time() throws Exception {
        var up = up();
        killServer();
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .ignoreExceptions()
                .until(() -> get(up.url() + "/health/ready").get("status").isString());
        assertThat(ok(run("enqueue", "echo", "1"))).isNotEmpty();

        for (int i = 0; i < 2 && up.process().isAlive(); i++) {
            var before = serverPid();
            killServer();
            Awaitility.await()
                    .atMost(Duration.ofMinutes(1))
                    .ignoreExceptions()
                    .until(() -> !up.process().isAlive() || serverPid() != before);
        }

        assertThat(up.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(up.process().exitValue()).isEqualTo(8);
    }

    @Test
    void a_file_system_that_is_read_only_is_named() throws Exception {
        var readOnly = folder.resolve("read-only");
        Files.createDirectory(readOnly);
        var mounted = new ProcessBuilder("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", readOnly.toString())
                .redirectErrorStream(true)
                .start();
        org.junit.jupiter.api.Assumptions.assumeTrue(mounted.waitFor() == 0, "only root may mount");
        try {
            var ran = runOn(readOnly.resolve("data"), "jobs");

            assertThat(ran.exit()).isEqualTo(6);
            assertThat(ran.err()).contains("read-only").contains("--data");
        } finally {
            new ProcessBuilder("umount", readOnly.toString()).start().waitFor();
        }
    }

    // ---- processes

    private record Ran(int exit, String out, String err) {}

    private record Up(Process process, String url, String begun) {}

    /** Starts the server on any port, and waits until it serves. */
    private Up up() throws IOException {
        var out = Files.createTempFile(folder, "up", ".json");
        var begun = java.time.Clock.systemUTC().instant().toString();
        var process = command(folder.resolve("data"), "up", "--port", "0", "--json")
                .redirectOutput(out.toFile())
                .redirectError(Files.createTempFile(folder, "up", ".log").toFile())
                .start();
        started.add(process);
        Awaitility.await().atMost(Duration.ofMinutes(5)).until(() -> Files.size(out) > 0 || !process.isAlive());
        return new Up(
                process,
                new JsonMapper().readTree(Files.readString(out)).get("url").stringValue(),
                begun);
    }

    private Ran run(String... arguments) throws IOException, InterruptedException {
        return runOn(folder.resolve("data"), arguments);
    }

    private Ran runOn(Path data, String... arguments) throws IOException, InterruptedException {
        var out = Files.createTempFile(folder, "out", ".txt");
        var err = Files.createTempFile(folder, "err", ".txt");
        var process = command(data, arguments)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        return new Ran(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private static String ok(Ran ran) {
        assertThat(ran.exit()).as(ran.err()).isZero();
        return ran.out();
    }

    private static ProcessBuilder command(Path data, String... arguments) {
        var command = new ArrayList<>(List.of(ROOT.resolve("millrace").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--data", data.toString()));
        var builder = new ProcessBuilder(command);
        builder.environment().remove("MILLRACE_DATABASE");
        return builder;
    }

    private String state(String id) throws IOException, InterruptedException {
        return new JsonMapper()
                .readTree(ok(run("job", id, "--json")))
                .get("state")
                .stringValue();
    }

    private long serverPid() throws IOException {
        return Long.parseLong(Files.readAllLines(folder.resolve("data/postgres/cluster/postmaster.pid"))
                .getFirst());
    }

    private void killServer() throws IOException {
        ProcessHandle.of(serverPid()).ifPresent(ProcessHandle::destroyForcibly);
    }

    private static JsonNode get(String url) throws IOException, InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            return new JsonMapper()
                    .readTree(
                            client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString())
                                    .body());
        }
    }
}
