package dev.millrace.simulation.checker;

import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.NodeId;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * From the moment of its deposal on, no step of a node is accepted; and no lease ends otherwise. A beat is none: it takes no lock, so that nothing can hold it up, and of a
 * deposed node nobody reads it.
 */
public final class Fenced implements Checker {

    /** They are refused for a delivery that has ended, too. */
    private static final Set<String> OF_A_DELIVERY = Set.of("complete", "checkpoint", "read a checkpoint");

    private final boolean complete;
    private final Map<NodeId, Long> deposed = new HashMap<>();
    private boolean forgetful;

    /**
     * @param complete whether events come in the order of their effects; else a step is only known to be late if it was asked after the
     *     deposal had been answered
     */
    public Fenced(boolean complete) {
        this.complete = complete;
    }

    @Override
    public String invariant() {
        return "a deposed node changes nothing";
    }

    @Override
    public void see(TraceEvent event) {
        var writer = writer(event);
        if (writer != null) {
            var since = deposed.get(writer);
            boolean late = since != null && (complete || event.at().asked() > since);
            require(!late, "node %s was deposed, and its step was accepted: %s", writer, event);
        }
        switch (event) {
            case TraceEvent.Deposed(var at, var dead, var epoch, var beat, var won)
            when won -> deposed.merge(dead, at.nanos(), Math::min);
            case TraceEvent.Left(var at) when at.node() != null -> deposed.merge(at.node(), at.nanos(), Math::min);
            case TraceEvent.Refused(var at, var step)
            when complete && !forgetful && !OF_A_DELIVERY.contains(step) ->
                require(
                        at.node() != null && deposed.containsKey(at.node()),
                        "node %s was refused its %s, and nobody has deposed it",
                        String.valueOf(at.node()),
                        step);
            default -> {} // nobody loses an epoch
        }
    }

    /** The node whose lease a step proved; null if it proves none, or did not go through. */
    private static @Nullable NodeId writer(TraceEvent event) {
        return switch (event) {
            case TraceEvent.Enqueued sent -> null;
            case TraceEvent.Read read -> null;
            case TraceEvent.Started started -> null;
            case TraceEvent.Refused refused -> null;
            case TraceEvent.Unanswered unanswered -> null;
            case TraceEvent.Failed failed -> null;
            case TraceEvent.Joined joined -> null;
            case TraceEvent.Beat beat -> null;
            default -> event.at().node();
        };
    }

    @Override
    public void forget() {
        forgetful = true;
        deposed.clear();
    }
}
