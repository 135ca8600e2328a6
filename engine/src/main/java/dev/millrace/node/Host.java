package dev.millrace.node;

import dev.millrace.store.NodeId;
import dev.millrace.store.Storage;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * A world that also turns the nodes in it, and lets its time pass for who waits. In any other world nodes have threads of their own,
 * and who waits blocks. For the test kit, where all of it happens in virtual time.
 */
public interface Host extends World {

    /**
     * Starts a node. It has joined when this returns.
     *
     * @param dead nodes that are known for certain to be dead: what they left is taken over at once
     */
    Hosted start(Storage storage, NodePlan plan, Set<NodeId> dead);

    /** Lets time pass, on the calling thread, until the end has come, or for so long. */
    void pass(Duration atMost, BooleanSupplier end);
}
