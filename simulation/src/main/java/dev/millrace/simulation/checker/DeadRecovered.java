package dev.millrace.simulation.checker;

import dev.millrace.store.NodeId;
import dev.millrace.store.Records;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** What a dead node held runs elsewhere soon: it is deposed and rescued within the lease and five seconds, if anybody can. */
public final class DeadRecovered implements Checker {

    /**
     * A node that is dead and not gone.
     *
     * @param couldBeSeen for how long it has been silent while some other node was there and could reach the store; not always the same one
     */
    public record Dead(NodeId node, Duration couldBeSeen) {}

    private final Supplier<List<Dead>> dead;
    private final Duration within;
    private final Predicate<NodeId> holds;

    /** @param holds whether any delivery is still a node's: it is not gone before that has been looked at once more */
    public DeadRecovered(Supplier<List<Dead>> dead, Duration within, Predicate<NodeId> holds) {
        this.dead = dead;
        this.within = within;
        this.holds = holds;
    }

    @Override
    public String invariant() {
        return "a dead node's work runs elsewhere in time";
    }

    @Override
    public void look(Records records) {
        for (var one : dead.get())
            require(
                    one.couldBeSeen.compareTo(within) <= 0 || !holds.test(one.node),
                    "node %s has been dead for %s under the eyes of another, and still holds what it held",
                    one.node,
                    one.couldBeSeen);
    }
}
