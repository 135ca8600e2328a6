package dev.millrace.app;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Operations;
import dev.millrace.app.CommandLineFixture.Ran;
import dev.millrace.app.cli.Gate;
import dev.millrace.app.http.HttpFixture;
import dev.millrace.store.StoreException.Unavailable;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every kind of bad input, one row each: what was typed or sent, how it ends, and what the sentence says. What needs a killed process, a
 * held data directory or a read-only file system is in {@code LauncherIT}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {

    private static final String ID = "01932c07-209c-7fff-8a5c-3a1f8b2d9e10";
    private static final String NOBODY = "jdbc:postgresql://127.0.0.1:1/jobs";

    private final CommandLineFixture line = new CommandLineFixture();
    private final CommandLineFixture realLine = new CommandLineFixture(Gate.toPostgres());

    private final CommandLineFixture lineWithoutDatabase = new CommandLineFixture((options, command, console) ->
            new Gate.Visit(withoutDatabase(Millrace.on(new MemoryStore(new TextCodec()))), () -> {}));

    private Path folder;
    private ServerSocket taken;
    private HttpFixture http;
    private HttpFixture httpWithoutDatabase;

    @BeforeAll
    void open(@TempDir Path folder) throws IOException {
        this.folder = folder;
        taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        http = new HttpFixture();
        httpWithoutDatabase = new HttpFixture(BadInputTest::withoutDatabase);
        Files.writeString(folder.resolve("file"), "mine");
        Files.createDirectory(folder.resolve("foreign"));
        Files.writeString(folder.resolve("foreign/letter.txt"), "mine");
    }

    @AfterAll
    void close() throws IOException {
        taken.close();
        http.close();
        httpWithoutDatabase.close();
    }

    /** A command, its exit code, and a piece of its sentence. */
    record Typed(int exit, String says, String... command) {
        @Override
        public String toString() {
            return String.join(" ", command) + " → " + exit;
        }
    }

    Stream<Typed> typed() {
        return Stream.of(
                new Typed(2, "No command was given"),
                new Typed(2, "Did you mean enqueue", "enqeue", "echo"),
                new Typed(2, "Did you mean --state", "jobs", "--stat", "running"),
                new Typed(2, "Missing required parameter: 'KIND'", "enqueue"),
                new Typed(4, "The payload is not JSON", "enqueue", "echo", "{bad"),
                new Typed(4, "The payload is not JSON: it is empty", "enqueue", "echo", ""),
                new Typed(4, "A delay of -5 s lies in the past", "enqueue", "echo", "{}", "--in", "-5s"),
                new Typed(2, "is not a span of time", "enqueue", "echo", "{}", "--in", "soon"),
                new Typed(2, "is not a moment", "enqueue", "echo", "{}", "--at", "tomorrow"),
                new Typed(
                        2,
                        "two things about when",
                        "enqueue",
                        "echo",
                        "{}",
                        "--in",
                        "5s",
                        "--at",
                        "2027-03-27T02:30:00Z"),
                new Typed(4, "\"mail-and-more\" would do", "enqueue", "echo", "{}", "--queue", "mail and more"),
                new Typed(4, "A kind can't be called \"Echo\"", "enqueue", "Echo", "{}"),
                new Typed(4, "\"soon\" is not a priority", "enqueue", "echo", "{}", "--priority", "soon"),
                new Typed(4, "at most 262,144 are stored", "enqueue", "echo", "\"" + "x".repeat(300_000) + "\""),
                new Typed(4, "\"sleeping\" is not a state", "jobs", "--state", "sleeping"),
                new Typed(4, "can't be 0", "jobs", "--limit", "0"),
                new Typed(
                        2,
                        "--unique is empty: all jobs that have no such value",
                        "enqueue",
                        "echo",
                        "{}",
                        "--unique",
                        ""),
                new Typed(2, "--unique is empty", "enqueue", "echo", "{}", "--unique", "7", "--unique", " "),
                new Typed(2, "--in-order is empty", "enqueue", "echo", "{}", "--in-order", ""),
                new Typed(2, "--limit-by is empty", "enqueue", "echo", "{}", "--limit", "shop=2", "--limit-by", ""),
                new Typed(4, "An idempotency key is empty", "enqueue", "echo", "{}", "--key", ""),
                new Typed(4, "An expiry of 0 s is too short", "enqueue", "echo", "{}", "--expires", "0s"),
                new Typed(4, "it could never run", "enqueue", "echo", "{}", "--in", "1h", "--expires", "1m"),
                new Typed(4, "The version of a kind can't be 0", "enqueue", "echo", "{}", "--version", "0"),
                new Typed(
                        4,
                        "A debounce can't wait for 1 h of quiet and 1 min at most",
                        "enqueue",
                        "echo",
                        "{}",
                        "--unique",
                        "7",
                        "--debounce",
                        "1h",
                        "--at-most",
                        "1m"),
                new Typed(
                        4,
                        "A jitter of 1 h is longer than it is from one slot to the next, 10 min",
                        "schedule",
                        "set",
                        "poll",
                        "--every",
                        "10m",
                        "--jitter",
                        "1h",
                        "--kind",
                        "echo"),
                new Typed(
                        2,
                        "--unique is empty",
                        "schedule",
                        "set",
                        "poll",
                        "--every",
                        "10m",
                        "--kind",
                        "echo",
                        "--unique",
                        ""),
                new Typed(2, "Add --schema KIND", "kinds", "--version", "2"),
                new Typed(2, "--version 0 is no version", "kinds", "--schema", "echo", "--version", "0"),
                new Typed(
                        9,
                        "No node has published what payloads of \"nobody\" look like",
                        "kinds",
                        "--schema",
                        "nobody"),
                new Typed(2, "is not a job id", "job", "7"),
                new Typed(9, "There is no job " + ID, "job", ID),
                new Typed(9, "There is no job " + ID, "why", ID),
                new Typed(9, "There is no job " + ID, "cancel", ID),
                new Typed(9, "There is no job " + ID, "retry", ID),
                new Typed(2, "is not a job id", "batch", "7"),
                new Typed(9, "There is no job " + ID, "batch", ID),
                new Typed(2, "add --failed", "batch", ID, "--limit", "5"),
                new Typed(2, "--limit can't be 0", "batch", ID, "--failed", "--limit", "0"),
                new Typed(2, "between 1 and 1,000", "batch", ID, "--failed", "--limit", "1001"),
                new Typed(2, "expected one of", "pause", "node", "x"),
                new Typed(2, "A queue has one name", "pause", "queue", "x", "y"),
                new Typed(4, "has no values", "pause", "key", "sync"),
                new Typed(2, "\"shop=many\" is not a limit", "limit", "set", "shop", "many"),
                new Typed(4, "The weight of a job is its own", "limit", "set", "shop", "9/1m,burst=9,weight=2"),
                new Typed(2, "does not say how often a kind runs", "limit", "set", "echo", "9/1m", "--kind"),
                new Typed(2, "add --fleet", "limit", "set", "mail", "9", "--queue"),
                new Typed(2, "add --kind or --queue", "limit", "set", "shop", "9", "--fleet"),
                new Typed(4, "can't be 0. It is 1 to 1,000,000", "limit", "set", "echo", "0", "--kind", "--fleet"));
    }

    @ParameterizedTest
    @MethodSource("typed")
    void a_command_says_what_is_wrong(Typed row) {
        holds(line.run(row.command()), row);
    }

    Stream<Typed> typedAtARealGate() {
        var data = folder.resolve("data").toString();
        return Stream.of(
                new Typed(5, "The database 127.0.0.1:1/jobs can't be reached", "jobs", "--database", NOBODY),
                new Typed(5, "Nothing was changed", "enqueue", "echo", "{}", "--database", NOBODY),
                new Typed(5, "can't be reached", "up", "--port", "0", "--database", NOBODY),
                new Typed(5, "can't be reached", "crawl", "http://my_host.example/", "--database", NOBODY),
                new Typed(5, "can't be reached", "crawl", "http://[::1]/", "--database", NOBODY),
                new Typed(2, "Missing required parameter: 'URL'", "crawl"),
                new Typed(4, "begins with \"ftp:\"", "crawl", "ftp://example.org/", "--data", data),
                new Typed(4, "\"example\"", "crawl", "example", "--data", data),
                new Typed(4, "can't be read", "crawl", "http://example.org/", "--include", "re:(", "--data", data),
                new Typed(4, "between 1 and", "crawl", "http://example.org/", "--max-pages", "0", "--data", data),
                new Typed(
                        4,
                        "The depth can't be -1",
                        "crawl",
                        "http://example.org/",
                        "--max-depth",
                        "-1",
                        "--data",
                        data),
                new Typed(4, "The delay can't be", "crawl", "http://example.org/", "--delay", "2h", "--data", data),
                new Typed(
                        4, "attempts can't be 11", "crawl", "http://example.org/", "--attempts", "11", "--data", data),
                new Typed(
                        4, "fetchDeadline can't be", "crawl", "http://example.org/", "--timeout", "1h", "--data", data),
                new Typed(
                        4, "maxBodyBytes can't be", "crawl", "http://example.org/", "--max-body", "0", "--data", data),
                new Typed(
                        4,
                        "its folder does not exist",
                        "crawl",
                        "http://example.org/",
                        "--data",
                        data,
                        "--out",
                        folder.resolve("no/pages.jsonl").toString()),
                new Typed(
                        4,
                        "it is a folder",
                        "crawl",
                        "http://example.org/",
                        "--data",
                        data,
                        "--out",
                        folder.toString()),
                new Typed(2, "expected one of", "crawl", "http://example.org/", "--reach", "world", "--data", data),
                new Typed(2, "is not a JDBC address of PostgreSQL", "jobs", "--database", "postgres://localhost/jobs"),
                new Typed(
                        6,
                        "holds \"letter.txt\"",
                        "jobs",
                        "--data",
                        folder.resolve("foreign").toString()),
                new Typed(6, "file", "jobs", "--data", folder.resolve("file").toString()),
                new Typed(7, "is taken by another program", "up", "--data", data, "--port", "" + taken.getLocalPort()),
                new Typed(2, "is not a JDBC address", "crawl", "--database", "nonsense", "http://a_site.example/"),
                new Typed(
                        4,
                        "lies between",
                        "crawl",
                        "--database",
                        "nonsense",
                        "http://a.example/",
                        "--delay",
                        "PT9223372036854775807S"),
                new Typed(2, "--slots can't be 0. It is 1 to 100,000", "up", "--data", data, "--slots", "0"),
                new Typed(2, "It is 1 to 65535", "up", "--data", data, "--port", "70000"),
                new Typed(4, "is no address of this machine", "up", "--data", data, "--host", "192.0.2.1"));
    }

    @Execution(ExecutionMode.CONCURRENT) // some of them wait for a database that does not come
    @ParameterizedTest
    @MethodSource("typedAtARealGate")
    void a_command_says_what_stands_in_its_way(Typed row) {
        holds(realLine.run(row.command()), row);
        assertThat(folder.resolve("data")).as("nothing was begun").doesNotExist();
    }

    Stream<Typed> typedWhileTheDatabaseGoesAway() {
        return Stream.of(
                new Typed(5, "Nothing was sent", "enqueue", "echo"),
                new Typed(5, "Nothing was sent", "jobs"),
                new Typed(5, "Nothing was sent", "job", ID),
                new Typed(5, "Nothing was sent", "why", ID),
                new Typed(5, "Nothing was sent", "batch", ID),
                new Typed(5, "Nothing was sent", "cancel", ID),
                new Typed(5, "Nothing was sent", "retry", ID),
                new Typed(5, "Nothing was sent", "queues"),
                new Typed(5, "Nothing was sent", "nodes"),
                new Typed(5, "Nothing was sent", "pause", "queue", "mail"),
                new Typed(5, "Nothing was sent", "resume", "queue", "mail"));
    }

    @ParameterizedTest
    @MethodSource("typedWhileTheDatabaseGoesAway")
    void a_command_whose_database_goes_away_in_its_middle_says_so(Typed row) {
        holds(lineWithoutDatabase.run(row.command()), row);
    }

    private void holds(Ran ran, Typed row) {
        assertThat(ran.exit()).as(ran.err()).isEqualTo(row.exit());
        assertThat(ran.err()).contains(row.says()).contains("millrace: ").doesNotContain("\tat ");
        assertThat(ran.out()).isEmpty();
    }

    /** A request, its status, and a piece of its detail. */
    record Sent(int status, String says, String method, String path, String body) {
        @Override
        public String toString() {
            return "%s %s %s → %d".formatted(method, path, body.length() > 80 ? "(long)" : body, status);
        }
    }

    private static Sent job(int status, String says, String body) {
        return new Sent(status, says, "POST", "/api/jobs", body);
    }

    Stream<Sent> sent() {
        return Stream.of(
                job(400, "has no body", ""),
                job(400, "is not JSON", "{\"kind\""),
                job(400, "is not JSON", "{\"kind\":\"echo\"} {}"),
                job(400, "is not JSON", "{\"kind\":\"echo\",\"kind\":\"sleep\"}"),
                job(400, "is not an object", "7"),
                job(400, "has no kind", "{}"),
                job(400, "a field \"prio\", which is not known", "{\"kind\":\"echo\",\"prio\":1}"),
                job(400, "must be a text", "{\"kind\":7}"),
                job(400, "is not JSON", "{\"kind\":\"echo\",\"payload\":1e-2147483648}"),
                job(400, "a field \"" + "x".repeat(59) + "…\"", "{\"" + "x".repeat(40_000) + "\":1}"),
                job(400, "lies in the past", "{\"kind\":\"echo\",\"delay\":\"PT-9223372036854775808S\"}"),
                job(400, "must be a span of time", "{\"kind\":\"echo\",\"delay\":\"soon\"}"),
                job(400, "lies in the past", "{\"kind\":\"echo\",\"delay\":\"-5s\"}"),
                job(
                        400,
                        "both delay and runAt",
                        "{\"kind\":\"echo\",\"delay\":\"5s\",\"runAt\":\"2027-03-27T02:30:00Z\"}"),
                job(400, "must be a moment", "{\"kind\":\"echo\",\"runAt\":\"tomorrow\"}"),
                job(
                        400,
                        "The job's unique has an empty text in \"by\"",
                        "{\"kind\":\"echo\",\"unique\":{\"by\":[\"\"]}}"),
                job(400, "The job has an empty text in \"inOrder\"", "{\"kind\":\"echo\",\"inOrder\":[7,\" \"]}"),
                job(400, "The version of a kind can't be 0", "{\"kind\":\"echo\",\"version\":0}"),
                new Sent(
                        404,
                        "No node has published what payloads of nobody look like",
                        "GET",
                        "/api/kinds/nobody/schema",
                        ""),
                new Sent(400, "The parameter \"v\" is not known", "GET", "/api/kinds/echo/schema?v=2", ""),
                new Sent(400, "is no version of a kind", "GET", "/api/kinds/echo/schema?version=two", ""),
                job(400, "\"a-b\" would do", "{\"kind\":\"echo\",\"queue\":\"a b\"}"),
                job(400, "is not a priority", "{\"kind\":\"echo\",\"priority\":\"soon\"}"),
                job(400, "does not fit", "{\"kind\":\"sleep\",\"payload\":{\"millis\":\"long\"}}"),
                job(
                        413,
                        "at most 262,144 are stored",
                        "{\"kind\":\"echo\",\"payload\":\"" + "x".repeat(300_000) + "\"}"),
                job(413, "more than 8,388,608 bytes", "\"" + "x".repeat(9_000_000) + "\""),
                job(400, "Job 1 of the list has no kind", "[{\"kind\":\"echo\"},{}]"),
                job(400, "The list is empty", "[]"),
                new Sent(400, "is not a job id", "GET", "/api/jobs/7", ""),
                new Sent(404, "There is no job " + ID, "GET", "/api/jobs/" + ID, ""),
                new Sent(404, "There is no job " + ID, "POST", "/api/jobs/" + ID + "/cancel", ""),
                new Sent(400, "which is not known", "POST", "/api/jobs/" + ID + "/cancel", "{\"why\":\"x\"}"),
                new Sent(404, "There is nothing at /api/cats", "GET", "/api/cats", ""),
                new Sent(405, "PUT is not allowed", "PUT", "/api/jobs", ""),
                new Sent(400, "The filter \"sate\" is not known", "GET", "/api/jobs?sate=running", ""),
                new Sent(400, "is not a state", "GET", "/api/jobs?state=sleeping", ""),
                new Sent(400, "is not a whole number", "GET", "/api/jobs?limit=many", ""));
    }

    @ParameterizedTest
    @MethodSource("sent")
    void a_request_gets_a_problem_that_says_what_is_wrong(Sent row) {
        holds(http, row);
    }

    Stream<Sent> sentWithoutDatabase() {
        return Stream.of(
                job(503, "Nothing was sent", "{\"kind\":\"echo\"}"),
                new Sent(503, "Nothing was sent", "GET", "/api/jobs", ""),
                new Sent(503, "Nothing was sent", "GET", "/api/queues", ""),
                new Sent(503, "Nothing was sent", "GET", "/api/overview", ""),
                new Sent(503, "Nothing was sent", "GET", "/health/ready", ""));
    }

    @ParameterizedTest
    @MethodSource("sentWithoutDatabase")
    void a_request_while_the_database_is_down_says_when_to_come_back(Sent row) {
        var answer = holds(httpWithoutDatabase, row);

        assertThat(answer.header("Retry-After")).isEqualTo("5");
    }

    @Test
    void the_process_lives_on_and_measures_itself_while_the_database_is_down() {
        assertThat(httpWithoutDatabase.get("/health/live").status()).isEqualTo(200);
        assertThat(httpWithoutDatabase.get("/metrics").text())
                .contains("millrace_database_up 0")
                .contains("millrace_node_slots")
                .doesNotContain("millrace_queue_jobs{");
    }

    private static HttpFixture.Answer holds(HttpFixture http, Sent row) {
        var answer = switch (row.method()) {
            case "GET" -> http.get(row.path());
            case "POST" -> http.post(row.path(), row.body());
            default -> http.send(row.method(), row.path());
        };
        assertThat(answer.status()).as(answer.text()).isEqualTo(row.status());
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        var problem = answer.json();
        assertThat(problem.get("detail").stringValue()).contains(row.says());
        assertThat(problem.get("status").intValue()).isEqualTo(row.status());
        assertThat(problem.get("type").stringValue()).startsWith("urn:millrace:problem:");
        assertThat(problem.get("title").stringValue()).isNotEmpty();
        return answer;
    }

    @Test
    void a_body_of_bytes_that_are_no_text_is_refused() {
        var answer = http.post("/api/jobs", "{\"kind\":\"echo\",\"payload\":\"\u00e4\"}".getBytes(ISO_8859_1));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains("The body is not UTF-8");
    }

    @Test
    void half_a_surrogate_pair_is_shown_as_it_was_sent() {
        var sent = http.post("/api/jobs", "{\"kind\":\"nobody-runs-it\",\"payload\":\"\\ud83d\"}");

        assertThat(http.get(sent.header("Location")).text()).contains("\"payload\":\"\\ud83d\"");
    }

    @Test
    void a_key_that_stands_for_another_request_is_a_conflict_in_both_doors() {
        http.post("/api/jobs", "{\"kind\":\"echo\",\"payload\":1,\"idempotencyKey\":\"k\"}");
        line.run("enqueue", "echo", "1", "--key", "k");

        assertThat(http.post("/api/jobs", "{\"kind\":\"echo\",\"payload\":2,\"idempotencyKey\":\"k\"}")
                        .status())
                .isEqualTo(409);
        assertThat(line.run("enqueue", "echo", "2", "--key", "k").exit()).isEqualTo(4);
    }

    @Test
    void a_body_of_another_type_is_refused_since_any_web_page_could_send_it() {
        assertThat(http.get("/api/jobs", "Origin", "http://evil.example").status())
                .isEqualTo(403);
    }

    @Test
    void a_kind_that_nobody_runs_is_taken_and_explained() {
        var id = line.run("enqueue", "nobody-runs-it").out().strip();

        assertThat(line.run("why", id).out()).contains("No node");
        var sent = http.post("/api/jobs", "{\"kind\":\"nobody-runs-it\"}");
        assertThat(sent.status()).isEqualTo(201);
    }

    /** An engine whose database has gone. */
    private static Millrace withoutDatabase(Millrace real) {
        var operations = (Operations) Proxy.newProxyInstance(
                BadInputTest.class.getClassLoader(), new Class<?>[] {Operations.class}, (proxy, method, arguments) -> {
                    throw new Unavailable("The database can't be reached for \"%s\": refused. Nothing was sent."
                            .formatted(method.getName()));
                });
        return (Millrace) Proxy.newProxyInstance(
                BadInputTest.class.getClassLoader(), new Class<?>[] {Millrace.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("operations")) return operations;
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
