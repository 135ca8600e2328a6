package dev.millrace.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Checkup;
import dev.millrace.Finding;
import dev.millrace.Millrace;
import dev.millrace.Operations;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.world.SystemWorld;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class DoctorCommandTest {

    private final CommandLineFixture line = new CommandLineFixture();

    /** A directory that is not there, so that the disk of this machine is not judged. */
    @TempDir
    Path folder;

    private CommandLineFixture.Ran doctor(String... more) {
        var arguments = new String[3 + more.length];
        arguments[0] = "doctor";
        arguments[1] = "--data";
        arguments[2] = folder.resolve("none").toString();
        System.arraycopy(more, 0, arguments, 3, more.length);
        return line.run(arguments);
    }

    @Test
    void what_is_wrong_is_told_with_why_and_with_what_mends_it_and_the_code_says_so() {
        line.run("enqueue", "echo", "1", "--queue", "mail");

        var ran = doctor();

        assertThat(ran.exit()).isEqualTo(10);
        assertThat(ran.out())
                .contains("CRITICAL  all nodes  (no-node)")
                .contains("  No node is alive. Jobs wait to be run: 1 in queue mail.")
                .contains("  Why:  Nothing runs")
                .contains("  Do:   Start one that serves queue mail.")
                .contains("          millrace up");
        assertThat(ran.err()).contains("Something is wrong: 1 critical.");
    }

    @Test
    void where_nothing_is_wrong_there_is_nothing_to_read_but_that() {
        try (var millrace = Millrace.on(line.store());
                var node = millrace.node()
                        .name("here")
                        .with(new TryOut(new SystemWorld()))
                        .start()) {
            var ran = doctor();

            assertThat(ran.exit()).isZero();
            assertThat(ran.out()).isEmpty();
            assertThat(ran.err()).startsWith("Nothing is wrong. ").contains("things were looked at.");
            assertThat(node.name()).isEqualTo("here");
        }
    }

    @Test
    void a_queue_that_nobody_serves_is_told_as_one_json_value_too() {
        line.run("enqueue", "echo", "1", "--queue", "mail");
        try (var millrace = Millrace.on(line.store());
                var node = millrace.node()
                        .name("here")
                        .with(new TryOut(new SystemWorld()))
                        .start()) {
            var ran = doctor("--json");

            assertThat(ran.exit()).isEqualTo(10);
            var json = new JsonMapper().readTree(ran.out());
            assertThat(json.get("verdict").stringValue()).isEqualTo("unhealthy");
            var finding = json.get("findings").get(0);
            assertThat(finding.get("type").stringValue()).isEqualTo("unserved-queue");
            assertThat(finding.get("severity").stringValue()).isEqualTo("warning");
            assertThat(finding.get("facts").get("available").longValue()).isEqualTo(1);
            assertThat(finding.get("remedies").get(0).get("command").stringValue())
                    .isEqualTo("millrace up --queue mail");
            assertThat(json.get("lookedAt").toString())
                    .contains("unserved-queue")
                    .doesNotContain("replication-slot");
            assertThat(node.name()).isEqualTo("here");
        }
    }

    @Test
    void on_a_terminal_lines_are_broken_between_words_and_commands_are_not() {
        line.run("enqueue", "echo", "1", "--queue", "mail");
        line.onATerminal();

        assertThat(doctor().out().lines())
                .allMatch(text -> text.replaceAll("\u001b\\[[0-9]*m", "").length() <= 100);
        assertThat(DoctorCommand.wrapped("one two three", 7)).containsExactly("one two", "three");
        assertThat(DoctorCommand.wrapped("onetwothree four", 5)).containsExactly("onetwothree", "four");
        assertThat(DoctorCommand.wrapped("", 5)).containsExactly("");
    }

    @Test
    void what_could_not_be_looked_at_is_neither_fine_nor_wrong() {
        var unknown = new Finding(
                Finding.Type.WRITE_AHEAD_LOG,
                Finding.Severity.UNKNOWN,
                "write-ahead log",
                "Not known.",
                "It may be anything.",
                List.of(new Finding.Remedy("Let this role look.", "GRANT pg_monitor TO jobs;")),
                Map.of());

        var ran = found(unknown);

        assertThat(ran.exit()).isEqualTo(11);
        assertThat(ran.out())
                .startsWith("NOT KNOWN  write-ahead log  (write-ahead-log)")
                .contains("GRANT pg_monitor");
        assertThat(ran.err()).contains("Nothing is wrong as far as could be looked: 1 not known.");
    }

    @Test
    void what_others_wrote_into_a_query_steers_no_terminal() {
        var finding = new Finding(
                Finding.Type.IDLE_TRANSACTION,
                Finding.Severity.NOTICE,
                "pid 1\u001b[2J",
                "Its query: \u001b]0;x\u0007",
                "",
                List.of(new Finding.Remedy("End it.", "SELECT '\u001b';")),
                Map.of());

        var ran = found(finding);

        assertThat(ran.exit()).as("a notice is no fault").isZero();
        assertThat(ran.out()).doesNotContain("\u001b", "\u0007");
    }

    /** A doctor that has found this. */
    private CommandLineFixture.Ran found(Finding finding) {
        var checkup = new Checkup(Instant.EPOCH, List.of(finding), List.of(finding.type()), Map.of());
        var operations = (Operations) Proxy.newProxyInstance(
                Operations.class.getClassLoader(), new Class<?>[] {Operations.class}, (self, method, given) -> checkup);
        var millrace = (Millrace) Proxy.newProxyInstance(
                Millrace.class.getClassLoader(),
                new Class<?>[] {Millrace.class},
                (self, method, given) -> method.getName().equals("operations") ? operations : null);
        return new CommandLineFixture((options, command, console) -> new Gate.Visit(millrace, () -> {}))
                .run("doctor", "--data", folder.resolve("none").toString());
    }
}
