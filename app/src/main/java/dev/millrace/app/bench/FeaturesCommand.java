package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures what features cost. */
@Command(
        name = "features",
        description = {
            "What each feature costs the jobs that use it: labels, results, unique keys, an order and a limit per key, batches, delays, outcomes in the handler's transaction. Slices of 10,000 jobs take turns with plain ones on one node; each is timed from its enqueue in bulk to its last outcome. Told are jobs per second, and what that is of plain. It is no part of bench all."
        },
        footer = {"  millrace bench features", "  millrace bench features --jobs 300000 --rounds 1 --json"})
final class FeaturesCommand extends RegimeCommand {

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "100000",
            description = "How many jobs of each feature: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
    long jobs;

    FeaturesCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        return measure(
                how.setup(List.of(), 0),
                Regime.FEATURES,
                Regime.FEATURES.sizes().withJobs(jobs));
    }
}
