package dev.millrace.node;

import java.time.Duration;

/** Publishes what payloads of this node's kinds look like: once, as soon as it has joined and the storage takes it. */
final class Publisher implements Loop {

    /** Longer than any node lives. */
    private static final Duration FOR_EVER = Duration.ofDays(365);

    private final Incarnation node;
    private boolean done;

    Publisher(Incarnation node) {
        this.node = node;
    }

    @Override
    public Duration turn() {
        if (!done) node.storage().publish(node.lease(), node.plan().schemas()); // unknown: it is said again
        done = true;
        return FOR_EVER;
    }
}
