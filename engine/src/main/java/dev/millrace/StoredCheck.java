package dev.millrace;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What a start makes of jobs that wait and that its node can't read. */
final class StoredCheck {

    private static final System.Logger LOG = System.getLogger(StoredCheck.class.getName());

    private final String node;
    private final Supplier<Check> look;

    /** @param look at some of what waits for the node */
    StoredCheck(String node, Supplier<Check> look) {
        this.node = node;
        this.look = look;
    }

    /**
     * Before the node joins.
     *
     * @throws MillraceException if something can't be read, or could not be looked at
     */
    void refuse() {
        var unreadable = look.get().unreadable();
        if (unreadable.isEmpty()) return;
        throw new MillraceException(
                "Node %s was not started, since checkStored(REFUSE) was said and it can't read what waits for it. %s Nothing was claimed or changed. Add what leads up from them, or leave them to nodes of the build that can read them."
                        .formatted(
                                node,
                                unreadable.stream().map(Check.OfKind::brief).collect(Collectors.joining(" "))));
    }

    /** On a thread of its own: whoever starts a node does not wait for it, and however slow the database is, nothing fails of it. */
    void warnBeside(BooleanSupplier closed) {
        Thread.ofPlatform().daemon().name("millrace-" + node + "-check").start(() -> warn(closed));
    }

    /** @param closed whether nobody wants to know any more */
    void warn(BooleanSupplier closed) {
        try {
            if (closed.getAsBoolean()) return;
            for (var kind : look.get().unreadable())
                LOG.log(
                        System.Logger.Level.WARNING,
                        "Node {0}: {1} They are left waiting, as parked. Add what leads up from them, or run nodes that can read them; `millrace check` tells why, and tells it before a deploy.",
                        node,
                        kind.brief());
        } catch (RuntimeException
                | AssertionError
                | LinkageError failed) { // a record or an upcast may say no in any way
            if (closed.getAsBoolean()) return; // while it looked
            LOG.log(
                    System.Logger.Level.INFO,
                    "Node {0} could not look at its start whether it can read what waits for it: {1} It runs, and parks what does not fit.",
                    node,
                    String.valueOf(failed.getMessage()));
        }
    }
}
