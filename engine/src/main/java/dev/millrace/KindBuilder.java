package dev.millrace;

import java.time.Duration;

/** The kind just named, and the rest of the node. What is said here is this node's affair and is never stored. */
public interface KindBuilder extends NodeBuilder {

    /** What exceptions lead to. Default {@link Retry#DEFAULT}. */
    KindBuilder retry(Retry policy);

    /**
     * How long one attempt may run without a heartbeat. Then its thread is interrupted, the attempt has failed, and its slot is free,
     * whether or not the thread obeys. Default 5 minutes, at most 7 days.
     */
    KindBuilder deadline(Duration deadline);

    /** How many jobs of this kind this node runs at once. Default: as many as it has slots. */
    KindBuilder concurrency(int jobs);
}
