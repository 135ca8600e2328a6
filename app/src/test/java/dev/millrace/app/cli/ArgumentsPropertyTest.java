package dev.millrace.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.CommandLineFixture.Ran;
import dev.millrace.app.TextCodec;
import dev.millrace.app.bench.BenchCommand;
import dev.millrace.app.console.Console;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Terminal;
import dev.millrace.app.torture.TortureCommand;
import dev.millrace.app.wire.Json;
import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.simulation.cases.Hostile;
import dev.millrace.world.SystemWorld;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whatever is typed: it ends, with a code that is documented, and is answered in sentences. */
class ArgumentsPropertyTest {

    private static final Set<String> HELP = Set.of("--help", "-h");

    private static final String[] FLAGS = {
        "--json",
        "--help",
        "--allow-private",
        "--restart",
        "--keep-tracking",
        "--sort-parameters",
        "--strip-slash",
        "--held-snapshot",
        "--failed",
        "--",
        "-x",
        "--nope",
        "--="
    };

    private static final String[] OPTIONS = {
        "--version",
        "--queue",
        "--priority",
        "--in",
        "--at",
        "--expires",
        "--key",
        "--in-order",
        "--limit-by",
        "--tenant",
        "--state",
        "--kind",
        "--limit",
        "--before",
        "--reason",
        "--port",
        "--slots",
        "--reach",
        "--include",
        "--exclude",
        "--max-pages",
        "--max-depth",
        "--delay",
        "--user-agent",
        "--timeout",
        "--max-body",
        "--attempts",
        "--robots-patience",
        "--index-file",
        "--out",
        "--seconds",
        "--jobs",
        "--nodes",
        "--kill-every",
        "--seed",
        "--user",
        "--password"
    };

    private final MemoryStore store = new MemoryStore(new TextCodec());

    @BeforeAll
    static void quiet() {
        CommandLineFixture.quiet();
    }

    @Test
    void any_arguments_end_with_a_documented_code_and_a_sentence() {
        var documented = Arrays.stream(ExitCode.values()).map(ExitCode::number).toList();

        Cases.forAll(40, ArgumentsPropertyTest::line, arguments -> {
            var ran = run(arguments);

            assertThat(ran.exit()).isIn(documented);
            assertThat(ran.out() + ran.err())
                    .doesNotContain("\tat ")
                    .doesNotContain("Exception")
                    .doesNotContain("This should not have happened");
            boolean json = arguments.contains("--json");
            if (json && (ran.exit() != 0 || arguments.stream().noneMatch(HELP::contains))) {
                var said = Json.read(ran.out());
                if (ran.exit() != 0)
                    assertThat(said.get("error").get("exit").intValue()).isEqualTo(ran.exit());
            } else if (ran.exit() != 0) {
                assertThat(ran.out()).isEmpty();
                assertThat(ran.err()).contains("millrace: ");
            }
        });
    }

    @Test
    void a_job_that_was_taken_can_be_looked_at() {
        Cases.forAll(15, ArgumentsPropertyTest::enqueue, arguments -> {
            var taken = run(arguments);
            if (taken.exit() != 0) return;
            var id = taken.out().strip();

            for (var look : List.of(
                    List.of("job", id),
                    List.of("job", id, "--json"),
                    List.of("why", id),
                    List.of("jobs"),
                    List.of("queues"))) {
                var ran = run(look);
                assertThat(ran.exit()).as(ran.err()).isZero();
                if (!look.contains("--json")) assertThat(ran.out()).doesNotContainPattern("[\\p{Cc}&&[^\n\t]]");
            }
        });
    }

    private Ran run(List<String> arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        var console = new Console(new PrintWriter(out), new PrintWriter(err), Terminal.NONE);
        Gate intoMemory = (options, command, said) -> new Gate.Visit(Millrace.on(store), () -> {});
        var shell = new Shell(console, new SystemWorld(), intoMemory);
        var commands = CommandTree.of(shell);
        commands.addSubcommand(new UpCommand(shell, List.of(new TryOut(shell.world()))));
        commands.addSubcommand(new CrawlCommand(shell));
        commands.addSubcommand(BenchCommand.of(shell));
        commands.addSubcommand(new TortureCommand(shell));
        int exit = CommandTree.finished(commands, shell).execute(arguments.toArray(String[]::new));
        return new Ran(exit, out.toString(), err.toString());
    }

    /** Those that start something are stopped by an address that is none, after their own arguments were read. */
    private static List<String> line(Choices choices) {
        var arguments = new ArrayList<String>();
        switch (choices.of(
                "enqueue",
                "jobs",
                "job",
                "why",
                "batch",
                "cancel",
                "retry",
                "pause",
                "resume",
                "queues",
                "nodes",
                "version",
                "up",
                "crawl",
                "bench",
                "torture",
                "schedule",
                "other",
                "none")) {
            case "up" -> arguments.addAll(List.of("up", "--database", "nonsense"));
            case "torture" -> arguments.addAll(List.of("torture", "--database", "nonsense"));
            case "crawl" ->
                arguments.addAll(List.of(
                        "crawl", "--database", "nonsense", choices.any(c -> "http://a_site.example/", Hostile::text)));
            case "bench" -> arguments.addAll(List.of("bench", "burn-down", "--database", "nonsense"));
            case "schedule" ->
                arguments.addAll(
                        choices.oneIn(2)
                                ? List.of("schedule", "preview", value(choices), "--zone", value(choices))
                                : List.of(
                                        "schedule",
                                        "set",
                                        value(choices),
                                        choices.of("--cron", "--every", "--after-each"),
                                        value(choices),
                                        choices.of("--zone", "--if-missed", "--jitter", "--unique"),
                                        value(choices),
                                        "--kind",
                                        value(choices)));
            case "pause" -> arguments.addAll(List.of("pause", choices.of("queue", "kind", "node"), value(choices)));
            case "other" -> arguments.add(Hostile.text(choices));
            case "none" -> {}
            case String command -> {
                arguments.add(command);
                if (choices.oneIn(2)) arguments.add(value(choices));
            }
        }
        for (var more : choices.list(4, ArgumentsPropertyTest::argument)) arguments.addAll(more);
        return typed(arguments);
    }

    private static List<String> enqueue(Choices choices) {
        var arguments = new ArrayList<>(List.of("enqueue", "echo", Hostile.json(choices)));
        for (var more : choices.list(
                3,
                c -> List.of(
                        c.of(
                                "--queue",
                                "--in",
                                "--at",
                                "--expires",
                                "--key",
                                "--in-order",
                                "--limit",
                                "--tenant",
                                "--version",
                                "--priority"),
                        value(c)))) arguments.addAll(more);
        return typed(arguments);
    }

    /** A lone dash would read the standard input of the process that runs the tests. */
    private static List<String> typed(List<String> arguments) {
        return arguments.stream()
                .map(argument -> argument.equals("-") ? "--" : argument)
                .toList();
    }

    private static List<String> argument(Choices choices) {
        return switch (choices.below(4)) {
            case 0 -> List.of(choices.of(FLAGS));
            case 1 -> List.of(choices.of(OPTIONS), value(choices));
            case 2 -> List.of(choices.of(OPTIONS) + "=" + value(choices));
            default -> List.of(value(choices));
        };
    }

    private static String value(Choices choices) {
        return choices.any(
                Hostile::text,
                Hostile::number,
                Hostile::nearlyJson,
                c -> c.of(
                        "mail",
                        "echo",
                        "queue",
                        "kind",
                        "high",
                        "running",
                        "shop=2",
                        "shop=0",
                        "host",
                        "",
                        " ",
                        "01932c07-209c-7fff-8a5c-3a1f8b2d9e10"),
                c -> c.of(
                        "5s",
                        "1h30m",
                        "0",
                        "-5s",
                        "PT-9223372036854775808S",
                        "PT9223372036854775807S",
                        "106751991167300d",
                        "P1Y"),
                c -> c.of(
                        "2027-03-27T02:30:00Z",
                        "-999999999-01-01T00:00:00+18:00",
                        "+999999999-12-31T23:59:59-18:00",
                        "1969-01-01T00:00:00Z"),
                c -> c.of(
                        "re:(",
                        "re:(a+)+$",
                        "/**",
                        "*",
                        "https://example.org/",
                        "http://user:pw@h/",
                        "file:///etc/passwd"));
    }
}
