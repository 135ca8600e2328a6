package dev.millrace.app.bench;

import dev.millrace.benchmarks.Setup;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every measurement. A picocli mixin. */
final class HowToMeasure {

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description =
                    "How often each contender has its turn; every second round goes the other way round. 1 to 20, default ${DEFAULT-VALUE}.")
    int rounds;

    @Option(
            names = "--heap",
            paramLabel = "MB",
            defaultValue = "256",
            description =
                    "The largest heap of the engine's process, in megabytes: 64 to 65,536, default ${DEFAULT-VALUE}.")
    int heap;

    /** As they were asked for. */
    Setup setup(List<String> peers, int peerHeap) {
        within("--rounds", rounds, 1, 20);
        within("--heap", heap, 64, 65_536);
        return new Setup(rounds, heap, peerHeap, peers);
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
