package dev.millrace.app.http;

import static org.assertj.core.api.Assertions.assertThat;

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
}
