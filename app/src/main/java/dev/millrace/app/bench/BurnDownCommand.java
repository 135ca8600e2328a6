package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.app.wire.Json;
import dev.millrace.benchmarks.BurnDownReport;
import dev.millrace.benchmarks.PairsReport;
import dev.millrace.benchmarks.Tables;
import dev.millrace.benchmarks.trial.Regime;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ObjectNode;

/** Measures how a backlog is burnt down. */
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
final class BurnDownCommand extends RegimeCommand {

    @Mixin
    Peers peers = new Peers();

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "How many: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
    long jobs;

    @Option(
            names = "--held-snapshot",
            description = "Let a reader hold its snapshot all the while, as a long report would.")
    boolean heldSnapshot;

    @Option(
            names = "--pairs",
            paramLabel = "N",
            description =
                    "With --held-snapshot: so many runs without it and with it, in turn, and what it costs. 1 to 20.")
    @Nullable
    Integer pairs;

    BurnDownCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        if (pairs != null && !heldSnapshot)
            throw how.wrong("--pairs compares runs without and with --held-snapshot. Give both, or none.");
        var setup = how.setup(peers.names(how), peers.heap);
        var sizes = Regime.BURN_DOWN.sizes().withJobs(jobs);
        if (pairs != null) {
            int rounds = (int) how.within("--pairs", pairs, 1, 20);
            return measure(setup.withRounds(rounds), (bench, machine) -> {
                var report = bench.pairs(sizes, machine);
                print(Regime.BURN_DOWN.wireName() + "-pairs", (ObjectNode) Json.tree(report), text(report));
            });
        }
        return measure(setup, (bench, machine) -> {
            var report = heldSnapshot ? bench.runHeld(Regime.BURN_DOWN, sizes) : bench.run(Regime.BURN_DOWN, sizes);
            var tree = (ObjectNode) Json.tree(BurnDownReport.of(report, machine));
            tree.set("machine", Json.tree(machine));
            tree.setAll((ObjectNode) Json.tree(report));
            print(Regime.BURN_DOWN.wireName(), tree, Tables.of(report));
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
}
