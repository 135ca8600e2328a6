package dev.millrace.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.CommandLineFixture.Ran;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SchedulePreviewCommandTest {

    private final CommandLineFixture line = new CommandLineFixture((options, command, console) -> {
        throw new AssertionError("a preview asked for a database");
    });

    private Ran preview(String... arguments) {
        var all = new ArrayList<>(List.of("schedule", "preview"));
        all.addAll(List.of(arguments));
        return line.run(all.toArray(String[]::new));
    }

    private Ran aroundSpring(String... more) {
        var all = new ArrayList<>(
                List.of("30 2 * * *", "--zone", "Europe/Berlin", "--from", "2027-03-27T00:00:00Z", "--count", "3"));
        all.addAll(List.of(more));
        return preview(all.toArray(String[]::new));
    }

    @Test
    void programs_get_an_array_of_instants() {
        assertThat(aroundSpring("--gap", "run", "--overlap", "first", "--missed", "all", "--json")
                        .out())
                .isEqualToIgnoringNewLines(
                        "[\"2027-03-27T01:30:00Z\",\"2027-03-28T01:00:00Z\",\"2027-03-29T00:30:00Z\"]");
        assertThat(aroundSpring("--gap", "skip", "--json").out())
                .isEqualToIgnoringNewLines(
                        "[\"2027-03-27T01:30:00Z\",\"2027-03-29T00:30:00Z\",\"2027-03-30T00:30:00Z\"]");
    }

    @Test
    void people_see_the_local_time_and_where_the_clocks_change() {
        var ran = aroundSpring();

        assertThat(ran.exit()).isZero();
        assertThat(ran.err()).contains("\"30 2 * * *\" in Europe/Berlin, after a gap, the first of two; missed: once");
        assertThat(ran.out())
                .contains("Sun 2027-03-28 03:00:00 +02:00")
                .contains("2027-03-28T01:00:00Z")
                .contains("forward by 1:00 h at 2027-03-28 02:00, to +02:00");
    }

    @Test
    void a_schedule_that_the_zone_leaves_out_each_time_says_that_it_never_comes() {
        var ran = preview("30 2 * 3 SUNL", "--zone", "Europe/Berlin", "--gap", "skip");

        assertThat(ran.exit()).isZero();
        assertThat(ran.err()).contains("It never comes after");
        assertThat(preview("30 2 * 3 SUNL", "--zone", "Europe/Berlin", "--gap", "skip", "--json")
                        .out())
                .isEqualToIgnoringNewLines("[]");
    }

    @Test
    void what_is_wrong_is_said_with_what_would_do() {
        assertThat(preview("30 2 * * *").err()).contains("--zone");
        assertThat(preview("30 2 * * *", "--zone", "europe/berlin").err())
                .contains("There is no zone \"europe/berlin\". Did you mean Europe/Berlin?");
        assertThat(preview("30 2 * * *", "--zone", "Berlin").err()).contains("Did you mean Europe/Berlin?");
        assertThat(preview("30 2 * * *", "--zone", "Europe/Belin").err()).contains("Did you mean Europe/Be");
        assertThat(preview("30 2 * * *", "--zone", "UTC", "--from", "tomorrow").err())
                .contains("--from takes a moment with its offset")
                .contains("\"tomorrow\" is none");
        assertThat(preview("30 25 * * *", "--zone", "UTC").err())
                .contains("The hour \"25\" of the cron expression \"30 25 * * *\" is wrong");
        assertThat(preview("30 2 * * *", "--zone", "UTC", "--count", "0").err()).contains("It is 1 to 10,000");
        assertThat(preview("30 2 * * *", "--zone", "UTC", "--gap", "maybe").exit())
                .isEqualTo(2);
        assertThat(line.run("schedule").err()).contains("Say what to do: list, set, remove, run, preview.");
    }
}
