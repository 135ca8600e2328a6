package dev.millrace.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What payloads look like, and what becomes of those that do not. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KindsApiTest {

    private final HttpFixture http = new HttpFixture(PostgresStore.json());

    @BeforeAll
    void its_node_has_published() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> http.get("/api/kinds").json().get("kinds").size() == 2);
    }

    @AfterAll
    void close() {
        http.close();
    }

    @Test
    void the_kinds_are_listed_with_their_schemas() {
        var kinds = http.get("/api/kinds").json().get("kinds");

        assertThat(kinds.get(0).get("kind").stringValue()).isEqualTo("echo");
        assertThat(kinds.get(1).get("kind").stringValue()).isEqualTo("sleep");
        assertThat(kinds.get(1).get("version").intValue()).isEqualTo(1);
        assertThat(kinds.get(1).get("schema").get("required").get(0).stringValue())
                .isEqualTo("millis");
    }

    @Test
    void a_schema_is_given_as_itself() {
        var schema = http.get("/api/kinds/sleep/schema?version=1");

        assertThat(schema.status()).isEqualTo(200);
        assertThat(schema.header("Content-Type")).startsWith("application/schema+json");
        assertThat(schema.json().get("properties").get("millis").get("type").stringValue())
                .isEqualTo("integer");
        assertThat(http.get("/api/kinds/sleep/schema").text()).isEqualTo(schema.text());
        assertThat(http.get("/api/kinds/sleep/schema?version=2").status()).isEqualTo(404);
    }

    @Test
    void what_does_not_fit_is_refused_by_the_name_of_its_field() {
        var refused = http.post("/api/jobs", "{\"kind\":\"sleep\",\"payload\":{\"milis\":5}}");

        assertThat(refused.status()).isEqualTo(400);
        var problem = refused.json();
        assertThat(problem.get("type").stringValue()).isEqualTo("urn:millrace:problem:refused");
        assertThat(problem.get("detail").stringValue())
                .contains("\"milis\" is no field of sleep v1; did you mean \"millis\"?");
        assertThat(problem.get("errors").get(0).get("pointer").stringValue()).isEqualTo("/milis");
        assertThat(problem.get("errors").get(1).get("pointer").stringValue()).isEqualTo("/millis");
        assertThat(http.post("/api/jobs", "[{\"kind\":\"echo\"},{\"kind\":\"sleep\",\"payload\":[]}]")
                        .json()
                        .get("detail")
                        .stringValue())
                .contains("The payload is a list; it must be an object");
        assertThat(http.put(
                                "/api/schedules/nap",
                                "{\"every\":\"1h\",\"job\":{\"kind\":\"sleep\",\"payload\":{\"millis\":\"5\"}}}")
                        .json()
                        .get("detail")
                        .stringValue())
                .contains("/millis is a text (\"5\"); it must be a whole number");
    }

    @Test
    void the_answer_says_whether_the_payload_was_checked() {
        assertThat(http.post("/api/jobs", "{\"kind\":\"sleep\",\"payload\":{\"millis\":1}}")
                        .json()
                        .get("checked")
                        .booleanValue())
                .isTrue();
        assertThat(http.post("/api/jobs", "{\"kind\":\"nobody\",\"payload\":{\"millis\":1}}")
                        .json()
                        .get("checked")
                        .booleanValue())
                .isFalse();
        assertThat(http.post("/api/jobs", "[{\"kind\":\"echo\"},{\"kind\":\"nobody\"}]")
                        .json()
                        .get("checked")
                        .booleanValue())
                .isFalse();
    }
}
