package dev.millrace.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.Line;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HttpServerTest {

    private final HttpFixture http = new HttpFixture();

    @AfterAll
    void close() {
        http.close();
    }

    @Test
    void a_job_is_created_at_its_location_and_runs() {
        var created = http.post("/api/jobs", "{\"kind\":\"echo\",\"payload\":{\"hello\":\"world\"}}");

        assertThat(created.status()).isEqualTo(201);
        var location = created.header("Location");
        assertThat(location).isEqualTo("/api/jobs/" + created.json().get("id").stringValue());
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() ->
                        http.get(location).json().get("state").stringValue().equals("completed"));
        var job = http.get(location).json();
        assertThat(job.get("result").get("hello").stringValue()).isEqualTo("world");
        assertThat(job.get("steps").get(0).get("outcome").stringValue()).isEqualTo("done");
        assertThat(job.get("why").get(0).get("type").stringValue()).isEqualTo("ended");
    }

    @Test
    void the_same_request_with_the_same_key_is_the_same_job() {
        var first = http.post("/api/jobs", "{\"kind\":\"echo\",\"payload\":1}", "Idempotency-Key", "order-7");
        var again = http.post("/api/jobs", "{\"kind\":\"echo\", \"payload\": 1}", "Idempotency-Key", "order-7");

        assertThat(first.status()).isEqualTo(201);
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.json().get("id")).isEqualTo(first.json().get("id"));
        assertThat(again.json().get("existed").booleanValue()).isTrue();
    }

    @Test
    void a_job_has_the_order_and_the_limit_that_a_program_would_give_it() {
        var sent = http.post(
                "/api/jobs",
                "{\"kind\":\"echo\",\"inOrder\":[\"account\",7],\"limit\":{\"name\":\"shop\",\"concurrency\":2,\"by\":[\"7\",true]}}");

        assertThat(sent.status()).as(sent.text()).isEqualTo(201);
        var location = sent.header("Location");
        var headers = http.get(location).json().get("headers");
        assertThat(headers.get(Line.ORDER).stringValue()).isEqualTo("(\"account\",7)");
        assertThat(headers.get(Line.LIMIT).stringValue()).isEqualTo("shop 2 (\"7\",true)");
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() ->
                        http.get(location).json().get("state").stringValue().equals("completed"));
    }

    @Test
    void a_limit_without_values_is_shared_by_all_and_null_is_nothing() {
        for (var by : new String[] {"", ",\"by\":[]", ",\"by\":null"}) {
            var sent = http.post(
                    "/api/jobs",
                    "{\"kind\":\"echo\",\"inOrder\":null,\"limit\":{\"name\":\"all\",\"concurrency\":1%s}}"
                            .formatted(by));

            assertThat(sent.status()).as(sent.text()).isEqualTo(201);
            var headers = http.get(sent.header("Location")).json().get("headers");
            assertThat(headers.get(Line.LIMIT).stringValue()).isEqualTo("all 1 ()");
            assertThat(headers.has(Line.ORDER)).isFalse();
        }
    }

    @Test
    void a_job_runs_after_those_that_it_names() {
        var first = http.post("/api/jobs", "{\"kind\":\"nobody-runs-it\"}")
                .json()
                .get("id")
                .stringValue();

        var sent =
                http.post("/api/jobs", "{\"kind\":\"echo\",\"after\":[\"%s\"],\"ifFailed\":\"run\"}".formatted(first));

        assertThat(sent.status()).as(sent.text()).isEqualTo(201);
        var job = http.get(sent.header("Location")).json();
        assertThat(job.get("state").stringValue()).isEqualTo("scheduled");
        assertThat(job.get("reason").stringValue()).isEqualTo("runs after job " + first);
        var why = job.get("why").get(0);
        assertThat(why.get("type").stringValue()).isEqualTo("blockers-open");
        assertThat(why.get("open").intValue()).isEqualTo(1);
        assertThat(why.get("blockers").get(0).get("id").stringValue()).isEqualTo(first);
    }

    @Test
    void what_a_job_can_t_run_after_is_refused() {
        refused("\"after\":\"7\"", "The job has \"7\" for \"after\", which must be a list of texts");
        refused("\"after\":[\"7\"]", "The job, in \"after\": \"7\" is not a job id");
        refused("\"ifFailed\":\"run\"", "The job has ifFailed and no after");
        refused("\"after\":[\"01932c07-209c-7fff-8a5c-3a1f8b2d9e10\"],\"ifFailed\":\"go\"", "It is cancel or run");
        refused(
                "\"after\":[\"01932c07-209c-7fff-8a5c-3a1f8b2d9e10\"]",
                "There is no job 01932c07-209c-7fff-8a5c-3a1f8b2d9e10 to run after");
    }

    @Test
    void an_order_that_can_t_be_understood_is_refused() {
        refused("\"inOrder\":[]", "The job has [] for \"inOrder\", which must be a list that says whose order it is");
        refused("\"inOrder\":7", "The job has 7 for \"inOrder\", which must be a list of texts");
        refused("\"inOrder\":[null]", "The job has [null] for \"inOrder\"");
        refused("\"inOrder\":[1.5]", "such as [\"account\",7]");
        refused("\"inOrder\":[[7]]", "such as [\"account\",7]");
        refused("\"inOrder\":[\"a\\u0000\"]", "One of the values of the order key holds a zero");
    }

    @Test
    void a_limit_that_can_t_be_understood_is_refused() {
        refused("\"limit\":2", "The job has 2 for \"limit\", which must be an object such as {\"name\":\"shop\"");
        refused("\"limit\":{\"concurrency\":2}", "The job's limit has no name");
        refused("\"limit\":{\"name\":\"shop\"}", "The job's limit has neither concurrency nor rate");
        refused("\"limit\":{\"name\":7,\"concurrency\":2}", "The job's limit has 7 for \"name\"");
        refused("\"limit\":{\"name\":\"Shop\",\"concurrency\":2}", "A limit can't be called \"Shop\"");
        refused("\"limit\":{\"name\":\"shop\",\"concurrency\":\"2\"}", "must be a whole number from 1 to 100,000");
        refused("\"limit\":{\"name\":\"shop\",\"concurrency\":3000000000}", "has 3000000000 for \"concurrency\"");
        refused("\"limit\":{\"name\":\"shop\",\"concurrency\":0}", "The concurrency of a limit can't be 0");
        refused(
                "\"limit\":{\"name\":\"shop\",\"concurrency\":2,\"by\":\"acme\"}",
                "The job's limit has \"acme\" for \"by\", which must be a list of texts");
        refused(
                "\"limit\":{\"name\":\"shop\",\"concurrency\":2,\"per\":[\"acme\"]}",
                "The job's limit has a field \"per\", which is not known. The fields are by, concurrency, name, rate, weight.");
        refused("\"limit\":{\"name\":\"shop\",\"rate\":100}", "which must be an object such as {\"count\":100");
        refused("\"limit\":{\"name\":\"shop\",\"rate\":{\"count\":100}}", "The job's limit's rate has no period");
        refused("\"limit\":{\"name\":\"shop\",\"rate\":{\"period\":\"1m\"}}", "The job's limit's rate has no count");
        refused(
                "\"limit\":{\"name\":\"shop\",\"rate\":{\"count\":1,\"period\":\"soon\"}}",
                "\"period\", which must be a span of time");
        refused(
                "\"limit\":{\"name\":\"shop\",\"rate\":{\"count\":1,\"period\":\"1m\",\"per\":1}}",
                "The fields are burst, count, period.");
        refused(
                "\"limit\":{\"name\":\"shop\",\"rate\":{\"count\":1,\"period\":\"1m\"},\"weight\":2}",
                "can never start under the limit shop");
    }

    @Test
    void a_limit_may_say_how_many_start_in_a_time() {
        var sent = http.post(
                "/api/jobs",
                "{\"kind\":\"echo\",\"limit\":{\"name\":\"shop\",\"rate\":{\"count\":100,\"period\":\"1m\",\"burst\":20},\"weight\":5,\"by\":[\"acme\"]}}");

        assertThat(sent.status()).as(sent.text()).isEqualTo(201);
        var headers = http.get(sent.header("Location")).json().get("headers");
        assertThat(headers.get(Line.LIMIT).stringValue()).isEqualTo("shop 100000 (\"acme\")");
        assertThat(headers.get(Line.RATE).stringValue()).isEqualTo("100/60000/20 5");
    }

    @Test
    void a_priority_has_no_place_in_a_line() {
        var line = "\"inOrder\":[7],\"priority\":\"high\"";

        refused(line, "has priority high, and an order or a limit");
        refused("\"priority\":\"bulk\",\"limit\":{\"name\":\"shop\",\"concurrency\":2}", "has priority bulk");
        var list = http.post("/api/jobs", "[{\"kind\":\"echo\",%s}]".formatted(line));
        assertThat(list.status()).as(list.text()).isEqualTo(400);
        assertThat(list.json().get("type").stringValue()).isEqualTo("urn:millrace:problem:refused");
    }

    private void refused(String fields, String says) {
        var answer = http.post("/api/jobs", "{\"kind\":\"echo\",%s}".formatted(fields));

        assertThat(answer.status()).as(answer.text()).isEqualTo(400);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.json().get("detail").stringValue()).contains(says);
    }

    @Test
    void a_list_is_taken_whole_or_not_at_all() {
        var refused = http.post(
                "/api/jobs", "[{\"kind\":\"echo\",\"queue\":\"whole\"},{\"kind\":\"No Name\",\"queue\":\"whole\"}]");
        var taken = http.post(
                "/api/jobs", "[{\"kind\":\"echo\",\"queue\":\"both\"},{\"kind\":\"echo\",\"queue\":\"both\"}]");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(http.get("/api/jobs?queue=whole").json().get("jobs")).isEmpty();
        assertThat(taken.status()).isEqualTo(201);
        assertThat(http.get("/api/jobs?queue=both").json().get("jobs")).hasSize(2);
    }

    @Test
    void jobs_are_listed_in_pages() {
        for (int i = 0; i < 3; i++) http.post("/api/jobs", "{\"kind\":\"echo\",\"queue\":\"pages\"}");

        var first = http.get("/api/jobs?queue=pages&limit=2").json();
        var second = http.get("/api/jobs?queue=pages&limit=2&before="
                        + first.get("before").stringValue())
                .json();

        assertThat(first.get("jobs")).hasSize(2);
        assertThat(first.get("jobs").get(0).propertyNames()).doesNotContain("payload", "result");
        assertThat(second.get("jobs")).hasSize(1);
        assertThat(second.get("jobs").get(0).get("id"))
                .isNotIn(
                        first.get("jobs").get(0).get("id"),
                        first.get("jobs").get(1).get("id"));
    }

    @Test
    void a_waiting_job_can_be_cancelled_and_run_again() {
        var id = http.post("/api/jobs", "{\"kind\":\"echo\",\"delay\":\"1h\"}")
                .json()
                .get("id")
                .stringValue();

        assertThat(http.post("/api/jobs/" + id + "/retry", "").status()).isEqualTo(409);
        var cancelled = http.post("/api/jobs/" + id + "/cancel", "{\"reason\":\"withdrawn\"}");
        assertThat(cancelled.json().get("state").stringValue()).isEqualTo("cancelled");
        assertThat(http.get("/api/jobs/" + id).json().get("reason").stringValue())
                .contains("withdrawn");
        assertThat(http.post("/api/jobs/" + id + "/retry", "")
                        .json()
                        .get("before")
                        .stringValue())
                .isEqualTo("cancelled");
    }

    @Test
    void a_reason_may_hold_what_no_database_takes() {
        var id = http.post("/api/jobs", "{\"kind\":\"echo\",\"delay\":\"1h\"}")
                .json()
                .get("id")
                .stringValue();

        assertThat(http.post("/api/jobs/" + id + "/cancel", "{\"reason\":\"a zero \\u0000 within\"}")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void health_says_whether_it_lives_and_whether_it_can_work() {
        assertThat(http.get("/health/live").status()).isEqualTo(200);
        assertThat(http.get("/health/ready").status()).isEqualTo(200);
    }

    @Test
    void metrics_show_what_is_known_and_leave_out_what_is_not() {
        http.post("/api/jobs", "{\"kind\":\"echo\",\"queue\":\"measured\"}");
        var metrics = http.get("/metrics");

        assertThat(metrics.header("Content-Type")).startsWith("text/plain");
        assertThat(metrics.text())
                .contains("millrace_node_trusted 1")
                .contains("millrace_node_slots 100")
                .contains("millrace_node_claimed_total ")
                .contains("millrace_database_up 1")
                .contains("jvm_memory_used_bytes")
                .doesNotContain("NaN")
                .doesNotContain("millrace_node_oldest_running_seconds 0");
    }

    @Test
    void a_request_has_an_id_its_own_if_it_is_a_good_one() {
        assertThat(http.get("/health/live", "X-Request-Id", "abc-1").header("X-Request-Id"))
                .isEqualTo("abc-1");
        assertThat(http.get("/health/live", "X-Request-Id", "<script>").header("X-Request-Id"))
                .hasSize(16);
        var problem = http.get("/api/jobs/nothing", "X-Request-Id", "abc-2").json();
        assertThat(problem.get("requestId").stringValue()).isEqualTo("abc-2");
    }

    @Test
    void the_page_asks_for_nothing_from_anywhere_else() {
        for (var path : new String[] {"/", "/page.js", "/page.css", "/mark.svg"}) {
            var file = http.get(path);
            assertThat(file.status()).as(path).isEqualTo(200);
            assertThat(file.header("Content-Security-Policy"))
                    .as(path)
                    .contains("default-src 'none'")
                    .doesNotContain("unsafe");
            assertThat(file.text().replace("http://www.w3.org/2000/svg", ""))
                    .as(path)
                    .doesNotContain("http://")
                    .doesNotContain("https://");
        }
        assertThat(http.get("/").text()).doesNotContain("style=").doesNotContain("onclick");
    }

    @Test
    void the_overview_holds_what_the_page_shows() {
        var overview = http.get("/api/overview").json();

        assertThat(overview.propertyNames()).contains("at", "database", "queues", "running", "failures", "nodes");
        assertThat(overview.get("nodes").get(0).get("name").stringValue()).isEqualTo("here");
    }

    @Test
    void a_stopping_server_is_not_ready_and_still_answers() {
        try (var own = new HttpFixture()) {
            own.server().stopping();

            assertThat(own.get("/health/ready").status()).isEqualTo(503);
            assertThat(own.get("/health/live").status()).isEqualTo(200);
            assertThat(own.get("/api/queues").status()).isEqualTo(200);
        }
    }

    @Test
    void the_doctor_tells_what_is_wrong_with_status_200_whatever_it_is() {
        try (var own = new HttpFixture()) {
            var well = own.get("/api/doctor");
            assertThat(well.status()).isEqualTo(200);
            assertThat(well.json().get("verdict").stringValue()).isEqualTo("healthy");
            assertThat(well.json().get("figures").get("nodesAlive").longValue()).isEqualTo(1);
            assertThat(own.send("POST", "/api/doctor").status()).isEqualTo(405);
        }
        try (var own = new HttpFixture()) {
            own.post("/api/jobs", "{\"kind\":\"echo\",\"queue\":\"nobody\"}");
            var ill = own.get("/api/doctor");
            assertThat(ill.status()).isEqualTo(200);
            assertThat(ill.json().get("verdict").stringValue()).isEqualTo("unhealthy");
            assertThat(ill.json().get("findings").get(0).get("object").stringValue())
                    .isEqualTo("queue nobody");
        }
    }
}
