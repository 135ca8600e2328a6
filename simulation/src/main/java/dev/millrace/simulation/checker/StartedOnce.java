package dev.millrace.simulation.checker;

import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.NodeId;
import dev.millrace.store.Protocol;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A delivery starts once, on the node that claimed it, within that node's slots, and not after it was withdrawn or has expired. */
public final class StartedOnce implements Checker {

    private final Map<Key, ClaimToken> started = new HashMap<>();
    private final Map<Key, NodeId> claimedBy = new HashMap<>();
    private final Map<NodeId, Integer> slots = new HashMap<>();
    private final Map<NodeId, Set<Key>> busy = new HashMap<>();
    private boolean forgetful;

    @Override
    public String invariant() {
        return "a delivery starts once, within its node's slots";
    }

    @Override
    public void see(TraceEvent event) {
        var node = event.at().node();
        if (node == null) return;
        switch (event) {
            case TraceEvent.Joined joined -> slots.put(node, joined.slots());
            case TraceEvent.Claimed claimed -> {
                for (var place : claimed.places()) claimedBy.put(Key.of(place), node);
            }
            case TraceEvent.Started(var at, var token, var held) -> starts(node, token, held);
            case TraceEvent.Flushed(var at, var ends) -> {
                for (var end : ends) leaves(node, Key.of(end.place()));
            }
            case TraceEvent.Completing completing -> leaves(node, Key.of(completing.place()));
            default -> {} // no slot is taken or freed
        }
    }

    private void leaves(NodeId node, Key key) {
        var running = busy.get(node);
        if (running != null) running.remove(key);
    }

    private void starts(NodeId node, ClaimToken token, Held held) {
        var key = Key.of(held.place());
        var before = started.put(key, token);
        boolean claimedAnew = forgetful && !token.equals(before); // of a claim that was lost, nobody heard yet
        require(
                before == null || claimedAnew,
                "the delivery at %s of job %s was started twice",
                held.place(),
                held.job());
        var holder = claimedBy.get(key);
        require(
                holder == null || holder.equals(node),
                "the delivery at %s of job %s was started by %s, and claimed by %s",
                held.place(),
                held.job(),
                node,
                String.valueOf(holder));
        require(!held.over(), "job %s was started, though it was known to have ended", held.job());
        require(!held.expired(), "job %s was started, though it was known to have expired", held.job());
        require(
                held.charged() < Protocol.YOUNG_DEATHS,
                "job %s is charged with %d deaths, and runs on",
                held.job(),
                held.charged());
        var running = busy.computeIfAbsent(node, unknown -> new HashSet<>());
        running.add(key);
        int most = slots.getOrDefault(node, Integer.MAX_VALUE);
        require(
                running.size() <= most,
                "node %s has %d slots, and %d started deliveries whose outcome is not durable",
                node,
                most,
                running.size());
    }

    @Override
    public void forget() {
        forgetful = true;
        started.clear();
        claimedBy.clear();
        busy.clear();
    }
}
