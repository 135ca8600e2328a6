package dev.millrace.app.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Limit;
import dev.millrace.LogLevel;
import dev.millrace.Millrace;
import dev.millrace.NodeView;
import dev.millrace.Operations.NamedJob;
import dev.millrace.Reduce;
import dev.millrace.Retry;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.console.ExitCode;
import dev.millrace.store.Line;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.world.SystemWorld;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CommandLineTest {

    private final CommandLineFixture line = new CommandLineFixture();

    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text);
    }

    @Test
    void enqueue_prints_the_id_alone_so_that_a_script_can_take_it() {
        var ran = line.run("enqueue", "echo", "{\"a\": 1}");

        assertThat(ran.exit()).isZero();
        assertThat(JobId.of(ran.out())).isNotNull();
        assertThat(ran.err()).contains("No node is alive, so it waits");
    }

    @Test
    void every_command_that_tells_something_tells_it_as_one_json_value_too() {
        var id = json(line.run("enqueue", "echo", "[1]", "--queue", "mail", "--json")
                        .out())
                .get("id")
                .stringValue();

        assertThat(json(line.run("jobs", "--json").out()).get(0).get("id").stringValue())
                .isEqualTo(id);
        assertThat(json(line.run("jobs", "--json").out()).get(0).propertyNames())
                .as("a thousand payloads would not fit into a process")
                .doesNotContain("payload", "result");
        assertThat(json(line.run("job", id, "--json").out()).get("payload").toString())
                .isEqualTo("[1]");
        assertThat(json(line.run("why", id, "--json").out())
                        .get("reasons")
                        .get(0)
                        .get("type")
                        .stringValue())
                .isEqualTo("no-node");
        assertThat(json(line.run("queues", "--json").out()).get(0).get("name").stringValue())
                .isEqualTo("mail");
        assertThat(json(line.run("nodes", "--json").out()).isArray()).isTrue();
        assertThat(json(line.run("pause", "queue", "mail", "--json").out())
                        .get("paused")
                        .booleanValue())
                .isTrue();
        assertThat(json(line.run("resume", "queue", "mail", "--json").out())
                        .get("paused")
                        .booleanValue())
                .isFalse();
        line.run("pause", "key", "mail", "product", "42", "--reason", "the provider is down");
        line.run("pause", "limit", "shop");
        assertThat(line.run("pauses").out()).contains("mail (\"product\",42)").contains("the provider is down");
        assertThat(json(line.run("pauses", "--json").out())).hasSize(2);
        line.run("resume", "key", "mail (\"product\",42)");
        line.run("resume", "limit", "shop");
        assertThat(json(line.run("pauses", "--json").out())).isEmpty();
        line.run("limit", "set", "shop", "5,200/1m,burst=20", "--reason", "they allow more");
        line.run("limit", "set", "echo", "3", "--kind");
        assertThat(line.run("limit", "list").out())
                .contains("5 at once, 200 in 1 min, a burst of 20")
                .contains("they allow more");
        assertThat(json(line.run("limit", "list", "--json").out())).hasSize(2);
        assertThat(line.run("limit", "reset", "shop").out()).contains("are those of the code again");
        assertThat(line.run("limit", "reset", "shop").out()).contains("No numbers were set");
        line.run("limit", "reset", "echo", "--kind");
        line.run("limit", "set", "echo", "20", "--kind", "--fleet");
        line.run("limit", "set", "mail", "4", "--queue", "--fleet");
        assertThat(line.run("limit", "list").out())
                .contains("kind, on all nodes")
                .contains("queue, on all nodes");
        assertThat(line.run("limit", "fleet").out()).contains("echo").contains("operator");
        assertThat(json(line.run("limit", "fleet", "--json").out())).hasSize(2);
        assertThat(line.run("limit", "reset", "echo", "--kind", "--fleet").out())
                .contains("of the code again");
        line.run("limit", "reset", "mail", "--queue", "--fleet");
        assertThat(json(line.run("cancel", id, "--json").out()).get("state").stringValue())
                .isEqualTo("cancelled");
        assertThat(json(line.run("retry", id, "--json").out()).get("before").stringValue())
                .isEqualTo("cancelled");
        assertThat(json(line.run("version", "--json").out()).has("version")).isTrue();
    }

    @Test
    void a_short_page_of_a_state_that_has_no_list_says_that_there_may_be_more_where_there_are_many_jobs() {
        line.run("enqueue", "echo", "{}");
        assertThat(line.run("jobs", "--state", "completed").err()).doesNotContain("There may be more");

        try (var millrace = Millrace.on(line.store())) {
            var waiting = new NamedJob("echo", 1, "{}", o -> o.in(Duration.ofHours(1)));
            millrace.operations("mara").enqueueAll(Collections.nCopies(1_000, waiting));
        }

        assertThat(line.run("jobs", "--state", "completed").err())
                .contains(
                        "There may be more: of jobs that are completed only the newest 50,000 deliveries are looked at.")
                .contains("--before and the id of an older job.");
        assertThat(line.run("jobs", "--state", "available").err()).contains("With --since 3650d all are.");
        assertThat(line.run("jobs", "--state", "available", "--since", "3650d").err())
                .doesNotContain("There may be more");
        assertThat(line.run("jobs", "--state", "scheduled").err()).doesNotContain("There may be more");
    }

    @Test
    void a_pause_may_have_an_end_and_tells_what_it_meets() {
        line.run("enqueue", "send-invoice", "{}", "--queue", "mail", "--in-order", "product", "--in-order", "42");

        var slip = line.run("pause", "key", "mail (\"product\",\"42\")", "--for", "2h");
        assertThat(slip.exit()).as(slip.err()).isZero();
        assertThat(slip.out()).contains("is paused until").contains("To end that before: millrace resume key");
        assertThat(slip.err())
                .contains("Nothing that waits now belongs to it. The key mail (\"product\",42) is spelled otherwise")
                .contains("If you mean that: millrace pause key 'mail (\"product\",42)'");
        assertThat(line.run("pauses").out()).contains("ENDS").contains("in 1:5");
        var past = line.run("pause", "queue", "mail", "--until", "2020-01-01T00:00:00Z");
        assertThat(past.exit()).isEqualTo(4);
        assertThat(past.err()).contains("Nothing was paused");
        assertThat(line.run("pause", "queue", "mail", "--for", "1h", "--until", "2030-01-01T00:00:00Z")
                        .exit())
                .isEqualTo(2);
        var paused = json(line.run("pause", "queue", "mail", "--json").out());
        assertThat(paused.get("meets").stringValue()).isEqualTo("something");
        assertThat(paused.get("until").isNull()).isTrue();
    }

    @Test
    void a_payload_on_standard_input_is_read_as_far_as_one_can_be_stored() {
        var before = System.in;
        var endless = new InputStream() {
            private long read;

            @Override
            public int read() throws IOException {
                if (++read > 64 << 20) throw new IOException("nobody should read as far as here");
                return '7';
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                for (int i = from; i < from + length; i++) into[i] = (byte) read();
                return length;
            }
        };
        try {
            System.setIn(endless);
            var refused = line.run("enqueue", "echo", "-");
            assertThat(refused.exit()).isEqualTo(4);
            assertThat(refused.err()).contains("at most 262,144 are stored");

            System.setIn(new ByteArrayInputStream(("[7" + " ".repeat(1 << 20) + "]").getBytes(UTF_8)));
            assertThat(line.run("enqueue", "echo", "-").exit()).isZero();
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void a_job_is_enqueued_with_the_order_and_the_limit_that_a_program_would_give_it() {
        try (var millrace = Millrace.on(line.store())) {
            var shop = Limit.named("shop")
                    .concurrency(2)
                    .rate(100, Duration.ofMinutes(1))
                    .burst(20)
                    .weight(5);
            UnaryOperator<JobOptions> said = o -> o.inOrder("account", 7, true).limit(shop, "acme", -7);
            var own = millrace.enqueue(new Thumbnail("a.png"), said).id().toString();

            var typed = line.run(
                            "enqueue",
                            "thumbnail",
                            "{\"image\":\"a.png\"}",
                            "--in-order=account",
                            "--in-order=7",
                            "--in-order=true",
                            "--limit=shop=2,100/1m,burst=20,weight=5",
                            "--limit-by=acme",
                            "--limit-by=-7")
                    .out()
                    .strip();

            assertThat(headers(typed)).isEqualTo(headers(own));
            assertThat(headers(typed).get(Line.ORDER).stringValue()).isEqualTo("(\"account\",7,true)");
            assertThat(headers(typed).get(Line.LIMIT).stringValue()).isEqualTo("shop 2 (\"acme\",-7)");
        }
    }

    @Test
    void a_limit_without_values_is_shared_by_all() {
        var id = line.run("enqueue", "echo", "{}", "--limit", "all=1").out().strip();

        assertThat(headers(id).get(Line.LIMIT).stringValue()).isEqualTo("all 1 ()");
        assertThat(headers(id).has(Line.ORDER)).isFalse();
    }

    private JsonNode headers(String id) {
        return json(line.run("job", id, "--json").out()).get("headers");
    }

    @Test
    void a_job_that_runs_after_others_says_so_and_what_it_waits_for() {
        var first = line.run("enqueue", "echo", "{}").out().strip();
        var second = line.run("enqueue", "echo", "{}").out().strip();
        var after = line.run("enqueue", "echo", "{}", "--after", first + "," + second)
                .out()
                .strip();
        var anyhow = line.run("enqueue", "echo", "{}", "--after", second, "--if-failed", "run")
                .out()
                .strip();

        assertThat(line.run("job", after).out())
                .contains(after + "  scheduled")
                .contains("reason    runs after job " + first + " and one other")
                .contains("It runs after 2 jobs that have not ended")
                .contains(first + " (available)");
        assertThat(line.run("jobs").out()).contains("runs after job " + second);
        var why = json(line.run("why", after, "--json").out()).get("reasons").get(0);
        assertThat(why.get("type").stringValue()).isEqualTo("blockers-open");
        assertThat(why.get("open").intValue()).isEqualTo(2);
        assertThat(why.get("blockers").get(1).get("id").stringValue()).isEqualTo(second);
        assertThat(why.get("blockers").get(1).get("state").stringValue()).isEqualTo("available");

        line.run("cancel", second, "--reason", "it is the wrong one");
        assertThat(line.run("job", after).out())
                .contains(after + "  cancelled")
                .contains("it runs after job %s, which was cancelled".formatted(second));
        assertThat(line.run("job", anyhow).out()).contains(anyhow + "  available");
    }

    @Test
    void what_a_job_can_t_run_after_is_refused() {
        var unknown = "01932c07-209c-7fff-8a5c-3a1f8b2d9e10";
        refused(ExitCode.USAGE, "\"7\" is not a job id", "--after", "7");
        refused(ExitCode.USAGE, "Add --after ID", "--if-failed", "run");
        refused(ExitCode.USAGE, "It is cancel or run", "--after", unknown, "--if-failed", "go");
        refused(ExitCode.REFUSED, "There is no job " + unknown + " to run after", "--after", unknown);

        assertThat(json(line.run("jobs", "--json").out())).isEmpty();
    }

    @Test
    void an_order_or_a_limit_that_can_t_be_understood_is_refused() {
        refused(ExitCode.USAGE, "\"shop\" is not a limit. Write its name", "--limit", "shop");
        refused(ExitCode.USAGE, "\"shop=two\" is not a limit", "--limit", "shop=two");
        refused(ExitCode.USAGE, "\"shop=\" is not a limit", "--limit", "shop=");
        refused(ExitCode.USAGE, "\"shop=2,\" is not a limit", "--limit", "shop=2,");
        refused(ExitCode.USAGE, "\"shop=100/soon\" is not a limit", "--limit", "shop=100/soon");
        refused(ExitCode.USAGE, "\"shop=bust=2\" is not a limit", "--limit", "shop=bust=2");
        refused(ExitCode.USAGE, "A limit can't be called \"my shop\"", "--limit", "my shop=2");
        refused(ExitCode.USAGE, "The concurrency of a limit can't be 0", "--limit", "shop=0");
        refused(ExitCode.USAGE, "only once", "--limit", "shop=2", "--limit", "mail=1");
        refused(ExitCode.USAGE, "Add --limit NAME=N", "--limit-by", "acme");
        refused(ExitCode.REFUSED, "has priority high, and an order", "--in-order", "7", "--priority", "high");
        refused(ExitCode.REFUSED, "has priority bulk", "--limit", "shop=2", "--priority", "bulk");
        refused(ExitCode.REFUSED, "One of the values of the order key holds a zero", "--in-order", "a\0");

        assertThat(json(line.run("jobs", "--json").out())).isEmpty();
    }

    private void refused(ExitCode code, String says, String... options) {
        var command = new ArrayList<>(List.of("enqueue", "echo", "{}"));
        command.addAll(List.of(options));

        var ran = line.run(command.toArray(String[]::new));

        assertThat(ran.exit()).as(ran.err()).isEqualTo(code.number());
        assertThat(ran.err()).contains(says);
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void the_help_of_enqueue_tells_of_order_and_limits() {
        assertThat(line.run("enqueue", "--help").out())
                .contains("--in-order=VALUE")
                .contains("--limit=NAME=SAID")
                .contains("--limit-by=VALUE")
                .contains("--limit shop=2");
    }

    @Test
    void an_error_is_one_sentence_on_standard_error_or_one_json_object_on_standard_output() {
        var plain = line.run("jobs", "--state", "sleeping");
        var json = line.run("jobs", "--state", "sleeping", "--json");

        assertThat(plain.out()).isEmpty();
        assertThat(plain.err().lines()).hasSize(1);
        assertThat(json.err()).isEmpty();
        assertThat(json(json.out()).get("error").get("code").stringValue()).isEqualTo("refused");
        assertThat(json(json.out()).get("error").get("message").stringValue()).contains("sleeping");
    }

    @Test
    void the_trace_of_an_error_is_shown_only_when_asked_for() {
        assertThat(line.run("jobs", "--state", "sleeping").err()).doesNotContain("\tat ");
        assertThat(line.run("jobs", "--state", "sleeping", "--verbose").err()).contains("\tat ");
    }

    @Test
    void colour_is_for_terminals() {
        line.run("enqueue", "echo");

        assertThat(line.run("jobs").out()).doesNotContain("\u001b");
        assertThat(line.onATerminal().run("jobs").out()).contains("\u001b[36mavailable");
    }

    @Test
    void a_job_shows_what_became_of_it() {
        try (var millrace = Millrace.on(line.store())) {
            millrace.node().with(new TryOut(new SystemWorld())).start();
            var id = line.run("enqueue", "echo", "{\"hello\":\"world\"}").out().strip();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> line.run("job", id).out().contains("completed"));

            var shown = line.run("job", id).out();

            assertThat(shown).contains("result    {\"hello\":\"world\"}").contains("done");
            assertThat(line.run("retry", id).out()).contains("runs again");
        }
    }

    @Test
    void a_batch_shows_how_its_parts_ended_and_what_the_job_that_follows_waits_for() {
        try (var millrace = Millrace.on(line.store())) {
            var rome = millrace.batch(
                    Stream.of("a.png", "b.bmp", "c.png", "d.bmp").map(Thumbnail::new), new Publish("Rome"));
            var id = rome.id().toString();
            var first =
                    millrace.operations("test").parts(rome.id(), 0).getFirst().toString();
            line.run("cancel", first, "--reason", "it is blurred");

            assertThat(line.run("batch", id).out())
                    .contains(id + "  scheduled")
                    .contains("parts     4")
                    .contains("open      3")
                    .contains("3 of 4 parts have not ended");
            assertThat(line.run("jobs").out()).contains("follows a batch");
            assertThat(line.run("job", first).out())
                    .contains("part of   batch " + id)
                    .doesNotContain(":batch");
            var why = json(line.run("why", id, "--json").out()).get("reasons").get(0);
            assertThat(why.get("type").stringValue()).isEqualTo("parts-open");
            assertThat(why.get("batch").get("open").intValue()).isEqualTo(3);

            millrace.node()
                    .handle(Thumbnail.class, CommandLineTest::scaled)
                    .retry(Retry.none())
                    .reduce(Publish.class, (job, parts, attempt) ->
                            (int) parts.values().count())
                    .start();
            assertThat(rome.get(Duration.ofSeconds(20))).isEqualTo(1);

            assertThat(line.run("batch", id, "--failed").out())
                    .contains(id + "  completed")
                    .contains("completed 1")
                    .contains("discarded 2")
                    .contains("cancelled 1")
                    .contains("open      0")
                    .contains("it is blurred")
                    .contains("b.bmp can't be scaled")
                    .contains("d.bmp can't be scaled")
                    .doesNotContain("c.png");
            var json = json(
                    line.run("batch", id, "--failed", "--limit", "2", "--json").out());
            assertThat(json.get("followed").booleanValue()).isTrue();
            assertThat(json.get("state").stringValue()).isEqualTo("completed");
            assertThat(json.get("failed").size()).isEqualTo(2);
            assertThat(json.get("failed").get(1).get("number").intValue()).isEqualTo(1);
            assertThat(json.get("failed").get(1).propertyNames()).doesNotContain("payload", "result");
        }
    }

    @Test
    void a_job_that_follows_no_batch_says_so_and_a_part_names_its_batch() {
        try (var millrace = Millrace.on(line.store())) {
            var rome = millrace.batch(Stream.of(new Thumbnail("a.png")), new Publish("Rome"));
            var part = millrace.operations("test").parts(rome.id(), 0).getFirst();
            var other = line.run("enqueue", "echo").out().strip();

            assertThat(line.run("batch", other).exit()).isEqualTo(ExitCode.NOT_FOUND.number());
            assertThat(line.run("batch", other).err()).contains("Job " + other + " follows no batch");
            assertThat(line.run("batch", part.toString()).exit()).isEqualTo(ExitCode.NOT_FOUND.number());
            assertThat(line.run("batch", part.toString()).err()).contains("`millrace batch " + rome.id() + "`");
        }
    }

    private static String scaled(Thumbnail job) {
        if (job.image().endsWith(".bmp")) throw new IllegalArgumentException(job.image() + " can't be scaled");
        return "scaled " + job.image();
    }

    @Kind("thumbnail")
    record Thumbnail(String image) implements Job<String> {}

    @Kind("publish")
    record Publish(String album) implements Reduce<String, Integer> {}

    @Test
    void what_a_handler_wrote_does_nothing_to_the_terminal() {
        var steering = "\u001b]0;owned\u0007\u001b[2J\u009b31m\rnew line";
        line.onATerminal();
        try (var millrace = Millrace.on(line.store())) {
            millrace.node()
                    .handle(Steering.class, (job, attempt) -> {
                        attempt.log(steering);
                        throw new IllegalStateException(steering);
                    })
                    .retry(Retry.none())
                    .start();
            var id = millrace.enqueue(new Steering()).id().toString();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> line.run("job", id).out().contains("attempt 1"));

            var shown = line.run("job", id).out()
                    + line.run("jobs").out()
                    + line.run("why", id).out();

            assertThat(shown).contains("␛]0;owned␇").contains("attempt 1");
            assertThat(shown.replaceAll("\u001b\\[\\d+m", "").chars())
                    .noneMatch(c -> Character.isISOControl(c) && c != '\n');
            assertThat(line.run("enqueue", "\u001b[2J").err()).doesNotContain("\u001b");
        }
    }

    @Test
    void of_a_jobs_log_only_graver_lines_are_shown_where_a_level_is_asked_for() {
        try (var millrace = Millrace.on(line.store())) {
            millrace.node()
                    .handle(Steering.class, (job, attempt) -> {
                        attempt.log(LogLevel.DEBUG, "a detail");
                        attempt.log(LogLevel.WARNING, "it is late", new IllegalStateException("no such order"));
                    })
                    .start();
            var id = millrace.enqueue(
                            new Steering(),
                            o -> o.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
                    .id()
                    .toString();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> line.run("job", id).out().contains("it is late"));

            assertThat(line.run("job", id).out())
                    .contains(
                            "trace     4bf92f3577b34da6a3ce929d0e0e4736",
                            "attempt 1  debug    a detail",
                            "attempt 1  warning  it is late java.lang.IllegalStateException: no such order");
            assertThat(line.run("job", id, "--level", "warning").out())
                    .contains("it is late")
                    .doesNotContain("a detail");
            var log = json(line.run("job", id, "--json", "--level", "warning").out())
                    .get("log");
            assertThat(log.size()).isEqualTo(1);
            assertThat(log.get(0).get("level").stringValue()).isEqualTo("warning");
            assertThat(log.get(0).get("traceId").stringValue()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
            assertThat(line.run("job", id, "--level", "loud").exit()).isEqualTo(ExitCode.USAGE.number());
        }
    }

    @Test
    void a_hung_handler_of_another_process_is_told_by_commands_that_run_no_node() {
        var storage = line.store().open(new SystemWorld());
        var lease = storage.join(new NodeCard(
                new NodeId(UUID.randomUUID()),
                "far",
                "elsewhere",
                77,
                "1.0",
                4,
                List.of("mail"),
                List.of("send:2"),
                List.of("send:1", "send:2")));
        var job = JobId.of(line.run("enqueue", "send", "1", "--queue", "mail").out());

        storage.beat(lease, new NodeView.Stuck(1, job, Duration.ofMinutes(3)));

        assertThat(line.run("nodes").out())
                .containsPattern("Node far: a handler was told to end and has not, 3:0\\d min ago: that of job " + job);
        var node = json(line.run("nodes", "--json").out()).get(0);
        assertThat(node.get("stuck").get("handlers").intValue()).isEqualTo(1);
        assertThat(node.get("stuck").get("oldest").stringValue()).isEqualTo(job.toString());
        assertThat(node.get("reads").toString()).isEqualTo("[\"send:1\",\"send:2\"]");
        var found = line.run("doctor");
        assertThat(found.out())
                .contains("stuck-handler", "A handler of node far (process 77 on elsewhere)", "millrace job " + job);
        assertThat(line.run("kinds").out()).containsPattern("send +1").containsPattern("send +2");
        storage.beat(lease);
        assertThat(line.run("nodes").out()).doesNotContain("told to end");
    }

    @Test
    void programs_are_told_what_there_is_no_node_for() {
        var job = line.run("enqueue", "send", "1", "--queue", "mail").out().strip();

        var reason = json(line.run("why", job, "--json").out()).get("reasons").get(0);

        assertThat(reason.get("type").stringValue()).isEqualTo("no-node");
        assertThat(reason.get("queue").stringValue()).isEqualTo("mail");
        assertThat(reason.get("kind").stringValue()).isEqualTo("send");
        assertThat(reason.get("version").intValue()).isEqualTo(1);
        assertThat(reason.get("missing").stringValue()).isEqualTo("node");
    }

    @Kind("steering")
    record Steering() implements Job<Void> {}

    @Test
    void an_empty_store_teaches_the_first_command() {
        assertThat(line.run("jobs").err()).contains("millrace enqueue echo");
        assertThat(line.run("queues").err()).contains("millrace enqueue echo");
        assertThat(line.run("nodes").err()).contains("millrace up");
    }

    @Test
    void every_help_has_examples_and_the_first_one_lists_the_exit_codes() {
        var shell = line.run("--help");

        assertThat(shell.exit()).isZero();
        for (var code : ExitCode.values()) assertThat(shell.out()).contains(code.meaning());
        for (var name : commands()) {
            var help = line.run(name, "--help");
            assertThat(help.exit()).as(name).isZero();
            assertThat(help.out()).as(name).contains("Examples:").contains("millrace " + name);
        }
    }

    private static List<String> commands() {
        var shell = new Shell(
                new dev.millrace.app.console.Console(
                        new java.io.PrintWriter(java.io.Writer.nullWriter()),
                        new java.io.PrintWriter(java.io.Writer.nullWriter()),
                        dev.millrace.app.console.Terminal.NONE),
                new SystemWorld(),
                Gate.toPostgres());
        CommandLine tree = CommandTree.finished(CommandTree.of(shell), shell);
        var names = new ArrayList<>(tree.getSubcommands().keySet());
        names.remove("generate-completion");
        return names;
    }

    @Test
    void the_completion_script_knows_the_commands() {
        assertThat(line.run("generate-completion").out()).contains("enqueue").contains("--queue");
    }
}
