package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures delayed jobs. */
@Command(
        name = "timers",
        description = {
            "Every job is delayed by one second, as retries and schedules are; without a held snapshot, and with one, in turn. Told are jobs per second from the first enqueue to the last outcome, the delay included."
        },
        footer = {"  millrace bench timers", "  millrace bench timers --jobs 1000000 --json"})
final class TimersCommand extends RegimeCommand {

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "200000",
            description = "How many jobs: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
    long jobs;

    TimersCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        return measure(
                how.setup(List.of(), 0), Regime.TIMERS, Regime.TIMERS.sizes().withJobs(jobs));
    }
}
