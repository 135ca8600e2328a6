package dev.millrace.simulation.checker;

import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.NodeId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Only a node that has been silent is deposed: no clock, no slow store, no long transaction of a handler costs a node its life. */
public final class LivingNotDeposed implements Checker {

    private final Predicate<NodeId> mayBeDead;
    private final Map<NodeId, List<Long>> beats = new HashMap<>();

    /** @param mayBeDead whether a node is dead, or has been silent for a reason of its own */
    public LivingNotDeposed(Predicate<NodeId> mayBeDead) {
        this.mayBeDead = mayBeDead;
    }

    @Override
    public String invariant() {
        return "no living node is deposed";
    }

    @Override
    public void see(TraceEvent event) {
        var node = event.at().node();
        if (event instanceof TraceEvent.Beat beat && node != null) {
            beats.computeIfAbsent(node, first -> new ArrayList<>())
                    .add(beat.at().nanos());
        } else if (event instanceof TraceEvent.Deposed deposed && deposed.won()) {
            long heard = beats.getOrDefault(deposed.dead(), List.of()).stream()
                    .filter(at -> at < deposed.at().asked())
                    .count();
            require(
                    heard <= deposed.beat(),
                    "node %s was deposed at beat %d, and had beaten %d times",
                    deposed.dead(),
                    deposed.beat(),
                    heard);
            require(
                    mayBeDead.test(deposed.dead()),
                    "node %s was deposed by %s, though it lived and its beats went through",
                    deposed.dead(),
                    String.valueOf(deposed.at().node()));
        }
    }

    @Override
    public void forget() {
        beats.clear();
    }
}
