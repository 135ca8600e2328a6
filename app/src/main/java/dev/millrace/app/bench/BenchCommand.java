package dev.millrace.app.bench;

import dev.millrace.MillraceException;
import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.cli.Signals;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.wire.Json;
import java.sql.SQLException;
import java.util.ArrayList;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
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

    /** Those of a node, of the raw limit, and of who holds a snapshot and the schema. */
    private static final int CONNECTIONS = 18;

    /** Jobs until the compiler has done most of its work. */
    private static final long WARM_UP = 100_000;

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
                "It works in a schema of its own, which it drops at the end, also when it is stopped."
            },
            footer = {
                "  millrace bench burn-down --jobs 1000000",
                "  millrace bench burn-down --jobs 200000 --held-snapshot --json",
                "  millrace bench burn-down --jobs 200000 --held-snapshot --pairs 3",
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
                    boolean heldSnapshot,
            @Option(
                            names = "--pairs",
                            paramLabel = "N",
                            description =
                                    "With --held-snapshot: so many runs without it and with it, in turn, and what it costs. 1 to 20.")
                    @Nullable
                    Integer pairs)
            throws InterruptedException {
        check(jobs, heldSnapshot, pairs);
        var telling = new Telling(shell, Signals.caught(), json.json());
        try (var open = database.open("millrace bench", CONNECTIONS, shell.console())) {
            int dropped = BenchSchema.dropLeftovers(open.dataSource());
            if (dropped > 0) telling.say("dropped %d schemas that earlier measurements left".formatted(dropped));
            if (pairs == null) {
                var report = new BurnDown(open.dataSource(), shell.world(), heldSnapshot, telling).run(jobs);
                shell.console().print(json.json() ? Json.write(Json.tree(report)) : text(report));
            } else {
                var report = inPairs(open.dataSource(), jobs, pairs, telling);
                shell.console().print(json.json() ? Json.write(Json.tree(report)) : text(report));
            }
        } catch (SQLException e) {
            throw new MillraceException("The database refused a measurement: %s.".formatted(e.getMessage()), e);
        }
        return ExitCode.OK.number();
    }

    private void check(long jobs, boolean heldSnapshot, @Nullable Integer pairs) {
        if (jobs < 1_000 || jobs > 100_000_000)
            throw wrong("--jobs can't be %d: it takes 1,000 to 100,000,000.".formatted(jobs));
        if (pairs == null) return;
        if (!heldSnapshot) throw wrong("--pairs compares runs without and with --held-snapshot. Give both, or none.");
        if (pairs < 1 || pairs > 20) throw wrong("--pairs can't be %d: it takes 1 to 20.".formatted(pairs));
    }

    private ParameterException wrong(String why) {
        return new ParameterException(spec.commandLine(), why);
    }

    private PairsReport inPairs(DataSource dataSource, long jobs, int pairs, Telling telling)
            throws SQLException, InterruptedException {
        telling.say("a first run, for warmth alone");
        new BurnDown(dataSource, shell.world(), false, telling).run(Math.min(jobs, WARM_UP));
        var unheld = new ArrayList<BurnDownReport>();
        var held = new ArrayList<BurnDownReport>();
        for (int run = 0; run < 2 * pairs; run++) {
            boolean hold = run % 4 == 1 || run % 4 == 2; // without, with, with, without: what drifts meets both alike
            telling.say("pair %d of %d, %s a held snapshot".formatted(run / 2 + 1, pairs, hold ? "with" : "without"));
            (hold ? held : unheld).add(new BurnDown(dataSource, shell.world(), hold, telling).run(jobs));
        }
        return PairsReport.of(unheld, held);
    }

    private static String text(PairsReport r) {
        var text = new StringBuilder();
        for (int pair = 0; pair < r.pairs(); pair++) {
            text.append("%n  pair %d   without %,11.0f /s   with a held snapshot %,11.0f /s   dead rows %d and %d"
                    .formatted(
                            pair + 1,
                            r.unheld().get(pair).runPerSecond(),
                            r.held().get(pair).runPerSecond(),
                            r.unheld().get(pair).deadTuples(),
                            r.held().get(pair).deadTuples()));
        }
        return text.append("%n  median   without %,11.0f /s   with a held snapshot %,11.0f /s   ratio %.2f"
                        .formatted(r.unheldRunPerSecond(), r.heldRunPerSecond(), r.heldRatio()))
                .toString();
    }

    private static String text(BurnDownReport r) {
        return """

            %,d no-op jobs, %s, fsync %s, heap at most %d MB
              enqueue in bulk      %,11.0f /s    raw COPY in           %,11.0f /s    ratio %.2f
              run                  %,11.0f /s    raw read and COPY     %,11.0f /s    ratio %.2f
              write-ahead log      %,11.0f bytes per job    whole pages in it    %8.4f per job
              commits              %,11.4f per job
              engine and handlers  %,11.1f µs of processor time, %,.0f bytes allocated per job
              dead rows            %,11d in the job stream""".formatted(
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
                        r.fullPageImagesPerJob(),
                        r.commitsPerJob(),
                        r.engineCpuMicrosPerJob(),
                        r.allocatedBytesPerJob(),
                        r.deadTuples());
    }
}
