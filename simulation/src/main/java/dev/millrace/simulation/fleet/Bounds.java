package dev.millrace.simulation.fleet;

import dev.millrace.MillraceException;
import dev.millrace.node.Incarnation;
import dev.millrace.simulation.checker.Checker;
import java.util.function.Consumer;

/** No node runs, or holds, more than its limits say; and nothing fails in it but steps of the store, in the ways that those may fail. */
public final class Bounds implements Checker {

    /** Nobody enqueues so many that what comes back would make it more. */
    private static final int IN_LINE = 4_000;

    private boolean forgetful;

    @Override
    public String invariant() {
        return "nodes stay within bounds, and fail only as they may";
    }

    void check(SimulatedNode node, Incarnation joined) {
        var status = joined.status(0);
        var limits = node.plan().limits();
        require(
                status.running() <= limits.slots(),
                "node %d runs %d in %d slots",
                node.no(),
                status.running(),
                limits.slots());
        int most = limits.slots() + limits.buffer() + limits.claimBatch();
        require(
                forgetful || status.counters().loopFailures() <= node.thrown(),
                "a loop of node %d failed, and not for a step of the store",
                node.no());
        require(
                status.inLine() <= IN_LINE + limits.claimBatch(),
                "node %d holds %d in line",
                node.no(),
                status.inLine());
        require(status.buffered() <= most, "node %d holds %d unstarted", node.no(), status.buffered());
    }

    void checkThrown(RuntimeException answer, Consumer<Runnable> keep) {
        if (answer instanceof MillraceException) return;
        keep.accept(() -> require(false, "a step of the store failed by itself: %s", answer));
    }

    /** What a node holds may be gone: then its reads answer less than they may. */
    @Override
    public void forget() {
        forgetful = true;
    }
}
