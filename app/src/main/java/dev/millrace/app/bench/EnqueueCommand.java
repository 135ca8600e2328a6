package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures bulk enqueues. */
@Command(
        name = "enqueue",
        description = {
            "Enqueue no-op jobs in bulk, while nobody works; beside it COPY into a plain table. Told are jobs per second, and what a job costs."
        },
        footer = {
            "  millrace bench enqueue --jobs 1000000",
            "  millrace bench enqueue --jobs 200000 --peers --json",
        })
final class EnqueueCommand extends RegimeCommand {

    @Mixin
    Peers peers = new Peers();

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "How many: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
    long jobs;

    EnqueueCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        var setup = how.setup(peers.names(how), peers.heap);
        return measure(setup, Regime.ENQUEUE, Regime.ENQUEUE.sizes().withJobs(jobs));
    }
}
