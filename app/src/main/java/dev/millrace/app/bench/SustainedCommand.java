package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures single enqueues while workers run. */
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
final class SustainedCommand extends RegimeCommand {

    @Mixin
    Peers peers = new Peers();

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "20",
            description = "How long: 1 to 3,600 seconds, default ${DEFAULT-VALUE}.")
    int seconds;

    @Option(
            names = "--callers",
            paramLabel = "N",
            defaultValue = "32",
            description = "Threads that enqueue: 1 to 40, default ${DEFAULT-VALUE}.")
    int callers;

    SustainedCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--seconds", seconds, 1, 3_600);
        how.within("--callers", callers, 1, 40);
        return measure(
                how.setup(peers.names(how), peers.heap),
                Regime.SUSTAINED,
                Regime.SUSTAINED.sizes().withSeconds(seconds).withCallers(callers));
    }
}
