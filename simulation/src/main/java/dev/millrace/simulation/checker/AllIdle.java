package dev.millrace.simulation.checker;

import dev.millrace.NodeView.Life;
import dev.millrace.store.Records;
import java.util.List;
import java.util.function.Supplier;

/** When everything has ended, no node holds anything, and none is left half dead. */
public final class AllIdle implements Checker {

    private final Supplier<List<String>> busy;

    /** @param busy nodes that still hold something, in words */
    public AllIdle(Supplier<List<String>> busy) {
        this.busy = busy;
    }

    @Override
    public String invariant() {
        return "at the end nothing is held";
    }

    @Override
    public void end(Records records) {
        for (var node : busy.get()) require(false, "everything has ended, and %s", node);
        for (var node : records.nodes())
            require(node.life() != Life.DEPOSED, "everything has ended, and node %s is still deposed", node.id());
    }
}
