package dev.millrace.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.JobOptions;
import dev.millrace.Limit;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.Operations;
import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.cli.TryOut;
import dev.millrace.world.SystemWorld;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Why a job does not run, to programs over HTTP and to people at the command line: one node with one slot, in which a job sleeps. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WhyApiTest {

    private static final Limit SHOP = Limit.named("shop").concurrency(1);

    private final SystemWorld world = new SystemWorld();
    private final CommandLineFixture line = new CommandLineFixture();
    private final HttpClient client = HttpClient.newHttpClient();
    private final Millrace millrace;
    private final Node node;
    private final HttpServer server;
    private final Operations operations;
    private final JobId first;

    WhyApiTest() {
        CommandLineFixture.quiet();
        millrace = Millrace.on(line.store());
        operations = millrace.operations("a test");
        node = millrace.node().slots(1).with(new TryOut(world)).start();
        server = HttpServer.start(new HttpServer.Address("127.0.0.1", 0), millrace, node::status, world, "memory");
        first = sleeps(o -> o.limit(SHOP, "acme"));
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> operations.find(first).orElseThrow().progress() != null);
    }

    @AfterAll
    void close() {
        server.close();
        operations.pause(Scope.queue("default"), "the test is over");
        operations.cancel(first, "the test is over");
        millrace.close();
        client.close();
    }

    private JobId sleeps(UnaryOperator<JobOptions> options) {
        return operations.enqueue("sleep", 1, "{\"millis\":60000}", options).id();
    }

    private JsonNode why(JobId job) {
        try {
            var request = HttpRequest.newBuilder(URI.create(server.url() + "/api/jobs/" + job))
                    .build();
            var answer = client.send(request, BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            return new JsonMapper().readTree(answer.body()).get("why");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private JsonNode awaited(JobId job, String type) {
        return Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(
                        () -> why(job).get(0),
                        reason -> reason.get("type").stringValue().equals(type));
    }

    private String told(JobId job) {
        return line.run("why", job.toString()).out();
    }

    @Test
    void a_job_that_waits_for_its_limit_names_it_with_its_numbers_and_how_many_there_are() {
        var job = sleeps(o -> o.limit(SHOP.rate(60, Duration.ofMinutes(1)), "acme"));

        var limited = Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(
                        () -> why(job).get(0),
                        reason -> reason.get("type").stringValue().equals("limited")
                                && reason.get("mayRun").booleanValue());

        assertThat(limited.get("limit").stringValue()).isEqualTo("shop");
        assertThat(limited.get("key").stringValue()).isEqualTo("(\"acme\")");
        assertThat(limited.get("concurrency").intValue()).isEqualTo(1);
        assertThat(limited.get("rate").get("count").intValue()).isEqualTo(60);
        assertThat(limited.get("rate").get("period").stringValue()).isEqualTo("PT1M");
        assertThat(limited.get("adjusted").booleanValue()).isFalse();
        assertThat(limited.get("held").get("count").intValue()).isEqualTo(2);
        assertThat(limited.get("ahead").get("count").intValue()).isEqualTo(1);
        assertThat(limited.get("startsWithinMillis").longValue()).isEqualTo(2_000);
        assertThat(limited.get("node").stringValue()).isNotBlank();
        assertThat(told(job))
                .contains("It runs, or waits for limit shop of (\"acme\"), of which 1 may run at once and 60 may start")
                .contains("the node holds 2 of the key, 1 of them before it.");
    }

    @Test
    void a_job_behind_a_higher_priority_names_it_and_one_that_is_set_aside_says_that_others_go_first() {
        for (int i = 0; i < 20; i++) sleeps(o -> o.priority(Priority.HIGH));
        var bulk = sleeps(o -> o.priority(Priority.BULK));

        var outranked = awaited(bulk, "outranked");
        assertThat(outranked.get("higher").get(0).get("priority").stringValue()).isEqualTo("high");
        assertThat(outranked.get("higher").get(0).get("available").get("count").intValue())
                .isBetween(1, 20);
        assertThat(outranked.get("ahead").get("count").intValue()).isZero();
        assertThat(told(bulk)).contains("of priority high are available. In its own shard, none stands before it.");

        var crowd = new JobId[200];
        for (int i = 0; i < crowd.length; i++)
            crowd[i] = sleeps(o -> o.priority(Priority.URGENT).tenant("many"));
        sleeps(o -> o.priority(Priority.URGENT).tenant("few"));
        var aside = awaited(crowd[crowd.length - 1], "set-aside");
        assertThat(aside.get("tenant").stringValue()).isEqualTo("many");
        assertThat(aside.get("ahead").get("count").intValue()).isPositive();
        assertThat(aside.get("others").get("count").intValue()).isPositive();
        assertThat(told(crowd[crowd.length - 1]))
                .startsWith(
                        "Tenant many has asked for more than a few jobs of queue default, and was set aside: it is available in a");
    }
}
