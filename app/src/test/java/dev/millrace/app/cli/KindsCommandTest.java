package dev.millrace.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Millrace;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.TextCodec;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.world.SystemWorld;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class KindsCommandTest {

    private final CommandLineFixture line = new CommandLineFixture(PostgresStore.json());

    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text);
    }

    /** A node that runs echo and sleep has been there. */
    private void published() {
        try (var millrace = Millrace.on(line.store())) {
            millrace.node().with(new TryOut(new SystemWorld())).start();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> millrace.operations("a test").kinds().size() == 2);
        }
    }

    @Test
    void kinds_are_listed_with_when_their_schema_was_published() {
        assertThat(line.run("kinds").err()).contains("No kinds are known");
        published();

        assertThat(line.run("kinds").out()).contains("echo", "sleep", "SCHEMA PUBLISHED");
        var listed = json(line.run("kinds", "--json").out());
        assertThat(listed.get(1).get("kind").stringValue()).isEqualTo("sleep");
        assertThat(listed.get(1).get("schema").has("properties")).isTrue();
    }

    @Test
    void kinds_that_are_run_and_not_published_are_listed_as_not_checked() {
        var words = new CommandLineFixture(new TextCodec());
        try (var millrace = Millrace.on(words.store());
                var node = millrace.node().with(new TryOut(new SystemWorld())).start()) {
            assertThat(node.name()).isNotEmpty();
            assertThat(words.run("kinds").out()).contains("sleep").contains("none: not checked");
        }
    }

    @Test
    void the_schema_of_a_kind_is_printed_alone() {
        published();

        var schema = json(line.run("kinds", "--schema", "sleep").out());

        assertThat(schema.get("$schema").stringValue()).isEqualTo("https://json-schema.org/draft/2020-12/schema");
        assertThat(schema.get("required").get(0).stringValue()).isEqualTo("millis");
        assertThat(line.run("kinds", "--schema", "sleep", "--version", "3").err())
                .contains("No node has published version 3 of \"sleep\"; published are 1.");
    }

    @Test
    void what_does_not_fit_is_refused_by_the_name_of_its_field() {
        published();

        var refused = line.run("enqueue", "sleep", "{\"milis\":5}");

        assertThat(refused.exit()).isEqualTo(4);
        assertThat(refused.out()).isEmpty();
        assertThat(refused.err())
                .contains("\"milis\" is no field of sleep v1; did you mean \"millis\"?")
                .contains("millrace kinds --schema sleep --version 1");
        assertThat(line.run("schedule", "set", "nap", "--every", "1h", "--kind", "sleep", "--payload", "[]")
                        .err())
                .contains("The payload is a list; it must be an object");
    }

    @Test
    void the_answer_says_whether_the_payload_was_checked() {
        published();

        assertThat(json(line.run("enqueue", "sleep", "{\"millis\":5}", "--json").out())
                        .get("checked")
                        .booleanValue())
                .isTrue();
        assertThat(json(line.run("enqueue", "nobody", "{}", "--json").out())
                        .get("checked")
                        .booleanValue())
                .isFalse();
        assertThat(line.onATerminal().run("enqueue", "nobody", "{}").err())
                .contains(
                        "Its payload was not checked: no node has published what those of nobody version 1 look like.");
    }
}
