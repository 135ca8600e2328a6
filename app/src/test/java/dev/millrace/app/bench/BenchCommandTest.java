package dev.millrace.app.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.cli.Gate;
import dev.millrace.benchmarks.trial.Regime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is typed behind {@code bench}, before anything is measured. */
class BenchCommandTest {

    private final CommandLineFixture line = new CommandLineFixture(Gate.toPostgres());

    /** Options, and a piece of the sentence that refuses them. */
    record Refused(String says, String... options) {
        @Override
        public String toString() {
            return String.join(" ", options);
        }
    }

    static Stream<Refused> refused() {
        return Stream.of(
                new Refused("Say what to measure: all, backlog, burn-down, compare"),
                new Refused("--jobs can't be 999: it takes 1,000 to 100,000,000", "burn-down", "--jobs", "999"),
                new Refused("--jobs can't be 100000001", "enqueue", "--jobs", "100000001"),
                new Refused("--rounds can't be 0: it takes 1 to 20", "enqueue", "--rounds", "0"),
                new Refused("--heap can't be 63", "handlers", "--heap", "63"),
                new Refused("--peer-heap can't be 5", "idle", "--peer-heap", "5"),
                new Refused("Give both, or none", "burn-down", "--pairs", "2"),
                new Refused("--pairs can't be 21", "burn-down", "--held-snapshot", "--pairs", "21"),
                new Refused("There is no peer \"celery\". There are: db-scheduler", "enqueue", "--peers", "celery"),
                new Refused("--peers names nobody", "enqueue", "--peers", ","),
                new Refused("The peers are not built", "enqueue", "--peers", "quartz,dbos"),
                new Refused("Unknown option: '--peers'", "timers", "--peers"),
                new Refused("--callers can't be 41", "sustained", "--callers", "41"),
                new Refused("--seconds can't be 1", "transactional", "--seconds", "1"),
                new Refused("--minutes can't be 0", "held-horizon", "--minutes", "0"),
                new Refused("--per-second can't be 49", "held-horizon", "--per-second", "49"),
                new Refused("--backlog can't be -1", "backlog", "--backlog", "-1"),
                new Refused("--most can't be 9", "nodes", "--most", "9"),
                new Refused("--seconds can't be 2: it takes 3 to 86,400", "soak", "--seconds", "2"),
                new Refused("--rate can't be 49: it takes 50 to 1,000,000", "soak", "--rate", "49"),
                new Refused(
                        "--held-seconds can't be 59: it takes 1 to 58",
                        "soak",
                        "--seconds",
                        "60",
                        "--held-seconds",
                        "59"),
                new Refused("--rounds can't be 21", "soak", "--rounds", "21"),
                new Refused("There is no /no/such/report", "plot", "/no/such/report", "--out", "/no/such/folder"),
                new Refused("Missing required option: '--out=DIR'", "plot", "/"),
                new Refused("Missing required parameter: 'REPORT.json'", "plot", "--out", "/no/such/folder"),
                new Refused("There is no /no/such/report", "compare", "/no/such/report", "/"),
                new Refused("Missing required parameter: 'B'", "compare", "/"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void what_can_not_be_measured_is_refused_at_once(Refused row) {
        var ran = line.run(Stream.of(Stream.of("bench"), Arrays.stream(row.options()))
                .flatMap(each -> each)
                .toArray(String[]::new));

        assertThat(ran.err()).contains(row.says());
        assertThat(ran.exit()).isNotZero();
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void every_regime_has_a_command_with_examples_and_units() {
        for (var regime : Regime.values()) {
            var help = line.run("bench", regime.wireName(), "--help");

            assertThat(help.exit()).as(regime.wireName()).isZero();
            assertThat(help.out())
                    .as(regime.wireName())
                    .contains("millrace bench " + regime.wireName())
                    .contains("--json")
                    .contains("--rounds");
        }
    }

    @Test
    void a_report_and_a_build_are_not_compared(@TempDir Path folder) throws IOException {
        var report = Files.writeString(folder.resolve("report.json"), "{}");
        var build = Files.writeString(folder.resolve("millrace.jar"), "");

        var ran = line.run("bench", "compare", report.toString(), build.toString());

        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.err()).contains("are not of one sort");
    }

    @Test
    void two_reports_are_compared_without_a_database(@TempDir Path folder) throws IOException {
        var before = Files.writeString(folder.resolve("a.json"), "{\"runPerSecond\": 100.0, \"heapBytes\": 7}");
        var after = Files.writeString(folder.resolve("b.json"), "{\"runPerSecond\": 150.0, \"heapBytes\": 7}");

        var ran = line.run("bench", "compare", before.toString(), after.toString());

        assertThat(ran.exit()).as(ran.err()).isZero();
        assertThat(ran.out())
                .contains("| burn-down | millrace | run, jobs/s | 100")
                .contains("1.500");
    }

    @Test
    void a_report_is_drawn_without_a_database_and_nothing_else_is_written(@TempDir Path folder) throws IOException {
        var report = Files.writeString(folder.resolve("timers.json"), """
                {"regime": "timers", "rounds": 1, "contenders": {"millrace": {"contender": "millrace",
                 "values": {"timersPerSecond": {"min": 1, "median": 2, "max": 3}}}}}""");
        var out = folder.resolve("a/b");

        var ran = line.run("bench", "plot", report.toString(), "--out", out.toString(), "--json");

        assertThat(ran.exit()).as(ran.err()).isZero();
        assertThat(ran.out()).isEqualToIgnoringNewLines("{\"images\":[\"%s\"]}".formatted(out.resolve("timers.svg")));
        assertThat(out).isDirectoryNotContaining(file -> !file.endsWith("timers.svg"));
        assertThat(out.resolve("timers.svg")).content().startsWith("<svg").endsWith("</svg>\n");
    }

    @Test
    void what_can_not_be_drawn_leaves_nothing(@TempDir Path folder) throws IOException {
        var letter = Files.writeString(folder.resolve("letter.txt"), "Dear Ada,");
        var out = folder.resolve("images");

        var ran = line.run("bench", "plot", letter.toString(), "--out", out.toString());

        assertThat(ran.exit()).isEqualTo(4);
        assertThat(ran.err()).contains("letter.txt can't be read as a report").contains("A report is what");
        assertThat(out).doesNotExist();
    }

    @Test
    void what_is_no_report_is_named(@TempDir Path folder) throws IOException {
        var report = Files.writeString(folder.resolve("a.json"), "{\"runPerSecond\": 100.0}");
        var letter = Files.writeString(folder.resolve("letter.txt"), "Dear Ada,");

        var ran = line.run("bench", "compare", report.toString(), letter.toString());

        assertThat(ran.exit()).isEqualTo(4);
        assertThat(ran.err()).contains("letter.txt can't be read as a report");
    }
}
