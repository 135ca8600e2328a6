package dev.millrace.app.bench;

import dev.millrace.MillraceException;
import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.wire.Json;
import dev.millrace.benchmarks.Bench;
import dev.millrace.benchmarks.Builds;
import dev.millrace.benchmarks.BurnDownReport;
import dev.millrace.benchmarks.Comparison;
import dev.millrace.benchmarks.Login;
import dev.millrace.benchmarks.Machine;
import dev.millrace.benchmarks.PairsReport;
import dev.millrace.benchmarks.Report;
import dev.millrace.benchmarks.Setup;
import dev.millrace.benchmarks.Stopped;
import dev.millrace.benchmarks.Tables;
import dev.millrace.benchmarks.plot.Plots;
import dev.millrace.benchmarks.trial.Regime;
import dev.millrace.benchmarks.trial.Sizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
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
        footer = {"  millrace bench burn-down --jobs 1000000", "  millrace bench all --peers --out reports"})
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

    /** What is done once the database is open. */
    @FunctionalInterface
    private interface Opened<T> {
        T use(DataSource dataSource, Login login, ConsoleTelling telling) throws SQLException, InterruptedException;
    }

    private int measure(DatabaseOptions database, Common json, Setup setup, Measurement measurement)
            throws InterruptedException {
        return opened(database, json, (dataSource, login, telling) -> {
            try (var bench = new Bench(dataSource, login, shell.world(), telling, setup)) {
                bench.dropLeftovers();
                measurement.in(bench, Machine.look(dataSource));
                return ExitCode.OK.number();
            }
        });
    }

    private <T> T opened(DatabaseOptions database, Common json, Opened<T> use) throws InterruptedException {
        try (var telling = new ConsoleTelling(shell, json.json());
                var open = database.open("millrace bench", Bench.CONNECTIONS, shell.console())) {
            var login = open.login();
            return use.use(open.dataSource(), new Login(login.url(), login.user(), login.password()), telling);
        } catch (SQLException e) {
            throw new MillraceException("The database refused a measurement: %s.".formatted(e.getMessage()), e);
        } catch (Stopped e) {
            throw new CommandFailed(ExitCode.INTERRUPTED, String.valueOf(e.getMessage()), e);
        }
    }

    private int measure(
            DatabaseOptions database, Common json, HowToMeasure how, Setup setup, Regime regime, Sizes sizes)
            throws InterruptedException {
        return measure(database, json, setup, (bench, machine) -> {
            var report = bench.run(regime, sizes);
            var tree = (ObjectNode) Json.tree(report);
            tree.set("machine", Json.tree(machine));
            print(json, how, regime.wireName(), tree, Tables.of(report));
        });
    }

    private void print(Common json, HowToMeasure how, String name, ObjectNode tree, String markdown) {
        how.keep(name, Json.pretty(tree), markdown);
        shell.console().print(json.json() ? Json.write(tree) : markdown);
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
                print(json, how, Regime.BURN_DOWN.wireName() + "-pairs", (ObjectNode) Json.tree(report), text(report));
            });
        }
        return measure(database, json, setup, (bench, machine) -> {
            var report = heldSnapshot ? bench.runHeld(Regime.BURN_DOWN, sizes) : bench.run(Regime.BURN_DOWN, sizes);
            var tree = (ObjectNode) Json.tree(BurnDownReport.of(report, machine));
            tree.set("machine", Json.tree(machine));
            tree.setAll((ObjectNode) Json.tree(report));
            print(json, how, Regime.BURN_DOWN.wireName(), tree, Tables.of(report));
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
                database,
                json,
                how,
                setup,
                Regime.ENQUEUE,
                Regime.ENQUEUE.sizes().withJobs(jobs));
    }

    @Command(
            name = "sustained",
            description = {
                "Callers enqueue one job per call, as fast as they are answered, while workers run in the same process; beside it one INSERT a commit from as many connections.",
                "Told are jobs per second that were both enqueued and done, how long a call took (median, and 99 of 100), and the backlog at the end."
            },
            footer = {
                "  millrace bench sustained",
                "  millrace bench sustained --callers 8 --seconds 60 --json",
                "  millrace bench sustained --peers db-scheduler --rounds 1"
            })
    int sustained(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Mixin Peers peers,
            @Option(
                            names = "--seconds",
                            paramLabel = "N",
                            defaultValue = "20",
                            description = "How long: 1 to 3,600 seconds, default ${DEFAULT-VALUE}.")
                    int seconds,
            @Option(
                            names = "--callers",
                            paramLabel = "N",
                            defaultValue = "32",
                            description = "Threads that enqueue: 1 to 40, default ${DEFAULT-VALUE}.")
                    int callers)
            throws InterruptedException {
        how.within("--seconds", seconds, 1, 3_600);
        how.within("--callers", callers, 1, 40);
        return measure(
                database,
                json,
                how,
                how.setup(peers.names(how), peers.heap),
                Regime.SUSTAINED,
                Regime.SUSTAINED.sizes().withSeconds(seconds).withCallers(callers));
    }

    @Command(
            name = "transactional",
            description = {
                "What a job costs in a transaction that you have anyway: each inserts a row, and beside it a job, or one more plain row. The two take turns, a second each.",
                "Told are transactions per second of both, and the ratio: 1 is no cost at all."
            },
            footer = {"  millrace bench transactional", "  millrace bench transactional --callers 1 --seconds 60"})
    int transactional(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Option(
                            names = "--seconds",
                            paramLabel = "N",
                            defaultValue = "24",
                            description = "How long, both together: 2 to 3,600 seconds, default ${DEFAULT-VALUE}.")
                    int seconds,
            @Option(
                            names = "--callers",
                            paramLabel = "N",
                            defaultValue = "8",
                            description = "Connections that have transactions: 1 to 40, default ${DEFAULT-VALUE}.")
                    int callers)
            throws InterruptedException {
        how.within("--seconds", seconds, 2, 3_600);
        how.within("--callers", callers, 1, 40);
        return measure(
                database,
                json,
                how,
                how.setup(List.of(), 0),
                Regime.TRANSACTIONAL,
                Regime.TRANSACTIONAL.sizes().withSeconds(seconds).withCallers(callers));
    }

    @Command(
            name = "idle",
            description = {
                "One job every 10 ms: how long from the return of its enqueue to the start of its handler, in milliseconds. Then nothing: what engine and database use of a core, in percent, and how many statements a second a node asks."
            },
            footer = {
                "  millrace bench idle",
                "  millrace bench idle --jobs 3000 --seconds 60 --json",
                "  millrace bench idle --peers"
            })
    int idle(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Mixin Peers peers,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "1000",
                            description = "How many jobs, 10 ms apart: 10 to 100,000, default ${DEFAULT-VALUE}.")
                    int jobs,
            @Option(
                            names = "--seconds",
                            paramLabel = "N",
                            defaultValue = "15",
                            description =
                                    "How long nothing happens then: 1 to 3,600 seconds, default ${DEFAULT-VALUE}.")
                    int seconds)
            throws InterruptedException {
        how.within("--jobs", jobs, 10, 100_000);
        how.within("--seconds", seconds, 1, 3_600);
        return measure(
                database,
                json,
                how,
                how.setup(peers.names(how), peers.heap),
                Regime.IDLE,
                Regime.IDLE.sizes().withJobs(jobs).withSeconds(seconds));
    }

    @Command(
            name = "handlers",
            description = {
                "Handlers that sleep for 1 ms, and then such that sleep for 50 ms: what percentage of the time of all slots they are at work. The rest is the engine's."
            },
            footer = {"  millrace bench handlers", "  millrace bench handlers --slots 200 --jobs 50000"})
    int handlers(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "200000",
                            description = "How many jobs: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
                    long jobs,
            @Option(
                            names = "--slots",
                            paramLabel = "N",
                            defaultValue = "1000",
                            description = "Handlers at once: 1 to 100,000, default ${DEFAULT-VALUE}.")
                    int slots)
            throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        how.within("--slots", slots, 1, 100_000);
        return measure(
                database,
                json,
                how,
                how.setup(List.of(), 0),
                Regime.HANDLERS,
                Regime.HANDLERS.sizes().withJobs(jobs).withSlots(slots));
    }

    @Command(
            name = "held-horizon",
            description = {
                "A steady stream of jobs; in the middle third of the time somebody holds a snapshot, as a long report or a forgotten transaction does, and vacuum can clean nothing away.",
                "Told are, by thirds, jobs per second, pick-up in milliseconds, bytes by which the job stream grew per job, and the size of all that is updated in place."
            },
            footer = {
                "  millrace bench held-horizon --minutes 30",
                "  millrace bench held-horizon --minutes 3 --per-second 1000 --json"
            })
    int heldHorizon(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Option(
                            names = "--minutes",
                            paramLabel = "N",
                            defaultValue = "3",
                            description =
                                    "How long, all thirds together: 1 to 1,440 minutes, default ${DEFAULT-VALUE}.")
                    int minutes,
            @Option(
                            names = "--per-second",
                            paramLabel = "N",
                            defaultValue = "5000",
                            description = "Jobs that arrive in a second: 50 to 1,000,000, default ${DEFAULT-VALUE}.")
                    int perSecond)
            throws InterruptedException {
        how.within("--minutes", minutes, 1, 1_440);
        how.within("--per-second", perSecond, 50, 1_000_000);
        return measure(
                database,
                json,
                how,
                how.setup(List.of(), 0),
                Regime.HELD_HORIZON,
                Regime.HELD_HORIZON.sizes().withSeconds(minutes * 60).withPerSecond(perSecond));
    }

    @Command(
            name = "backlog",
            description = {
                "Run and pick-up on an empty schema; while a backlog waits; and when it has ended and is history. Told are jobs per second and milliseconds of each."
            },
            footer = {
                "  millrace bench backlog --backlog 10000000 --rounds 1",
                "  millrace bench backlog --backlog 1000000 --json"
            })
    int backlog(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "200000",
                            description = "How many jobs: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
                    long jobs,
            @Option(
                            names = "--backlog",
                            paramLabel = "N",
                            defaultValue = "1000000",
                            description = "How many jobs wait: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
                    long backlog)
            throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        how.within("--backlog", backlog, 1_000, MOST_JOBS);
        return measure(
                database,
                json,
                how,
                how.setup(List.of(), 0),
                Regime.BACKLOG,
                Regime.BACKLOG.sizes().withJobs(jobs).withBacklog(backlog));
    }

    @Command(
            name = "timers",
            description = {
                "Every job is delayed by one second, as retries and schedules are; without a held snapshot, and with one, in turn. Told are jobs per second from the first enqueue to the last outcome, the delay included."
            },
            footer = {"  millrace bench timers", "  millrace bench timers --jobs 1000000 --json"})
    int timers(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "200000",
                            description = "How many jobs: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
                    long jobs)
            throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        return measure(
                database,
                json,
                how,
                how.setup(List.of(), 0),
                Regime.TIMERS,
                Regime.TIMERS.sizes().withJobs(jobs));
    }

    @Command(
            name = "nodes",
            description = {
                "1, 2, 4 and 8 nodes, each a process with a heap of its own, on one database and one backlog. Told are jobs per second of all together, how many sessions wait for a lock, and claims per 1,000 jobs."
            },
            footer = {"  millrace bench nodes", "  millrace bench nodes --most 2 --jobs 500000"})
    int nodes(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "1500000",
                            description =
                                    "How many jobs each number of nodes finds: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
                    long jobs,
            @Option(
                            names = "--most",
                            paramLabel = "N",
                            defaultValue = "8",
                            description =
                                    "The most nodes: 1 to 8; a node keeps up to 9 connections, default ${DEFAULT-VALUE}.")
                    int most)
            throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        how.within("--most", most, 1, 8);
        return measure(
                database,
                json,
                how,
                how.setup(List.of(), 0),
                Regime.NODES,
                Regime.NODES.sizes().withJobs(jobs).withNodes(most));
    }

    @Command(
            name = "soak",
            description = {
                "A steady stream of no-op jobs for an hour, and a node in the same process that runs them; in the middle half of the time somebody holds a snapshot, and vacuum can clean nothing away.",
                "Told are the medians of before, while held and after: jobs per second, pick-up in milliseconds, the size of all relations but the job stream, the heap; and while held over before. The JSON has the whole series, a sample every 10 seconds, or 60 of a shorter one: see bench plot. It is no part of bench all."
            },
            footer = {
                "  millrace bench soak --out reports",
                "  millrace bench soak --seconds 600 --rate 10000 --held-seconds 300 --json",
                "  millrace bench plot reports/soak.json --out images"
            })
    int soak(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Option(
                            names = "--seconds",
                            paramLabel = "N",
                            defaultValue = "3600",
                            description = "How long: 3 to 86,400 seconds, default ${DEFAULT-VALUE}.")
                    int seconds,
            @Option(
                            names = "--rate",
                            paramLabel = "N",
                            defaultValue = "5000",
                            description = "Jobs that arrive in a second: 50 to 1,000,000, default ${DEFAULT-VALUE}.")
                    int rate,
            @Option(
                            names = "--held-seconds",
                            paramLabel = "N",
                            description =
                                    "How long, in the middle of it, a snapshot is held: from 1 second to all but 2, default half of the time.")
                    @Nullable
                    Integer heldSeconds)
            throws InterruptedException {
        how.within("--seconds", seconds, 3, 86_400);
        how.within("--rate", rate, 50, 1_000_000);
        int held = heldSeconds == null ? seconds / 2 : (int) how.within("--held-seconds", heldSeconds, 1, seconds - 2);
        return measure(
                database,
                json,
                how,
                how.setupOfOne(),
                Regime.SOAK,
                Regime.SOAK.sizes().withSeconds(seconds).withHeldSeconds(held).withPerSecond(rate));
    }

    @Command(
            name = "all",
            description = {
                "Every regime but the soak at its usual size, and what was reached of what Millrace wants to reach: a table of goals with our value, the raw limit, each peer, and met, not met or not measured.",
                "On a quiet machine it takes less than an hour, with peers two or three. A regime that fails is told of, and the others go on; then it exits with 1."
            },
            footer = {
                "  millrace bench all --out reports/today",
                "  millrace bench all --peers --out reports/today",
                "  millrace bench all --rounds 1 --peers db-scheduler",
                "  millrace bench all --brief                        does it all work? Its numbers mean nothing"
            })
    int all(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Mixin HowToMeasure how,
            @Mixin Peers peers,
            @Option(
                            names = "--brief",
                            description =
                                    "So small that all is over within minutes: to see that it works here. Its numbers mean nothing.")
                    boolean brief)
            throws InterruptedException {
        var setup = how.setup(peers.names(how), peers.heap).withBrief(brief);
        return opened(database, json, (dataSource, login, telling) -> {
            var report = all(new Bench(dataSource, login, shell.world(), telling, setup));
            var tree = (ObjectNode) Json.tree(report);
            how.keep("all", Json.pretty(tree), report.markdown());
            shell.console().print(json.json() ? Json.write(tree) : report.goalTable());
            return (report.failed().isEmpty() ? ExitCode.OK : ExitCode.FAILED).number();
        });
    }

    private static Report all(Bench bench) throws SQLException, InterruptedException {
        try (bench) {
            bench.dropLeftovers();
            return bench.all();
        }
    }

    @Command(
            name = "compare",
            description = {
                "Two reports: what B has over what A has, for each measure that both have. Or two builds of Millrace, which take turns (A, B, B, A) at one regime on one database.",
                "A build is a folder with the launcher in it, or a jar of a build; a report is what --json prints, or a .json that --out kept. B is better or worse if all rounds agree, else undecided."
            },
            footer = {
                "  millrace bench compare before.json after.json",
                "  millrace bench compare ../millrace-main . --regime burn-down --jobs 200000 --rounds 5",
            })
    int compare(
            @Mixin DatabaseOptions database,
            @Mixin Common json,
            @Parameters(index = "0", paramLabel = "A", description = "A report or a build.") Path a,
            @Parameters(index = "1", paramLabel = "B", description = "Another one of the same sort.") Path b,
            @Option(
                            names = "--regime",
                            paramLabel = "NAME",
                            defaultValue = "burn-down",
                            description = "Of two builds: what they do, default ${DEFAULT-VALUE}.")
                    String regime,
            @Option(
                            names = "--rounds",
                            paramLabel = "N",
                            defaultValue = "3",
                            description =
                                    "Of two builds: how often each has its turn. 1 to 20, default ${DEFAULT-VALUE}.")
                    int rounds,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            description = "Of two builds: how many jobs, where the regime counts jobs.")
                    @Nullable
                    Long jobs,
            @Option(
                            names = "--seconds",
                            paramLabel = "N",
                            description = "Of two builds: how long, where the regime has a length.")
                    @Nullable
                    Integer seconds)
            throws InterruptedException {
        if (rounds < 1 || rounds > 20) throw wrong("--rounds can't be %d: it takes 1 to 20.".formatted(rounds));
        for (var each : List.of(a, b))
            if (!Files.exists(each)) throw wrong("There is no %s. Name two reports, or two builds.".formatted(each));
        boolean builds = Builds.isBuild(a);
        if (builds != Builds.isBuild(b))
            throw wrong("%s and %s are not of one sort. Name two reports, or two builds.".formatted(a, b));
        var comparison = builds
                ? ofBuilds(database, json, a, b, regime(regime), rounds, jobs, seconds)
                : Comparison.ofReports(a, b);
        shell.console().print(json.json() ? Json.write(Json.tree(comparison)) : comparison.text());
        return ExitCode.OK.number();
    }

    @Command(
            name = "plot",
            description = {
                "Draw what reports tell, as images of SVG: of a soak its series, shaded where a snapshot was held; of other regimes, alone or of bench all, bars of Millrace, the raw limit and the peers.",
                "The same report makes the same bytes. No database is needed, and nothing else is written."
            },
            footer = {
                "  millrace bench plot reports/soak.json --out images",
                "  millrace bench plot reports/all.json reports/soak.json --out docs/images"
            })
    int plot(
            @Mixin Common json,
            @Parameters(
                            arity = "1..*",
                            paramLabel = "REPORT.json",
                            description = "What --json printed, or a .json that --out kept.")
                    List<Path> reports,
            @Option(
                            names = "--out",
                            paramLabel = "DIR",
                            required = true,
                            description =
                                    "The images' folder, made if need be. Those of the same names in it are replaced.")
                    Path out) {
        for (var report : reports)
            if (!Files.exists(report))
                throw wrong(
                        "There is no %s. Name reports: what a measurement's --json printed, or a .json that its --out kept"
                                .formatted(report));
        var images = Plots.of(reports);
        var files = Json.array();
        try {
            Files.createDirectories(out);
            for (var image : images.entrySet()) {
                var file = out.resolve(image.getKey());
                Files.writeString(file, image.getValue());
                files.add(file.toString());
            }
        } catch (IOException e) {
            throw new CommandFailed(
                    ExitCode.REFUSED,
                    "The images can't be written into %s: %s. Name another folder with --out."
                            .formatted(out, e.getMessage()),
                    e);
        }
        if (json.json()) shell.console().print(Json.write(Json.object().set("images", files)));
        else files.forEach(file -> shell.console().print(file.stringValue("")));
        return ExitCode.OK.number();
    }

    private Comparison ofBuilds(
            DatabaseOptions database,
            Common json,
            Path a,
            Path b,
            Regime regime,
            int rounds,
            @Nullable Long jobs,
            @Nullable Integer seconds)
            throws InterruptedException {
        var options = new ArrayList<String>();
        if (jobs != null) options.addAll(List.of("--jobs", jobs.toString()));
        if (seconds != null) options.addAll(List.of("--seconds", seconds.toString()));
        return opened(
                database,
                json,
                (dataSource, login, telling) -> new Builds(login, telling).compare(a, b, regime, options, rounds));
    }

    private Regime regime(String name) {
        try {
            return Regime.of(name);
        } catch (MillraceException unknown) {
            throw wrong(String.valueOf(unknown.getMessage()));
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(spec.commandLine(), why);
    }
}
