package dev.millrace.app.bench;

import dev.millrace.MillraceException;
import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.wire.Json;
import dev.millrace.benchmarks.Bench;
import dev.millrace.benchmarks.BurnDownReport;
import dev.millrace.benchmarks.Login;
import dev.millrace.benchmarks.Machine;
import dev.millrace.benchmarks.PairsReport;
import dev.millrace.benchmarks.Setup;
import dev.millrace.benchmarks.Stopped;
import dev.millrace.benchmarks.Tables;
import dev.millrace.benchmarks.trial.Regime;
import dev.millrace.benchmarks.trial.Sizes;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/** Measures. */
@Command(
        name = "bench",
        description = {
            "Measure the engine beside what the database could do at best, and beside others.",
            "Each contender runs in a process of its own, warmed up there, in interleaved rounds; told are the median, the least and the most.",
            "All works in schemas of its own, which are dropped at the end, also when it is stopped."
        },
        footer = {"  millrace bench burn-down --jobs 1000000", "  millrace bench enqueue --peers db-scheduler,quartz"})
public final class BenchCommand implements Runnable {

    private static final long MOST_JOBS = 100_000_000;

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
        throw new ParameterException(
                spec.commandLine(),
                "Say what to measure: " + String.join(", ", spec.subcommands().keySet()) + ".");
    }

    /** What is measured once the database is open. */
    @FunctionalInterface
    private interface Measurement {
        void in(Bench bench, Machine machine) throws SQLException, InterruptedException;
    }

    private int measure(DatabaseOptions database, Common json, Setup setup, Measurement measurement)
            throws InterruptedException {
        try (var telling = new ConsoleTelling(shell, json.json());
                var open = database.open("millrace bench", Bench.CONNECTIONS, shell.console())) {
            var login = open.login();
            var bench = new Bench(
                    open.dataSource(),
                    new Login(login.url(), login.user(), login.password()),
                    shell.world(),
                    telling,
                    setup);
            bench.dropLeftovers();
            measurement.in(bench, Machine.look(open.dataSource()));
            return ExitCode.OK.number();
        } catch (SQLException e) {
            throw new MillraceException("The database refused a measurement: %s.".formatted(e.getMessage()), e);
        } catch (Stopped e) {
            throw new CommandFailed(ExitCode.INTERRUPTED, String.valueOf(e.getMessage()), e);
        }
    }

    private int measure(DatabaseOptions database, Common json, Setup setup, Regime regime, Sizes sizes)
            throws InterruptedException {
        return measure(database, json, setup, (bench, machine) -> {
            var report = bench.run(regime, sizes);
            if (json.json()) {
                var tree = (ObjectNode) Json.tree(report);
                tree.set("machine", Json.tree(machine));
                shell.console().print(Json.write(tree));
            } else {
                shell.console().print(Tables.of(report));
            }
        });
    }

    @Command(
            name = "burn-down",
            description = {
                "Enqueue a backlog of no-op jobs in bulk, and run it with one node; beside it the raw limits: COPY in, and reading 500 rows and copying 500 outcomes per transaction.",
                "Told are jobs per second, and what a job costs: bytes of write-ahead log, commits, microseconds of processor time, bytes allocated."
            },
            footer = {
                "  millrace bench burn-down --jobs 1000000",
                "  millrace bench burn-down --jobs 200000 --held-snapshot --json",
                "  millrace bench burn-down --jobs 200000 --held-snapshot --pairs 3",
                "  millrace bench burn-down --peers db-scheduler,graphile-worker --rounds 1",
                "  millrace bench burn-down --database jdbc:postgresql://localhost/bench --user me"
            })
    int burnDown(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Mixin Peers peers,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "1000000",
                            description = "How many: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
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
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        if (pairs != null && !heldSnapshot)
            throw how.wrong("--pairs compares runs without and with --held-snapshot. Give both, or none.");
        var setup = how.setup(peers.names(how), peers.heap);
        var sizes = Regime.BURN_DOWN.sizes().withJobs(jobs);
        if (pairs != null) {
            int rounds = (int) how.within("--pairs", pairs, 1, 20);
            return measure(database, json, setup.withRounds(rounds), (bench, machine) -> {
                var report = bench.pairs(sizes, machine);
                shell.console().print(json.json() ? Json.write(Json.tree(report)) : text(report));
            });
        }
        return measure(database, json, setup, (bench, machine) -> {
            var report = heldSnapshot ? bench.runHeld(Regime.BURN_DOWN, sizes) : bench.run(Regime.BURN_DOWN, sizes);
            if (json.json()) {
                var tree = (ObjectNode) Json.tree(BurnDownReport.of(report, machine));
                tree.set("machine", Json.tree(machine));
                tree.setAll((ObjectNode) Json.tree(report));
                shell.console().print(Json.write(tree));
            } else {
                shell.console().print(Tables.of(report));
            }
        });
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

    @Command(
            name = "enqueue",
            description = {
                "Enqueue no-op jobs in bulk, while nobody works; beside it COPY into a plain table. Told are jobs per second, and what a job costs."
            },
            footer = {
                "  millrace bench enqueue --jobs 1000000",
                "  millrace bench enqueue --jobs 200000 --peers --json",
            })
    int enqueue(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Mixin Peers peers,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "1000000",
                            description = "How many: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
                    long jobs)
            throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        var setup = how.setup(peers.names(how), peers.heap);
        return measure(
                database, json, setup, Regime.ENQUEUE, Regime.ENQUEUE.sizes().withJobs(jobs));
    }
}
