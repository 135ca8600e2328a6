package dev.millrace.simulation.checker;

import dev.millrace.simulation.checker.Heard.Words;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Adjustment;
import dev.millrace.store.NodeId;
import dev.millrace.store.Records;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What operators say reaches each node in two seconds: pauses, their ends, and numbers; counted from when it was committed, on one that is awake and whose steps go through. How long one needs
 * that was frozen or cut off, or that waits for the store, nobody has promised: for it the time begins when that is over.
 */
public final class HeardInTime implements Checker {

    private static final long IN_TIME = Duration.ofSeconds(2).toNanos();

    private final Heard heard;
    private final Supplier<Words> said;
    private final Supplier<Map<NodeId, Long>> awake;
    private final LongSupplier now;
    private final Map<Object, Long> changedAt = new HashMap<>();
    private Words known = new Words(Set.of(), Set.of());

    /**
     * @param said what is committed, seen without letting time pass
     * @param awake the nodes that nothing keeps from hearing, and since when, in nanoseconds
     * @param now the time of all, in nanoseconds
     */
    public HeardInTime(Heard heard, Supplier<Words> said, Supplier<Map<NodeId, Long>> awake, LongSupplier now) {
        this.heard = heard;
        this.said = said;
        this.awake = awake;
        this.now = now;
    }

    @Override
    public String invariant() {
        return "what operators say reaches each node in two seconds";
    }

    @Override
    public void see(TraceEvent event) {
        look();
    }

    @Override
    public void look(Records records) {
        look();
    }

    private void look() {
        var words = said.get();
        long at = now.getAsLong();
        for (var one : known.differ(words)) changedAt.put(one, at);
        known = words;
        if (!changedAt.isEmpty()) awake.get().forEach((node, since) -> look(node, since, at));
    }

    private void look(NodeId node, long since, long at) {
        var words = heard.of(node);
        if (words == null) return; // it claims nothing before
        for (var one : words.differ(known)) {
            if (mayBeCode(one)) continue;
            long from = Math.max(since, changedAt.getOrDefault(one, at));
            require(
                    at - from <= IN_TIME,
                    "node %s has not heard for %d ms whether this holds: %s",
                    node,
                    (at - from) / 1_000_000,
                    one);
        }
    }

    /** A number of the fleet that no operator says now, or no more, may be what the code of some node says. */
    private boolean mayBeCode(Object one) {
        return one instanceof Adjustment set
                && (set.of() == Adjustment.Of.FLEET_KIND || set.of() == Adjustment.Of.FLEET_QUEUE)
                && !known.adjusted().contains(set);
    }
}
