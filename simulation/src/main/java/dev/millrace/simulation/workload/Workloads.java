package dev.millrace.simulation.workload;

import java.util.List;

/** All there are. */
public final class Workloads {

    private static final List<Workload> ALL = List.of(
            new Mixed(),
            new Poison(),
            new SlowProducers(),
            new Exact(),
            new Bulk(),
            new Crowd(),
            new NewQueues(),
            new RepeatedSends(),
            new Operators(),
            new Stranded(),
            new Slots(),
            new UniqueSends());

    private Workloads() {}

    public static List<Workload> all() {
        return ALL;
    }

    /** What a seed plays unless it is told otherwise: all but what only concerns itself, and has seeds of its own. */
    public static List<String> standard() {
        return names().stream()
                .filter(name -> !name.equals("slots") && !name.equals("unique-sends"))
                .toList();
    }

    public static List<String> names() {
        return ALL.stream().map(Workload::name).toList();
    }
}
