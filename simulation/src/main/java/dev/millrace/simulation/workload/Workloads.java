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
            new Stranded());

    private Workloads() {}

    public static List<Workload> all() {
        return ALL;
    }

    public static List<String> names() {
        return ALL.stream().map(Workload::name).toList();
    }
}
