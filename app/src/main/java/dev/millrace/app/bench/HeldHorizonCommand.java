package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures what a held snapshot does to a steady stream. */
@Command(
        name = "held-horizon",
        description = {
            "A steady stream of jobs; in the middle third of the time somebody holds a snapshot, as a long report or a forgotten transaction does, and vacuum can clean nothing away.",
            "Told are, by thirds, jobs per second, pick-up in milliseconds, bytes by which the job stream grew per job, and the size of all that is updated in place."
        },
        footer = {
            "  millrace bench held-horizon --minutes 30",
            "  millrace bench held-horizon --minutes 3 --per-second 1000 --json"
        })
final class HeldHorizonCommand extends RegimeCommand {

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "3",
            description = "How long, all thirds together: 1 to 1,440 minutes, default ${DEFAULT-VALUE}.")
    int minutes;

    @Option(
            names = "--per-second",
            paramLabel = "N",
            defaultValue = "5000",
            description = "Jobs that arrive in a second: 50 to 1,000,000, default ${DEFAULT-VALUE}.")
    int perSecond;

    HeldHorizonCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--minutes", minutes, 1, 1_440);
        how.within("--per-second", perSecond, 50, 1_000_000);
        return measure(
                how.setup(List.of(), 0),
                Regime.HELD_HORIZON,
                Regime.HELD_HORIZON.sizes().withSeconds(minutes * 60).withPerSecond(perSecond));
    }
}
