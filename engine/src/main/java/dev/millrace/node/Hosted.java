package dev.millrace.node;

import dev.millrace.store.NodeId;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A node that was started, whoever turns it: threads of its own, or a {@link Host}. Safe for use by many threads. */
public interface Hosted extends AutoCloseable {

    /** How it stands. */
    NodeStatus status();

    /** Runs at most so many attempts at once from now on, however often it joins anew: 0 to the slots of its plan. What runs goes on. */
    void atMost(int slots);

    /** Somebody knows for certain that this node is dead: it is taken over without waiting for its lease. */
    void deposeAtOnce(NodeId dead);

    /**
     * Ends it without a word: nothing more is written, handlers are interrupted. Returns when its loops have ended, or do not end in time: then
     * they are refused.
     *
     * @return who is missed now; null if it was not joined, or had been closed before
     */
    @Nullable
    NodeId abandon();

    /**
     * Stops claiming, gives back what has not started, waits for what runs, flushes and leaves. What still runs after that time is
     * interrupted, and runs again elsewhere without costing an attempt. Returns when the node is gone.
     *
     * @return whether everything ended by itself and was flushed
     */
    boolean drain(Duration atMost);

    /** The same, with the grace of its limits. Again, or before a start, it does nothing. */
    @Override
    void close();
}
