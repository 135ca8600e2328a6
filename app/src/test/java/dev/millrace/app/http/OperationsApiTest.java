package dev.millrace.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperationsApiTest {

    private final HttpFixture http = new HttpFixture();

    @AfterAll
    void close() {
        http.close();
    }

    private String enqueued(String kind) {
        return http.post(
                        "/api/jobs",
                        "{\"kind\":\"%s\",\"payload\":{\"order\":7},\"runAt\":\"2027-03-27T02:30:00Z\"}"
                                .formatted(kind))
                .json()
                .get("id")
                .stringValue();
    }

    private JsonNode job(String id) {
        return http.get("/api/jobs/" + id).json();
    }

    private static String of(String kind, String more) {
        return "{\"filter\":{\"state\":\"scheduled\",\"kind\":\"%s\"},%s}".formatted(kind, more);
    }

    private void refused(String body, String says) {
        var answer = http.post("/api/operations", body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains(says);
    }

    @Test
    void a_change_is_a_plan_first_and_then_an_operation_that_is_taken_back() {
        var id = enqueued("first");
        var change = "\"what\":\"reschedule\",\"later\":\"1h\"";

        var plan = http.post("/api/operations", of("first", change));
        assertThat(plan.status()).as(plan.text()).isEqualTo(200);
        assertThat(plan.json().get("count").intValue()).isEqualTo(1);
        assertThat(plan.json().get("done").booleanValue()).isFalse();
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T02:30:00Z");

        var run =
                http.post("/api/operations", of("first", change + ",\"run\":true,\"reason\":\"the provider is down\""));
        assertThat(run.status()).as(run.text()).isEqualTo(200);
        var location = run.header("Location");
        assertThat(location).isEqualTo("/api/operations/" + run.json().get("id").stringValue());
        assertThat(run.json().get("changed").intValue()).isEqualTo(1);
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T03:30:00Z");
        assertThat(job(id).get("changes").get(0).get("reason").stringValue()).isEqualTo("the provider is down");
        assertThat(http.get(location).json().get("what").stringValue()).isEqualTo("reschedule");
        assertThat(http.post(location + "/resume", "{}").status()).isEqualTo(200);

        var undo = http.post(location + "/undo", "{\"reason\":\"wrong hour\"}");
        assertThat(undo.status()).as(undo.text()).isEqualTo(200);
        assertThat(undo.json().get("what").stringValue()).isEqualTo("undo");
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T02:30:00Z");
        assertThat(http.get("/api/operations?limit=2").json().get("operations")).hasSize(2);
    }

    @Test
    void a_request_that_is_repeated_under_its_id_is_one_operation() {
        var id = enqueued("repeated");
        var operation = "5d0c7a10-8f2e-4c43-9b0e-0a1f6b2c3d4e";
        var change = of(
                "repeated",
                "\"what\":\"reschedule\",\"later\":\"1h\",\"run\":true,\"reason\":\"the provider is down\"");

        var first = http.post("/api/operations", change, "Idempotency-Key", operation);
        var again = http.post(
                "/api/operations", change.replace("{\"filter\"", "{\"id\":\"%s\",\"filter\"".formatted(operation)));

        assertThat(first.status()).as(first.text()).isEqualTo(200);
        assertThat(first.json().get("existed").booleanValue()).isFalse();
        assertThat(again.status()).as(again.text()).isEqualTo(200);
        assertThat(again.json().get("existed").booleanValue()).isTrue();
        assertThat(again.json().get("id").stringValue()).isEqualTo(operation);
        assertThat(again.header("Location")).isEqualTo("/api/operations/" + operation);
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T03:30:00Z");

        var other = http.post("/api/operations", change.replace("1h", "2h"), "Idempotency-Key", operation);
        assertThat(other.status()).as(other.text()).isEqualTo(409);
        assertThat(other.json().get("type").stringValue()).isEqualTo("urn:millrace:problem:conflict");
        assertThat(other.json().get("operation").stringValue()).isEqualTo(operation);
        assertThat(other.json().get("detail").stringValue())
                .contains("reschedule by PT1H of jobs")
                .contains("reschedule by PT2H of jobs");
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T03:30:00Z");
    }

    @Test
    void an_undo_that_is_repeated_under_its_id_is_one_operation() {
        enqueued("undone");
        var run = http.post(
                "/api/operations", of("undone", "\"what\":\"cancel\",\"run\":true,\"reason\":\"not wanted\""));
        var undo = run.header("Location") + "/undo";
        var said = "{\"id\":\"6d0c7a10-8f2e-4c43-9b0e-0a1f6b2c3d4e\",\"reason\":\"wanted\"}";

        assertThat(http.post(undo, said).json().get("existed").booleanValue()).isFalse();
        var again = http.post(undo, said);

        assertThat(again.json().get("existed").booleanValue()).isTrue();
        assertThat(again.json().get("changed").intValue()).isEqualTo(1);
        assertThat(http.post(undo, said.replace("wanted", "needed")).status()).isEqualTo(409);
    }

    @Test
    void who_stops_an_operation_says_why_and_of_one_that_has_ended_nothing_changes() {
        enqueued("stopped");
        var run = http.post(
                "/api/operations", of("stopped", "\"what\":\"cancel\",\"run\":true,\"reason\":\"not wanted\""));
        var stop = run.header("Location") + "/stop";

        assertThat(http.post(stop, "{}").status()).isEqualTo(400);
        assertThat(http.post(stop, "{\"why\":\"wrong\"}").text()).contains("\\\"why\\\", which is not known");
        var answer = http.post(stop, "{\"reason\":\"wrong\"}");

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(answer.json().get("stopped").isNull()).isTrue();
        assertThat(answer.json().get("changed").intValue()).isEqualTo(1);
        assertThat(http.post("/api/operations/3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d11/stop", "{\"reason\":\"x\"}")
                        .status())
                .isEqualTo(404);
    }

    @Test
    void an_id_that_is_none_is_refused() {
        refused(of("x", "\"what\":\"cancel\",\"id\":\"7\""), "which is a UUID");
        refused(of("x", "\"what\":\"cancel\",\"id\":\"1-1-1-1-1\""), "which is a UUID");
        refused(of("x", "\"what\":\"cancel\",\"id\":7"), "must be a text");
        var two = http.post(
                "/api/operations",
                of("x", "\"what\":\"cancel\",\"id\":\"6d0c7a10-8f2e-4c43-9b0e-0a1f6b2c3d4e\""),
                "Idempotency-Key",
                "5d0c7a10-8f2e-4c43-9b0e-0a1f6b2c3d4e");
        assertThat(two.status()).isEqualTo(400);
        assertThat(two.json().get("detail").stringValue()).contains("Send one of them");
    }

    @Test
    void payloads_are_patched() {
        var id = enqueued("second");
        var change = "\"what\":\"edit\",\"patch\":{\"order\":null,\"number\":8}";

        var plan = http.post("/api/operations", of("second", change)).json();
        assertThat(plan.get("edits").get(0).get("before").get("order").intValue())
                .isEqualTo(7);
        assertThat(plan.get("edits").get(0).get("after").get("number").intValue())
                .isEqualTo(8);

        http.post("/api/operations", of("second", change + ",\"run\":true,\"reason\":\"numbered anew\""));
        assertThat(job(id).get("payload").get("number").intValue()).isEqualTo(8);
        assertThat(job(id).get("payload").has("order")).isFalse();
    }

    @Test
    void what_was_deleted_says_by_whom() {
        var id = enqueued("third");
        http.post("/api/jobs/" + id + "/cancel", "{}");

        var deleted = http.post(
                "/api/operations",
                "{\"what\":\"delete\",\"filter\":{\"state\":\"cancelled\",\"kind\":\"third\"},\"run\":true,\"reason\":\"test data\"}");

        assertThat(deleted.status()).as(deleted.text()).isEqualTo(200);
        var gone = http.get("/api/jobs/" + id);
        assertThat(gone.status()).isEqualTo(404);
        assertThat(gone.json().get("detail").stringValue()).contains("was deleted by http: test data");
        http.post(deleted.header("Location") + "/undo", "{\"reason\":\"it was not\"}");
        assertThat(job(id).get("state").stringValue()).isEqualTo("cancelled");
    }

    @Test
    void what_can_not_be_understood_is_refused() {
        refused("[]", "not an object");
        refused("{\"what\":\"requeue\"}", "has no filter");
        refused("{\"filter\":{\"state\":\"scheduled\"}}", "does not say what is done");
        refused(of("x", "\"what\":\"destroy\""), "must be requeue, cancel, reschedule, edit or delete");
        refused(of("x", "\"what\":\"cancel\",\"patch\":{}"), "A patch is for an edit");
        refused(of("x", "\"what\":\"cancel\",\"later\":\"1h\""), "later is for a reschedule");
        refused(of("x", "\"what\":\"cancel\",\"priority\":\"bulk\""), "A priority is given to jobs that are requeued");
        refused(of("x", "\"what\":\"reschedule\""), "This one has none");
        refused(of("x", "\"what\":\"reschedule\",\"later\":\"1h\",\"earlier\":\"1h\""), "earlier and later");
        refused(of("x", "\"what\":\"edit\""), "An edit has a patch");
        refused(of("x", "\"what\":\"edit\",\"patch\":7"), "An edit has a patch");
        refused(of("x", "\"what\":\"cancel\",\"run\":true"), "Why is it done?");
        refused(of("x", "\"what\":\"cancel\",\"run\":1"), "must be true or false");
        refused(of("x", "\"what\":\"cancel\",\"rate\":1"), "has a field \"rate\"");
        refused("{\"what\":\"cancel\",\"filter\":{\"status\":\"x\"}}", "The filter has a field \"status\"");
        refused(
                "{\"what\":\"cancel\",\"filter\":{\"state\":\"scheduled\"},\"run\":true,\"reason\":\"away\"}",
                "This is about all");
        assertThat(http.get("/api/operations/7").status()).isEqualTo(400);
        assertThat(http.get("/api/operations/3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d10")
                        .status())
                .isEqualTo(404);
    }

    @Test
    void groups_of_failures_are_told() {
        assertThat(http.get("/api/failures?since=24h&state=discarded").json().get("groups"))
                .isEmpty();
        assertThat(http.get("/api/failures?fingerprint=x").status()).isEqualTo(400);
        assertThat(http.get("/api/failures?since=soon").json().get("detail").stringValue())
                .contains("span of time");
    }
}
