package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures several nodes on one database. */
@Command(
        name = "nodes",
        description = {
            "1, 2, 4 and 8 nodes, each a process with a heap of its own, on one database and one backlog. Told are jobs per second of all together, how many sessions wait for a lock, and claims per 1,000 jobs."
        },
        footer = {"  millrace bench nodes", "  millrace bench nodes --most 2 --jobs 500000"})
final class NodesCommand extends RegimeCommand {

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "1000000",
            description =
                    "How many jobs each number of nodes finds, and 100,000 for each node to warm up: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
    long jobs;

    @Option(
            names = "--most",
            paramLabel = "N",
            defaultValue = "8",
            description = "The most nodes: 1 to 8; a node keeps up to 9 connections, default ${DEFAULT-VALUE}.")
    int most;

    NodesCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        how.within("--most", most, 1, 8);
        return measure(
                how.setup(List.of(), 0),
                Regime.NODES,
                Regime.NODES.sizes().withJobs(jobs).withNodes(most));
    }
}
