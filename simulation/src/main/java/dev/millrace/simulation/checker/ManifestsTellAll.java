package dev.millrace.simulation.checker;

import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A manifest may name too much, never too little: else a rescuer would leave something behind. Needs a complete trace. */
public final class ManifestsTellAll implements Checker {

    private final Map<NodeId, Map<Long, List<Place>>> claims = new HashMap<>();
    private final Set<Key> ended = new HashSet<>();
    private final Set<Key> withdrawn = new HashSet<>();

    @Override
    public String invariant() {
        return "a manifest names all that is open";
    }

    @Override
    public void see(TraceEvent event) {
        var node = event.at().node();
        if (node == null) return;
        switch (event) {
            case TraceEvent.Claimed claimed ->
                claims.computeIfAbsent(node, first -> new HashMap<>()).put(claimed.ordinal(), claimed.places());
            case TraceEvent.Flushed(var at, var ends) -> {
                for (var end : ends) ended.add(Key.of(end.place()));
            }
            case TraceEvent.Completing completing -> ended.add(Key.of(completing.place()));
            case TraceEvent.Read(var at, var token, var held) -> {
                for (var one : held) if (one.over()) ended.add(Key.of(one.place()));
            }
            case TraceEvent.Manifested(var at, var no, var upto, var open) -> told(node, upto, open);
            default -> {} // nothing is opened or closed
        }
    }

    private void told(NodeId node, long upto, List<Place> open) {
        var named = new HashSet<Key>();
        for (var place : open) named.add(Key.of(place));
        claims.getOrDefault(node, Map.of()).forEach((ordinal, places) -> {
            if (ordinal > upto) return;
            for (var place : places) {
                var key = Key.of(place);
                require(
                        named.contains(key) || ended.contains(key) || withdrawn.contains(key),
                        "a manifest of %s up to claim %d does not name %s, which is open",
                        node,
                        upto,
                        place);
            }
        });
    }

    /** Its holder has heard that this delivery was cancelled. */
    public void withdrawn(Place place) {
        withdrawn.add(Key.of(place));
    }

    @Override
    public void forget() {
        claims.clear();
        ended.clear();
    }
}
