package dev.millrace.simulation.workload;

import java.util.List;
import java.util.Set;

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
            new UniqueSends(),
            new BulkChanges(),
            new Batches(),
            new Lines(),
            new Rates(),
            new Tenants(),
            new Dependencies(),
            new Pauses(),
            new Numbers(),
            new Floods(),
            new FleetNumbers());

    /** What only concerns itself. */
    private static final Set<String> APART = Set.of(
            "slots",
            "unique-sends",
            "bulk-changes",
            "batches",
            "lines",
            "rates",
            "tenants",
            "after",
            "pauses",
            "numbers",
            "floods",
            "fleet");

    private Workloads() {}

    public static List<Workload> all() {
        return ALL;
    }

    /** What a seed plays unless it is told otherwise: all but what only concerns itself, and has seeds of its own. */
    public static List<String> standard() {
        return names().stream().filter(name -> !APART.contains(name)).toList();
    }

    public static List<String> names() {
        return ALL.stream().map(Workload::name).toList();
    }
}
