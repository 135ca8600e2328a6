package dev.millrace.app.bench;

import dev.millrace.MillraceException;
import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.wire.Json;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures. */
@Command(
        name = "bench",
        description = "Measure the engine beside what the database could do at best.",
        footer = {"  millrace bench burn-down --jobs 1000000"})
public final class BenchCommand implements Runnable {

    @Mixin
    Common common = new Common();

    @Spec
    CommandSpec spec = CommandSpec.create();

    private final Shell shell;

    public BenchCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Say what to measure: burn-down.");
    }

    @Command(
            name = "burn-down",
            description = {
                "Enqueue a backlog of no-op jobs in bulk and run it with one node; then measure, on the same database, the raw limits.",
                "It works in a schema of its own, which it drops at the end."
            },
            footer = {
                "  millrace bench burn-down --jobs 1000000",
                "  millrace bench burn-down --jobs 200000 --held-snapshot --json",
                "  millrace bench burn-down --database jdbc:postgresql://localhost/bench --user me"
            })
    int burnDown(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "1000000",
                            description = "How many: 1,000 to 100,000,000.")
                    long jobs,
            @Option(
                            names = "--held-snapshot",
                            description = "Let a reader hold its snapshot all the while, as a long report would.")
                    boolean heldSnapshot)
            throws Exception {
        if (jobs < 1_000 || jobs > 100_000_000) {
            throw new ParameterException(
                    spec.commandLine(), "--jobs can't be %d: it takes 1,000 to 100,000,000.".formatted(jobs));
        }
        Consumer<String> narrator = json.json() ? line -> {} : shell.console()::say;
        Callable<BurnDownReport> run = () -> {
            try (var open = database.open("millrace bench", 16, shell.console())) {
                return new BurnDown(open.dataSource(), shell.world(), heldSnapshot, narrator).run(jobs);
            } catch (java.sql.SQLException e) {
                throw new MillraceException("The database refused a measurement: %s.".formatted(e.getMessage()), e);
            }
        };
        var report = run.call();
        shell.console().print(json.json() ? Json.write(Json.tree(report)) : text(report));
        return ExitCode.OK.number();
    }

    private static String text(BurnDownReport r) {
        return """

            %,d no-op jobs, %s, fsync %s, heap at most %d MB
              enqueue in bulk      %,11.0f /s    raw COPY in           %,11.0f /s    ratio %.2f
              run                  %,11.0f /s    raw read and COPY     %,11.0f /s    ratio %.2f
              write-ahead log      %,11.0f bytes per job
              commits              %,11.4f per job""".formatted(
                        r.jobs(),
                        r.database(),
                        r.fsync() ? "on" : "off",
                        r.heapBytes() / (1024 * 1024),
                        r.enqueuePerSecond(),
                        r.rawCopyPerSecond(),
                        r.enqueuePerSecond() / r.rawCopyPerSecond(),
                        r.runPerSecond(),
                        r.rawLimitPerSecond(),
                        r.runPerSecond() / r.rawLimitPerSecond(),
                        r.walBytesPerJob(),
                        r.commitsPerJob());
    }
}
