package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how busy the slots of slow handlers are. */
@Command(
        name = "handlers",
        description = {
            "Handlers that sleep for 1 ms, and then such that sleep for 50 ms: what percentage of the time of all slots they are at work. The rest is the engine's."
        },
        footer = {"  millrace bench handlers", "  millrace bench handlers --slots 200 --jobs 50000"})
final class HandlersCommand extends RegimeCommand {

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "200000",
            description = "How many jobs: 1,000 to 100,000,000, default ${DEFAULT-VALUE}.")
    long jobs;

    @Option(
            names = "--slots",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Handlers at once: 1 to 100,000, default ${DEFAULT-VALUE}.")
    int slots;

    HandlersCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--jobs", jobs, 1_000, MOST_JOBS);
        how.within("--slots", slots, 1, 100_000);
        return measure(
                how.setup(List.of(), 0),
                Regime.HANDLERS,
                Regime.HANDLERS.sizes().withJobs(jobs).withSlots(slots));
    }
}
