package dev.millrace.simulation.checker;

import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Of a kind no more handlers run on a node than its code says, or than operators say, once the node has heard of that. What runs when fewer may goes on; and what was rescued has its slot before its
 * start is marked, so it may begin a little after.
 */
public final class KindsHold implements Checker {

    private final Heard heard;
    private final InCode inCode;
    private final Function<Place, Optional<String>> kind;
    private final Map<NodeId, Map<Key, String>> running = new HashMap<>();

    /** What a node's code says. */
    public interface InCode {
        int atOnce(NodeId node, String kind);
    }

    /** @param kind of the job of a delivery; empty if it is not there */
    public KindsHold(Heard heard, InCode inCode, Function<Place, Optional<String>> kind) {
        this.heard = heard;
        this.inCode = inCode;
        this.kind = kind;
    }

    @Override
    public String invariant() {
        return "a kind runs as often as it may on a node";
    }

    @Override
    public void see(TraceEvent event) {
        var node = event.at().node();
        if (node == null) return;
        switch (event) {
            case TraceEvent.Started(var at, var token, var held) ->
                kind.apply(held.place()).ifPresent(its -> starts(node, held, its));
            case TraceEvent.Flushed(var at, var ends) -> {
                for (var end : ends) leaves(node, Key.of(end.place()));
            }
            case TraceEvent.Completing completing -> leaves(node, Key.of(completing.place()));
            default -> {} // nothing starts or ends
        }
    }

    private void leaves(NodeId node, Key key) {
        var own = running.get(node);
        if (own != null) own.remove(key);
    }

    private void starts(NodeId node, Held held, String its) {
        var own = running.computeIfAbsent(node, first -> new HashMap<>());
        own.put(Key.of(held.place()), its);
        if (held.rescues() > 0) return;
        long together = own.values().stream().filter(its::equals).count();
        int most = heard.atOnce(node, its, inCode.atOnce(node, its));
        require(
                together <= most,
                "job %s starts, and %d of kind %s run on its node, where %d may",
                held.job(),
                together,
                its,
                most);
    }

    @Override
    public void forget() {
        running.clear();
    }
}
