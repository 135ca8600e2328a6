package dev.millrace.app.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.wire.Json;
import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.simulation.cases.Hostile;
import java.util.ArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;

/** Whatever is sent to where jobs are taken: it is taken and can be shown again, or refused with a reason. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RequestBodyPropertyTest {

    private final HttpFixture http = new HttpFixture();

    @AfterAll
    void close() {
        http.close();
    }

    @Test
    void any_body_is_taken_or_refused_with_a_problem() {
        Cases.forAll(150, RequestBodyPropertyTest::body, body -> {
            var answer = http.post("/api/jobs", body);

            assertThat(answer.status()).as(answer.text()).isIn(200, 201, 400, 409, 413);
            if (answer.status() >= 400) isAProblem(answer);
            else for (var id : answer.json().findValuesAsString("id")) shows(id);
        });
    }

    @Test
    void a_payload_that_was_taken_is_shown_as_it_was_sent() {
        Cases.forAll(50, Hostile::json, payload -> {
            var answer = http.post("/api/jobs", "{\"kind\":\"nobody-runs-it\",\"payload\":%s}".formatted(payload));

            if (answer.status() != 201) isAProblem(answer);
            else
                assertThat(shows(answer.json().get("id").stringValue()).get("payload"))
                        .isEqualTo(Json.read(payload));
        });
    }

    @Test
    void any_body_to_a_job_is_done_or_refused_with_a_problem() {
        var id = http.post("/api/jobs", "{\"kind\":\"nobody-runs-it\",\"delay\":\"1h\"}")
                .json()
                .get("id")
                .stringValue();

        Cases.forAll(40, c -> new Steered(c.of("cancel", "retry"), body(c)), steered -> {
            var answer = http.post("/api/jobs/%s/%s".formatted(id, steered.how()), steered.body());

            assertThat(answer.status()).as(answer.text()).isIn(200, 400, 409, 413);
            if (answer.status() >= 400) isAProblem(answer);
            shows(id);
        });
    }

    record Steered(String how, byte[] body) {
        @Override
        public String toString() {
            return how + " " + new String(body, ISO_8859_1);
        }
    }

    private JsonNode shows(String id) throws Json.NotJson {
        var shown = http.get("/api/jobs/" + id);
        assertThat(shown.status()).as(shown.text()).isEqualTo(200);
        return Json.read(shown.text());
    }

    private static void isAProblem(HttpFixture.Answer answer) {
        assertThat(answer.status()).as(answer.text()).isBetween(400, 499);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        var problem = answer.json();
        assertThat(problem.get("status").intValue()).isEqualTo(answer.status());
        assertThat(problem.get("type").stringValue()).startsWith("urn:millrace:problem:");
        assertThat(problem.get("detail").stringValue())
                .hasSizeBetween(20, 2_000)
                .endsWith(".");
    }

    private static byte[] body(Choices choices) {
        return switch (choices.below(8)) {
            case 0, 1, 2, 3 -> job(choices).getBytes(UTF_8);
            case 4 -> ("[" + String.join(",", choices.list(3, RequestBodyPropertyTest::job)) + "]").getBytes(UTF_8);
            case 5 -> Hostile.spoilt(choices, job(choices).getBytes(UTF_8));
            case 6 -> Hostile.nearlyJson(choices).getBytes(UTF_8);
            default -> Hostile.bytes(choices);
        };
    }

    /** A job as JSON, its fields now and then of another type or from another world. */
    private static String job(Choices choices) {
        var fields = new ArrayList<String>();
        if (!choices.oneIn(12)) fields.add("\"kind\":" + choices.of("\"echo\"", "\"nobody-runs-it\""));
        fields.addAll(choices.list(4, RequestBodyPropertyTest::field));
        return "{" + String.join(",", fields) + "}";
    }

    private static String field(Choices choices) {
        var name = choices.of(
                "payload",
                "payload",
                "version",
                "queue",
                "priority",
                "delay",
                "runAt",
                "expiresAfter",
                "idempotencyKey",
                "after",
                "ifFailed",
                "inOrder",
                "limit",
                "tenant",
                "share",
                "tags",
                "headers",
                "reason",
                "kind",
                "other");
        return "\"%s\":%s".formatted(name, choices.oneIn(4) ? Hostile.json(choices) : fitting(choices, name));
    }

    private static String fitting(Choices choices, String name) {
        return switch (name) {
            case "version", "share" -> Hostile.number(choices);
            case "priority" -> choices.of("\"high\"", "\"HIGH\"", "\"\"", "\"soon\"");
            case "delay", "expiresAfter" ->
                choices.of(
                        "\"1h\"",
                        "\"0\"",
                        "\"-5s\"",
                        "\"106751991167300d\"",
                        "\"PT9223372036854775807.999999999S\"",
                        "\"PT-9223372036854775808S\"",
                        "\"-PT9223372036854775807S\"",
                        "\"P1Y\"",
                        "\"1ms\"",
                        "\"PT0.000000001S\"",
                        "\"99999999999999999999d\"");
            case "runAt" ->
                choices.of(
                        "\"2027-03-27T02:30:00Z\"",
                        "\"-999999999-01-01T00:00:00+18:00\"",
                        "\"+999999999-12-31T23:59:59.999999999-18:00\"",
                        "\"1969-12-31T23:59:59Z\"",
                        "\"-4713-01-01T00:00:00Z\"",
                        "\"2027-02-30T00:00:00Z\"",
                        "\"2027-03-27\"");
            case "tags" -> "[" + String.join(",", choices.list(3, Hostile::quoted)) + "]";
            case "headers" ->
                "{"
                        + String.join(
                                ",",
                                choices.list(
                                        3, c -> c.any(Hostile::quoted, d -> "\"trace\"") + ":" + Hostile.quoted(c)))
                        + "}";
            case "after" ->
                "["
                        + String.join(
                                ",",
                                choices.list(
                                        3,
                                        c -> c.any(Hostile::quoted, d -> "\"01932c07-209c-7fff-8a5c-3a1f8b2d9e10\"")))
                        + "]";
            case "ifFailed" -> choices.of("\"run\"", "\"cancel\"", "\"RUN\"", "\"\"");
            case "inOrder" -> keyValues(choices);
            case "limit" ->
                "{\"name\":%s,\"concurrency\":%s,\"by\":%s}"
                        .formatted(
                                choices.of("\"shop\"", "\"Shop\"", "\"\""),
                                choices.of("2", "0", Hostile.number(choices)),
                                keyValues(choices));
            case "payload" -> Hostile.json(choices);
            default -> Hostile.quoted(choices);
        };
    }

    private static String keyValues(Choices choices) {
        return "[" + String.join(",", choices.list(3, RequestBodyPropertyTest::keyValue)) + "]";
    }

    private static String keyValue(Choices choices) {
        return choices.any(Hostile::quoted, Hostile::number, c -> c.of("true", "false", "null"));
    }
}
