package dev.millrace.app.bench;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of measurements that others can take part in. A picocli mixin. */
final class Peers {

    private static final List<String> KNOWN = List.of("db-scheduler", "jobrunr", "quartz", "dbos", "graphile-worker");

    @Option(
            names = "--peers",
            paramLabel = "LIST",
            arity = "0..1",
            fallbackValue = "all",
            description =
                    "Measure others beside Millrace, each at the best settings that its documentation advises: db-scheduler, jobrunr, quartz, dbos, graphile-worker, with commas between; all of them without a list. The first use downloads them.")
    @Nullable
    String list;

    @Option(
            names = "--peer-heap",
            paramLabel = "MB",
            defaultValue = "1024",
            description = "The largest heap of a peer's process, in megabytes: 64 to 65,536, default ${DEFAULT-VALUE}.")
    int heap;

    /** Their names; none if they were not asked for. */
    List<String> names(HowToMeasure how) {
        how.within("--peer-heap", heap, 64, 65_536);
        if (list == null) return List.of();
        if (list.equals("all")) return KNOWN;
        var names = Arrays.stream(list.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .distinct()
                .toList();
        for (var name : names)
            if (!KNOWN.contains(name))
                throw how.wrong("There is no peer \"%s\". There are: %s.".formatted(name, String.join(", ", KNOWN)));
        if (names.isEmpty())
            throw how.wrong("--peers names nobody. There are: %s.".formatted(String.join(", ", KNOWN)));
        return names;
    }
}
