package dev.millrace.app.bench;

import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.benchmarks.Bench;
import dev.millrace.benchmarks.Setup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every measurement. A picocli mixin. */
final class HowToMeasure {

    private static final int USUAL_ROUNDS = 3;

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description =
                    "How often each contender has its turn; every second round goes the other way round. 1 to 20, default 3, of a soak 1.")
    @Nullable
    Integer rounds;

    @Option(
            names = "--heap",
            paramLabel = "MB",
            defaultValue = "256",
            description =
                    "The largest heap of the engine's process, in megabytes: 64 to 65,536, default ${DEFAULT-VALUE}.")
    int heap;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "Keep the report there too: REGIME.json with every round's value, and REGIME.md with tables. The folder is made if need be.")
    @Nullable
    Path out;

    /** Makes the folder now, since hours may pass until something is written into it. */
    private void makeFolder() {
        if (out == null) return;
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            throw new CommandFailed(
                    ExitCode.REFUSED,
                    "The folder %s can't be made: %s. Name another one with --out.".formatted(out, e.getMessage()),
                    e);
        }
    }

    /** Writes a report into the folder, if there is one. */
    void keep(String name, String json, String markdown) {
        if (out == null) return;
        try {
            Files.writeString(out.resolve(name + ".json"), json + "\n");
            Files.writeString(out.resolve(name + ".md"), markdown + "\n");
        } catch (IOException e) {
            throw new CommandFailed(
                    ExitCode.FAILED, "The report can't be written into %s: %s.".formatted(out, e.getMessage()), e);
        }
    }

    /** As they were asked for. */
    Setup setup(List<String> peers, int peerHeap) {
        return setup(peers, peerHeap, USUAL_ROUNDS);
    }

    /** As they were asked for, of what is measured once unless more is asked for. */
    Setup setupOfOne() {
        return setup(List.of(), 0, 1);
    }

    private Setup setup(List<String> peers, int peerHeap, int usualRounds) {
        int times = rounds == null ? usualRounds : (int) within("--rounds", rounds, 1, 20);
        within("--heap", heap, 64, 65_536);
        if (!peers.isEmpty()) Bench.insistOnPeers();
        makeFolder();
        return new Setup(times, heap, peerHeap, peers, false);
    }

    /** Refuses what lies outside, with what would do. */
    long within(String option, long value, long least, long most) {
        if (value < least || value > most)
            throw wrong("%s can't be %d: it takes %,d to %,d.".formatted(option, value, least, most));
        return value;
    }

    ParameterException wrong(String why) {
        return new ParameterException(spec.commandLine(), why);
    }
}
