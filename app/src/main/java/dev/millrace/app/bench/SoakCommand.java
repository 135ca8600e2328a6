package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.benchmarks.trial.Regime;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures a steady stream for long. */
@Command(
        name = "soak",
        description = {
            "A steady stream of no-op jobs for an hour, and a node in the same process that runs them; in the middle half of the time somebody holds a snapshot, and vacuum can clean nothing away.",
            "Told are the medians of before, while held and after: jobs per second, pick-up in milliseconds, the size of all relations but the job stream, the heap; and while held over before. The JSON has the whole series, a sample every 10 seconds, or 60 of a shorter one: see bench plot. It is no part of bench all."
        },
        footer = {
            "  millrace bench soak --out reports",
            "  millrace bench soak --seconds 600 --rate 10000 --held-seconds 300 --json",
            "  millrace bench plot reports/soak.json --out images"
        })
final class SoakCommand extends RegimeCommand {

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "3600",
            description = "How long: 3 to 86,400 seconds, default ${DEFAULT-VALUE}.")
    int seconds;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "5000",
            description = "Jobs that arrive in a second: 50 to 1,000,000, default ${DEFAULT-VALUE}.")
    int rate;

    @Option(
            names = "--held-seconds",
            paramLabel = "N",
            description =
                    "How long, in the middle of it, a snapshot is held: from 1 second to all but 2, default half of the time.")
    @Nullable
    Integer heldSeconds;

    SoakCommand(Shell shell) {
        super(shell);
    }

    @Override
    public Integer call() throws InterruptedException {
        how.within("--seconds", seconds, 3, 86_400);
        how.within("--rate", rate, 50, 1_000_000);
        int held = heldSeconds == null ? seconds / 2 : (int) how.within("--held-seconds", heldSeconds, 1, seconds - 2);
        return measure(
                how.setupOfOne(),
                Regime.SOAK,
                Regime.SOAK.sizes().withSeconds(seconds).withHeldSeconds(held).withPerSecond(rate));
    }
}
