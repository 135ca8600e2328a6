package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The worker in Python that users copy, as a process of its own, against the real server with an embedded database. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.SAME_THREAD)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class PythonWorkerIT {

    private static final Path ROOT = Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
            .filter(folder -> Files.isRegularFile(folder.resolve("millrace")))
            .findFirst()
            .orElseThrow();

    private static final Duration SOON = Duration.ofMinutes(1);

    @TempDir
    static Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final JsonMapper mapper = new JsonMapper();
    private final List<Process> workers = new ArrayList<>();
    private Process up;
    private String url;

    @BeforeAll
    void start() throws Exception {
        boolean python = hasPython();
        if (System.getenv("MILLRACE_CI") != null)
            assertThat(python)
                    .as("python3, without which the worker in Python is not tested: a build machine must have it")
                    .isTrue();
        Assumptions.assumeTrue(python, "there is no python3 here");
        var out = folder.resolve("up.json");
        var builder = new ProcessBuilder(
                ROOT.resolve("millrace").toString(),
                "up",
                "--port",
                "0",
                "--json",
                "--data",
                folder.resolve("data").toString());
        builder.environment().remove("MILLRACE_DATABASE");
        up = builder.redirectOutput(out.toFile())
                .redirectError(folder.resolve("up.log").toFile())
                .start();
        Awaitility.await().atMost(Duration.ofMinutes(5)).until(() -> Files.size(out) > 0 || !up.isAlive());
        assertThat(up.isAlive()).as(Files.readString(folder.resolve("up.log"))).isTrue();
        url = mapper.readTree(Files.readString(out)).get("url").stringValue();
    }

    private static boolean hasPython() throws InterruptedException {
        try {
            return new ProcessBuilder("python3", "--version").start().waitFor() == 0;
        } catch (IOException none) {
            return false;
        }
    }

    /** In order, so that no job of the next test is handed to one that is dead and not yet missed. */
    @AfterEach
    void endWorkers() throws InterruptedException {
        for (var worker : workers) {
            worker.destroy();
            if (!worker.waitFor(40, TimeUnit.SECONDS)) worker.destroyForcibly().waitFor();
        }
        workers.clear();
    }

    @AfterAll
    void stop() throws InterruptedException {
        if (up == null) return;
        up.destroy();
        if (!up.waitFor(60, TimeUnit.SECONDS)) up.destroyForcibly().waitFor();
        client.close();
    }

    private Process worker(int slots) throws IOException {
        var builder = new ProcessBuilder(
                "python3", "-B", ROOT.resolve("examples/python/worker.py").toString(), url);
        builder.environment().put("SLOTS", String.valueOf(slots));
        builder.environment().put("TIMEOUT", "2s");
        builder.environment().put("NO_PROXY", "127.0.0.1");
        var log = Files.createTempFile(folder, "worker", ".log");
        var process =
                builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        workers.add(process);
        return process;
    }

    private String enqueue(String kind, String payload) throws Exception {
        return Objects.requireNonNull(
                enqueue("{\"kind\":\"%s\",\"queue\":\"python\",\"payload\":%s}".formatted(kind, payload))
                        .get("id")
                        .stringValue());
    }

    private JsonNode enqueue(String body) throws Exception {
        return post("/api/jobs", body, 201);
    }

    private JsonNode post(String path, String body, int status) throws Exception {
        var answer = client.send(
                HttpRequest.newBuilder(URI.create(url + path))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        return mapper.readTree(answer.body());
    }

    private JsonNode job(String id) throws Exception {
        return mapper.readTree(client.send(
                        HttpRequest.newBuilder(URI.create(url + "/api/jobs/" + id))
                                .build(),
                        BodyHandlers.ofString())
                .body());
    }

    private String state(String id) throws Exception {
        return job(id).get("state").stringValue();
    }

    private List<String> outcomes(String id) throws Exception {
        var outcomes = new ArrayList<String>();
        for (var step : job(id).get("steps")) outcomes.add(step.get("outcome").stringValue());
        return outcomes;
    }

    private void awaitProgress(String id, int lines) {
        Awaitility.await().atMost(SOON).until(() -> {
            var progress = job(id).get("progress");
            return progress != null
                    && !progress.isNull()
                    && progress.get("done").intValue() >= lines;
        });
    }

    @Test
    void each_job_ends_once_though_its_worker_is_killed_in_the_midst() throws Exception {
        var first = worker(4);
        var imports = List.of(
                enqueue("import-lines", "{\"lines\":30,\"seconds\":0.1}"),
                enqueue("import-lines", "{\"lines\":30,\"seconds\":0.1}"));
        for (var id : imports) awaitProgress(id, 5);
        var counts = new ArrayList<String>();
        for (int i = 0; i < 100; i++) counts.add(enqueue("word-count", "{\"text\":\"so much depends upon\"}"));

        first.destroyForcibly().waitFor();
        worker(4);

        for (var id : imports) {
            Awaitility.await().atMost(SOON).until(() -> state(id).equals("completed"));
            assertThat(outcomes(id)).containsExactly("rescued", "done");
            var result = job(id).get("result");
            assertThat(result.get("began").intValue())
                    .as("it went on from its checkpoint")
                    .isBetween(5, 30);
            assertThat(result.get("rescues").intValue()).isEqualTo(1);
            assertThat(job(id).get("attempt").intValue()).isEqualTo(1);
        }
        for (var id : counts) {
            Awaitility.await().atMost(SOON).until(() -> state(id).equals("completed"));
            assertThat(job(id).get("result").get("words").intValue()).isEqualTo(4);
            assertThat(outcomes(id)).filteredOn("done"::equals).hasSize(1);
        }
    }

    @Test
    void a_worker_that_is_told_to_stop_ends_what_it_runs_and_takes_nothing_more() throws Exception {
        var stops = worker(1);
        var id = enqueue("import-lines", "{\"lines\":20,\"seconds\":0.1}");
        awaitProgress(id, 2);
        var next = enqueue("word-count", "{\"text\":\"a red wheel barrow\"}");

        stops.destroy();

        assertThat(stops.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(stops.exitValue()).isZero();
        assertThat(state(id)).isEqualTo("completed");
        assertThat(outcomes(id)).containsExactly("done");
        assertThat(state(next)).isEqualTo("available");
        worker(1);
        Awaitility.await().atMost(SOON).until(() -> state(next).equals("completed"));
    }

    @Test
    void a_cancel_reaches_the_handler_and_its_slot_is_free_for_the_next() throws Exception {
        worker(1);
        var id = enqueue("import-lines", "{\"lines\":100000,\"seconds\":0.1}");
        awaitProgress(id, 2);

        post("/api/jobs/" + id + "/cancel", "{\"reason\":\"too long\"}", 200);
        var next = enqueue("word-count", "{\"text\":\"glazed with rain\"}");

        Awaitility.await().atMost(SOON).until(() -> state(next).equals("completed"));
        assertThat(state(id)).isEqualTo("cancelled");
    }

    @Test
    void an_error_in_python_is_kept_with_its_name_and_its_trace() throws Exception {
        worker(2);
        var fails = enqueue("call-partner", "{}");
        var closed = enqueue("call-partner", "{\"closed\":true}");
        var empty = enqueue("word-count", "{}");

        Awaitility.await().atMost(SOON).until(() -> state(fails).equals("retryable"));
        var failure = job(fails).get("failure");
        assertThat(failure.get("type").stringValue()).isEqualTo("ConnectionError");
        assertThat(failure.get("message").stringValue()).isEqualTo("the partner does not answer");
        assertThat(failure.toString()).contains("worker.py").contains("call_partner");
        Awaitility.await().atMost(SOON).until(() -> state(closed).equals("scheduled"));
        Awaitility.await().atMost(SOON).until(() -> state(empty).equals("discarded"));
        assertThat(job(empty).get("failure").get("message").stringValue()).isEqualTo("there is no text to count");
    }

    private static final String ODD = """
            import sys
            from datetime import timedelta
            sys.path.insert(0, sys.argv[2])
            from millrace_worker import Retry, Snooze, Worker

            worker = Worker(sys.argv[1], queues=["odd"], timeout="5s")

            def later(job):
                raise Retry("too soon", after="a while")

            def unsayable(job):
                raise Snooze(timedelta(hours=1))

            def leaves(job):
                sys.exit(3)

            for handler in (later, unsayable, leaves):
                worker.kind(handler.__name__, retry={"fixed": "1h"})(handler)
            worker.run()
            """;

    @Test
    void a_handler_that_decides_what_can_not_be_said_has_failed_and_does_not_run_again_at_once() throws Exception {
        var script = Files.writeString(folder.resolve("odd.py"), ODD);
        var builder = new ProcessBuilder(
                "python3",
                "-B",
                script.toString(),
                url,
                ROOT.resolve("examples/python").toString());
        builder.environment().put("NO_PROXY", "127.0.0.1");
        workers.add(builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("odd.log").toFile())
                .start());
        for (var kind : List.of("later", "unsayable", "leaves")) {
            var id =
                    Objects.requireNonNull(enqueue("{\"kind\":\"%s\",\"queue\":\"odd\",\"payload\":{}}".formatted(kind))
                            .get("id")
                            .stringValue());

            Awaitility.await().atMost(SOON).until(() -> state(id).equals("retryable"));

            assertThat(outcomes(id)).hasSize(1);
        }
    }
}
