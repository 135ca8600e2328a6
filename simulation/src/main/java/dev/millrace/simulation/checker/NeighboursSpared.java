package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.store.NodeId;
import dev.millrace.store.Protocol;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A job that one more young death would discard starts alone, and while it is young nothing starts beside it: so no neighbour is ever
 * discarded for it. What a job is charged with is taken from the rescues themselves, not from what nodes were told.
 */
public final class NeighboursSpared implements Checker {

    private final long youth;
    private final Map<JobId, Integer> charged = new HashMap<>();
    private final Map<NodeId, List<Young>> young = new HashMap<>();

    private record Young(Held held, long since, int charged, boolean suspect) {}

    /** @param youth how long a marked start is young, on the clock of its node, which may run a little faster than that of the trace */
    public NeighboursSpared(Duration youth) {
        this.youth = youth.toNanos() / 100 * 97;
    }

    @Override
    public String invariant() {
        return "the neighbours of a poisonous job are spared";
    }

    @Override
    public void see(TraceEvent event) {
        var node = event.at().node();
        switch (event) {
            case TraceEvent.TookBack(var at, var dead, var cases) -> {
                for (var one : cases) {
                    charged.put(one.job(), one.charged());
                    require(
                            !one.discarded()
                                    || one.charged() >= Protocol.YOUNG_DEATHS
                                    || one.rescues() >= Protocol.MARKED_DEATHS,
                            "job %s was discarded after %d deaths, and charged with %d",
                            one.job(),
                            one.rescues(),
                            one.charged());
                }
                young.remove(dead);
            }
            case TraceEvent.Flushed(var at, var ends)
            when node != null -> {
                for (var end : ends) leaves(node, end.job());
            }
            case TraceEvent.Completing completing when node != null -> leaves(node, completing.job());
            case TraceEvent.Started(var at, var token, var held) when node != null -> starts(node, held, at.nanos());
            default -> {} // nobody starts or ends
        }
    }

    private void leaves(NodeId node, JobId job) {
        var beside = young.get(node);
        if (beside != null) beside.removeIf(one -> one.held.job().equals(job));
    }

    private void starts(NodeId node, Held held, long now) {
        var beside = young.computeIfAbsent(node, first -> new ArrayList<>());
        beside.removeIf(one -> now - one.since >= youth);
        int charges = held.rescues() == 0 ? 0 : charged.getOrDefault(held.job(), 0);
        var mine = new Young(held, now, charges, held.rescues() > 0);
        for (var other : beside)
            require(
                    !lastChance(other.charged),
                    "node %s starts job %s beside job %s, whose next death discards it",
                    node,
                    held.job(),
                    other.held.job());
        require(
                !lastChance(charges) || beside.stream().noneMatch(Young::suspect),
                "node %s starts job %s, whose next death discards it, beside others that are young",
                node,
                held.job());
        beside.add(mine);
    }

    private static boolean lastChance(int charges) {
        return charges >= Protocol.YOUNG_DEATHS - 1;
    }

    @Override
    public void forget() {
        charged.clear();
        young.clear();
    }
}
