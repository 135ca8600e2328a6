package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how much one tenant's flood delays all others. */
@Command(
        name = "fairness",
        description = {
            "A thousand tenants enqueue jobs that take 10 ms, at a steady rate that one node with 50 slots can run. Then one more tenant enqueues a flood, more than the node can run in that time. Told is how long the others' jobs wait for their start, before the flood and beside it, and how many jobs of the flood run meanwhile. It is no part of bench all."
        },
        footer = {"  millrace bench fairness", "  millrace bench fairness --flood 500000 --seconds 60 --rounds 1 --json"
        })
final class FairnessCommand extends RegimeCommand {

    @Option(
            names = "--flood",
            paramLabel = "N",
            defaultValue = "200000",
            description = "Jobs of the one tenant: 1,000 to 10,000,000, default ${DEFAULT-VALUE}.")
    long flood;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "2000",
            description = "Jobs a second of all others together: 100 to 4,000, default ${DEFAULT-VALUE}.")
    int rate;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "20",
            description =
                    "How long before the flood, and how long beside it: 1 to 600 seconds, default ${DEFAULT-VALUE}.")
    int seconds;

    FairnessCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--flood", flood, 1_000, 10_000_000);
        how.within("--rate", rate, 100, 4_000);
        how.within("--seconds", seconds, 1, 600);
        return measure(
                how.setup(List.of(), 0),
                Regime.FAIRNESS,
                Regime.FAIRNESS.sizes().withJobs(flood).withPerSecond(rate).withSeconds(seconds));
    }
}
