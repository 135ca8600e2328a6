package dev.millrace.node;

import java.time.Duration;

/** A node that was started, whoever turns it: threads of its own, or a {@link Host}. Safe for use by many threads. */
public interface Hosted extends AutoCloseable {

    /** How it stands. */
    NodeStatus status();

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
