package dev.millrace.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SchedulesApiTest {

    private final HttpFixture http = new HttpFixture();

    @AfterAll
    void close() {
        http.close();
    }

    @Test
    void a_schedule_is_set_fires_is_changed_and_removed() {
        var created = http.put(
                "/api/schedules/tick",
                "{\"every\":\"1s\",\"reason\":\"a customer asks for it\",\"job\":{\"kind\":\"echo\",\"payload\":{\"a\":1},\"tags\":[\"x\"]}}");

        assertThat(created.status()).as(created.text()).isEqualTo(201);
        assertThat(created.header("Location")).isEqualTo("/api/schedules/tick");
        assertThat(created.json().get("outcome").stringValue()).isEqualTo("created");
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() ->
                        !http.get("/api/schedules/tick").json().get("lastJob").isNull());
        var one = http.get("/api/schedules/tick").json();
        assertThat(one.get("nodeAlive").booleanValue()).isTrue();
        assertThat(one.get("set").get("by").stringValue()).isEqualTo("http");
        assertThat(one.get("set").get("reason").stringValue()).isEqualTo("a customer asks for it");
        assertThat(one.get("set").get("payload").get("a").intValue()).isEqualTo(1);
        var job = http.get("/api/jobs/" + one.get("lastJob").stringValue()).json();
        assertThat(job.get("headers").get("schedule").stringValue()).isEqualTo("tick");
        assertThat(http.get("/api/schedules").json().get("schedules").get(0).get("name"))
                .isEqualTo(one.get("name"));

        var cron =
                "{\"cron\":\"30 2 * * *\",\"zone\":\"Europe/Berlin\",\"gap\":\"skip\",\"overlap\":\"both\",\"ifMissed\":\"all\",\"lookBack\":\"12h\","
                        + "\"jitter\":\"5m\",\"from\":\"2027-01-01T00:00:00Z\",\"until\":\"2037-01-01T00:00:00Z\",\"job\":{\"kind\":\"echo\"}}";
        var changed = http.put("/api/schedules/tick", cron);
        assertThat(changed.status()).as(changed.text()).isEqualTo(200);
        assertThat(changed.json().get("outcome").stringValue()).isEqualTo("changed");
        assertThat(changed.json().get("definition").stringValue())
                .isEqualTo(
                        "\"30 2 * * *\" in Europe/Berlin, not in a gap, both of two; missed: all, up to 12 h back; up to 5 min later; from 2027-01-01T00:00:00Z; before 2037-01-01T00:00:00Z");
        assertThat(http.put("/api/schedules/tick", cron).json().get("outcome").stringValue())
                .isEqualTo("unchanged");

        assertThat(http.send("DELETE", "/api/schedules/tick?reason=the+customer+has+left")
                        .status())
                .isEqualTo(200);
        assertThat(http.send("DELETE", "/api/schedules/tick").status()).isEqualTo(404);
        assertThat(http.get("/api/schedules/tick").status()).isEqualTo(404);
    }

    @Test
    void what_can_not_be_understood_is_refused() {
        refused("{\"job\":{\"kind\":\"echo\"}}", 400, "by one of cron, every and afterEach");
        refused("{\"every\":\"1m\",\"afterEach\":\"1m\",\"job\":{\"kind\":\"echo\"}}", 400, "by one of cron");
        refused("{\"every\":\"1m\"}", 400, "The schedule has no job");
        refused("{\"every\":\"1m\",\"job\":{}}", 400, "The job has no kind");
        refused("{\"cron\":\"@daily\",\"job\":{\"kind\":\"echo\"}}", 400, "cron and zone go together");
        refused(
                "{\"cron\":\"@daily\",\"zone\":\"Europe/Berln\",\"job\":{\"kind\":\"echo\"}}",
                400,
                "There is no zone \"Europe/Berln\"");
        refused("{\"cron\":\"30 25 * * *\",\"zone\":\"UTC\",\"job\":{\"kind\":\"echo\"}}", 400, "The hour \"25\"");
        refused(
                "{\"every\":\"1m\",\"job\":{\"kind\":\"echo\"},\"missed\":\"all\"}",
                400,
                "\"missed\", which is not known");
        refused(
                "{\"every\":\"1m\",\"job\":{\"kind\":\"echo\"},\"ifMissed\":\"some\"}",
                400,
                "must be one of all, once, skip");
        refused("{\"every\":\"1m\",\"job\":{\"kind\":\"echo\",\"delay\":\"1m\"}}", 400, "a time of its own");
        refused(
                "{\"afterEach\":\"1m\",\"lookBack\":\"1m\",\"job\":{\"kind\":\"echo\"}}",
                400,
                "lookBack has no meaning");
        assertThat(http.put("/api/schedules/A%20B", "{\"every\":\"1m\",\"job\":{\"kind\":\"echo\"}}")
                        .text())
                .contains("A schedule can't be called");
        assertThat(http.send("DELETE", "/api/schedules/tock?why=so").status()).isEqualTo(400);
        assertThat(http.get("/api/schedules").json().get("schedules")).isEmpty();
    }

    private void refused(String body, int status, String why) {
        var answer = http.put("/api/schedules/tock", body);

        assertThat(answer.status()).as(body).isEqualTo(status);
        assertThat(answer.json().get("detail").stringValue()).contains(why);
    }
}
