package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures what an enqueue costs in a transaction. */
@Command(
        name = "transactional",
        description = {
            "What a job costs in a transaction that you have anyway: each inserts a row, and beside it a job, or one more plain row. The two take turns, a second each.",
            "Told are transactions per second of both, and the ratio: 1 is no cost at all."
        },
        footer = {"  millrace bench transactional", "  millrace bench transactional --callers 1 --seconds 60"})
final class TransactionalCommand extends RegimeCommand {

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "24",
            description = "How long, both together: 2 to 3,600 seconds, default ${DEFAULT-VALUE}.")
    int seconds;

    @Option(
            names = "--callers",
            paramLabel = "N",
            defaultValue = "8",
            description = "Connections that have transactions: 1 to 40, default ${DEFAULT-VALUE}.")
    int callers;

    TransactionalCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--seconds", seconds, 2, 3_600);
        how.within("--callers", callers, 1, 40);
        return measure(
                how.setup(List.of(), 0),
                Regime.TRANSACTIONAL,
                Regime.TRANSACTIONAL.sizes().withSeconds(seconds).withCallers(callers));
    }
}
