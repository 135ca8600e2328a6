package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures what a long backlog costs. */
@Command(
        name = "backlog",
        description = {
            "Run and pick-up on an empty schema; while a backlog waits; and when it has ended and is history. Told are jobs per second and milliseconds of each."
        },
        footer = {
            "  millrace bench backlog --backlog 10000000 --rounds 1",
            "  millrace bench backlog --backlog 1000000 --json"
        })
final class BacklogCommand extends RegimeCommand {

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "200000",
            description = "How many jobs: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
    long jobs;

    @Option(
            names = "--backlog",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "How many jobs wait: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
    long backlog;

    BacklogCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        how.within("--backlog", backlog, 1_000, MOST_JOBS);
        return measure(
                how.setup(List.of(), 0),
                Regime.BACKLOG,
                Regime.BACKLOG.sizes().withJobs(jobs).withBacklog(backlog));
    }
}
