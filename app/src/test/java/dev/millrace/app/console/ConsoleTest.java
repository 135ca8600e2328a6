package dev.millrace.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConsoleTest {

    private static Console console(Terminal terminal) {
        return new Console(new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()), terminal);
    }

    @Test
    void spans_are_read_as_people_write_them() {
        assertThat(Durations.parse("250ms")).isEqualTo(Duration.ofMillis(250));
        assertThat(Durations.parse("1h30m")).isEqualTo(Duration.ofMinutes(90));
        assertThat(Durations.parse("2d")).isEqualTo(Duration.ofDays(2));
        assertThat(Durations.parse("-5s")).isEqualTo(Duration.ofSeconds(-5));
        assertThat(Durations.parse("PT5S")).isEqualTo(Duration.ofSeconds(5));
        assertThat(Durations.parse("0")).isEqualTo(Duration.ZERO);
    }

    @Test
    void what_is_no_span_is_none() {
        for (var text : new String[] {"", "-", "5", "5 s", "s", "1m1h", "99999999999999999999s", "PT"})
            assertThat(Durations.parse(text)).as(text).isNull();
    }

    @Test
    void spans_are_shown_in_their_largest_unit_or_two() {
        assertThat(Durations.text(Duration.ofMillis(210))).isEqualTo("210 ms");
        assertThat(Durations.text(Duration.ofMillis(1_840))).isEqualTo("1.8 s");
        assertThat(Durations.text(Duration.ofSeconds(252))).isEqualTo("4:12 min");
        assertThat(Durations.text(Duration.ofMinutes(151))).isEqualTo("2:31 h");
        assertThat(Durations.text(Duration.ofDays(3))).isEqualTo("3 d");
        assertThat(Durations.text(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo("106751991167300 d");
    }

    @Test
    void a_table_keeps_a_row_in_a_line_and_numbers_right() {
        var table =
                new Table("name", ">count", "note").row("a", "7", "two\nlines").row("bcd", "1234", "");

        assertThat(table.lines(console(Terminal.NONE)))
                .containsExactly("NAME  COUNT  NOTE", "a         7  two lines", "bcd    1234");
    }

    @Test
    void what_a_job_wrote_does_not_drive_the_terminal() {
        assertThat(Visible.text("\u001b[2J\u009b2Ja\rb\u007f\n\tc")).isEqualTo("␛[2J\uFFFD2Ja␍b␡\n\tc");
        assertThat(new Table("note")
                        .row("\u001b[2J")
                        .lines(console(Terminal.NONE))
                        .get(1))
                .isEqualTo("␛[2J");
    }

    @Test
    void a_table_is_cut_to_a_terminal_and_to_nothing_else() {
        var table = new Table("name", "note").row("a", "x".repeat(200));

        assertThat(table.lines(console(Terminal.NONE)).get(1)).hasSize(206);
        assertThat(table.lines(console(new Terminal(true, true, false, 60))).get(1))
                .hasSize(60);
    }

    @Test
    void the_terminal_is_what_the_launcher_saw() {
        assertThat(Terminal.of("out,err,132", Map.of())).isEqualTo(new Terminal(true, true, true, 132));
        assertThat(Terminal.of("err,", Map.of())).isEqualTo(new Terminal(false, true, false, 120));
        assertThat(Terminal.of("", Map.of())).isEqualTo(new Terminal(false, false, false, 120));
    }

    @Test
    void no_color_is_obeyed() {
        assertThat(Terminal.of("out,err,80", Map.of("NO_COLOR", "1")).colour()).isFalse();
        assertThat(Terminal.of("out,err,80", Map.of("TERM", "dumb")).colour()).isFalse();
    }

    @Test
    void exit_codes_are_one_each_and_not_those_of_the_launcher() {
        assertThat(Arrays.stream(ExitCode.values()).map(ExitCode::number))
                .doesNotHaveDuplicates()
                .doesNotContain(69, 70, 73);
    }
}
