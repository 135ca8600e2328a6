package dev.millrace.simulation.store;

import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.database.Transaction.Isolation;
import dev.millrace.simulation.store.Rows.Node;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeId;

/** How a step proves that its node has not been deposed. */
final class Fences {

    private final Tables tables;

    /** The lock of a node: its steps share it, who deposes it takes it alone. */
    record NodeLock(int no) {}

    /** Who may end what a node holds takes it alone: the node's own flushes, and who cancels. */
    record EndingsLock(int no) {}

    Fences(Tables tables) {
        this.tables = tables;
    }

    void readCommitted(Transaction tx) {
        if (tx.isolation() != Isolation.READ_COMMITTED) throw Raised.wrongTransaction("this step needs READ COMMITTED");
    }

    /** Lock, then look: two statements, so that the look is younger than the lock. */
    void fence(Transaction tx, Lease lease) {
        readCommitted(tx);
        tx.statement();
        var node = tables.nodes.get(tx, lease.node());
        if (node == null) throw Raised.fenced(lease);
        tx.meanwhile();
        tx.lockShared(new NodeLock(node.lockNo()));
        if (!tables.planted(Bug.FENCE_IN_ONE_STATEMENT)) tx.statement();
        look(tx, lease);
    }

    void lockEndings(Transaction tx, NodeId id) {
        tx.statement();
        var node = tables.nodes.get(tx, id);
        if (node == null) return; // long gone: it flushes no more
        tx.meanwhile();
        tx.lock(new EndingsLock(node.lockNo()));
    }

    /** For steps that only look. */
    void prove(Transaction tx, Lease lease) {
        tx.statement();
        look(tx, lease);
    }

    /** In a caller's transaction: a row lock, which fails under an old snapshot where an advisory lock would let pass. */
    void fenceRow(Transaction tx, Lease lease) {
        tx.statement();
        if (tables.planted(Bug.USER_FENCE_WITHOUT_ROW_LOCK)) {
            var node = tables.nodes.get(tx, lease.node());
            if (node == null) throw Raised.fenced(lease);
            tx.lockShared(new NodeLock(node.lockNo()));
            look(tx, lease);
            return;
        }
        if (tables.nodes.lockShared(tx, lease.node(), node -> good(node, lease)) == null) throw Raised.fenced(lease);
    }

    private void look(Transaction tx, Lease lease) {
        var node = tables.nodes.get(tx, lease.node());
        if (node == null || !good(node, lease)) throw Raised.fenced(lease);
    }

    /** A lease is good until its node is deposed, and on the server's timeline that it began on. */
    private boolean good(Node node, Lease lease) {
        return node.is(lease.epoch().value())
                && (node.timeline() == tables.database.serverTimeline() || tables.planted(Bug.LEASE_OUTLIVES_FAILOVER));
    }
}
