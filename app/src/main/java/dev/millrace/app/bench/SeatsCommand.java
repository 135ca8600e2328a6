package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Sells seats in two ways. */
@Command(
        name = "seats",
        description = {
            "200 buyers want one of 50 seats at the same time, and four of five of them one of the same ten; two nodes serve them. In one way each request is a job in the order of its seat, and nothing but that order keeps two of them apart. In the other the seat's row has a version, and who was slower tries again. Told are the times from a request to its answer. A seat that is sold twice fails the command. It is no part of bench all."
        },
        footer = {"  millrace bench seats", "  millrace bench seats --shows 1000 --rounds 1 --json"})
final class SeatsCommand extends RegimeCommand {

    private static final int BUYERS = 200;

    @Option(
            names = "--shows",
            paramLabel = "N",
            defaultValue = "100",
            description = "How many shows are sold in each way: 1 to 100,000, default ${DEFAULT-VALUE}.")
    long shows;

    SeatsCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--shows", shows, 1, 100_000);
        return measure(
                how.setup(List.of(), 0), Regime.SEATS, Regime.SEATS.sizes().withJobs(shows * BUYERS));
    }
}
