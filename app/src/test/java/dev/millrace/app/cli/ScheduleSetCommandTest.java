package dev.millrace.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Schedule;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.CommandLineFixture.Ran;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ScheduleSetCommandTest {

    @Kind("close-day")
    record CloseDay() implements Job<Void> {}

    private final CommandLineFixture line = new CommandLineFixture();

    private Ran set(String... arguments) {
        var all = new ArrayList<>(List.of("schedule", "set"));
        all.addAll(List.of(arguments));
        return line.run(all.toArray(String[]::new));
    }

    private JsonNode only() {
        return new JsonMapper()
                .readTree(line.run("schedule", "list", "--json").out())
                .get(0);
    }

    @Test
    void a_schedule_is_set_with_all_that_can_be_said_of_it() {
        var ran = set(
                "close-acme",
                "--cron",
                "30 2 * * *",
                "--zone",
                "Europe/Berlin",
                "--gap",
                "skip",
                "--overlap",
                "both",
                "--if-missed",
                "all",
                "--look-back",
                "12h",
                "--jitter",
                "5m",
                "--from",
                "2027-01-01T00:00:00Z",
                "--until",
                "2037-01-01T00:00:00Z",
                "--kind",
                "close-day",
                "--version",
                "2",
                "--payload",
                "{ \"shop\": \"acme\" }",
                "--queue",
                "books",
                "--priority",
                "high",
                "--expires",
                "1h",
                "--unique",
                "acme",
                "--tenant",
                "acme",
                "--tag",
                "night",
                "--tag",
                "books",
                "--reason",
                "a customer asks for it");

        assertThat(ran.exit()).as(ran.err()).isZero();
        assertThat(ran.out()).contains("The schedule close-acme is set.").contains("Its next slot is in");
        assertThat(ran.err()).contains("No node is alive");
        try (var millrace = Millrace.on(line.store())) {
            assertThat(millrace.operations("test").schedules().getFirst().schedule())
                    .isEqualTo(Schedule.cron("30 2 * * *", ZoneId.of("Europe/Berlin"))
                            .inGap(Schedule.Gap.SKIP)
                            .inOverlap(Schedule.Overlap.BOTH)
                            .ifMissed(Schedule.Missed.ALL)
                            .lookBack(Duration.ofHours(12))
                            .jitter(Duration.ofMinutes(5))
                            .startingAt(Instant.parse("2027-01-01T00:00:00Z"))
                            .endingAt(Instant.parse("2037-01-01T00:00:00Z")));
        }
        var set = only().get("set");
        assertThat(set.get("kind").stringValue()).isEqualTo("close-day");
        assertThat(set.get("version").intValue()).isEqualTo(2);
        assertThat(set.get("payload").get("shop").stringValue()).isEqualTo("acme");
        assertThat(set.get("queue").stringValue()).isEqualTo("books");
        assertThat(set.get("priority").stringValue()).isEqualTo("high");
        assertThat(set.get("headers").get("tags").stringValue()).isEqualTo("night,books");
        assertThat(set.get("reason").stringValue()).isEqualTo("a customer asks for it");
    }

    @Test
    void it_is_changed_and_removed() {
        set("poll", "--every", "10m", "--kind", "close-day");
        assertThat(set("poll", "--every", "10m", "--kind", "close-day").out()).contains("nothing was changed");
        assertThat(set("poll", "--after-each", "10m", "--kind", "close-day").out())
                .contains("is changed");

        assertThat(line.run("schedule", "list").out())
                .contains("10 min after each run")
                .contains("none yet")
                .contains("set on the command line");

        assertThat(line.run("schedule", "remove", "poll", "--reason", "it polls no more")
                        .out())
                .contains("The schedule poll is removed");
        assertThat(line.run("schedule", "list").out()).doesNotContain("poll");
        assertThat(line.run("schedule", "remove", "poll").exit()).isEqualTo(9);
    }

    @Test
    void programs_get_what_has_become_of_it() {
        var json = new JsonMapper()
                .readTree(set("poll", "--every", "10m", "--kind", "close-day", "--json")
                        .out());

        assertThat(json.get("name").stringValue()).isEqualTo("poll");
        assertThat(json.get("outcome").stringValue()).isEqualTo("created");
        assertThat(json.get("node").isNull()).isTrue();
        assertThat(new JsonMapper()
                        .readTree(
                                line.run("schedule", "remove", "poll", "--json").out())
                        .get("removed")
                        .booleanValue())
                .isTrue();
    }

    @Test
    void one_that_code_brings_is_listed_as_such_and_can_be_neither_set_nor_removed() {
        try (var millrace = Millrace.on(line.store())) {
            millrace.node()
                    .handle(CloseDay.class, job -> {})
                    .schedule("close-day", Schedule.every(Duration.ofDays(1)), slot -> new CloseDay())
                    .start();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> !millrace.operations("test").schedules().isEmpty());

            assertThat(line.run("schedule", "list").out()).contains("code");
            var refused = set("close-day", "--every", "10m", "--kind", "close-day");
            assertThat(refused.exit()).isEqualTo(4);
            assertThat(refused.err()).contains("code brings one of this name");
            assertThat(line.run("schedule", "remove", "close-day").err()).contains("would bring it again");
            assertThat(set("poll", "--every", "10m", "--kind", "clos-day").err())
                    .contains("No node that is alive runs \"clos-day\"");
        }
    }

    @Test
    void what_can_not_be_is_refused_before_anything_is_opened() {
        assertThat(set("poll", "--kind", "k").err()).contains("one of --cron, --every and --after-each; none is given");
        assertThat(set("poll", "--kind", "k", "--every", "1m", "--after-each", "1m")
                        .err())
                .contains("2 are given");
        assertThat(set("poll", "--kind", "k", "--cron", "@daily").err()).contains("--cron and --zone go together");
        assertThat(set("poll", "--kind", "k", "--every", "1m", "--gap", "run").err())
                .contains("which only --cron names");
        assertThat(set("poll", "--kind", "k", "--every", "1m", "--payload", "{").err())
                .contains("The payload is not JSON")
                .contains("The schedule was not set");
        assertThat(set("poll", "--kind", "k", "--cron", "@daily", "--zone", "Europe/Berln")
                        .err())
                .contains("Did you mean Europe/Berlin?");
        assertThat(set("poll", "--kind", "k", "--every", "1ms").err()).contains("can't have a period of 1 ms");
        assertThat(set("poll", "--kind", "k", "--every", "1m", "--payload", "\"" + "x".repeat(20_000) + "\"")
                        .err())
                .contains("a payload of 20,002 bytes");
        assertThat(set("poll", "--kind", "k", "--every", "1m", "--within", "1h").err())
                .contains("Add --unique VALUE");
        assertThat(set("poll", "--every", "1m").exit()).isEqualTo(2);
    }
}
