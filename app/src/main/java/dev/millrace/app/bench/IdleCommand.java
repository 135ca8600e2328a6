package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures how soon a single job is picked up, and what it costs to wait for one. */
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
final class IdleCommand extends RegimeCommand {

    @Mixin
    Peers peers = new Peers();

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "1000",
            description = "How many jobs, 10 ms apart: 10 to 100,000, default ${DEFAULT-VALUE}.")
    int jobs;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "15",
            description = "How long nothing happens then: 1 to 3,600 seconds, default ${DEFAULT-VALUE}.")
    int seconds;

    IdleCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--jobs", jobs, 10, 100_000);
        how.within("--seconds", seconds, 1, 3_600);
        return measure(
                how.setup(peers.names(how), peers.heap),
                Regime.IDLE,
                Regime.IDLE.sizes().withJobs(jobs).withSeconds(seconds));
    }
}
