package dev.millrace.simulation.store;

import dev.millrace.MillraceException;
import dev.millrace.NodeView;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Fences.NodeLock;
import dev.millrace.simulation.store.Rows.Beat;
import dev.millrace.simulation.store.Rows.Node;
import dev.millrace.simulation.store.Rows.Node.Life;
import dev.millrace.simulation.store.Rows.Silence;
import dev.millrace.store.Epoch;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Peer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Life and death of nodes. {@code V002__protocol.sql}, section life and death of a node; {@code V005__deaths.sql}; {@code V047__what_nodes_tell.sql}. */
final class Membership {

    private static final Duration DEPOSE_PATIENCE = Duration.ofSeconds(10);
    private static final Duration HOLDERS_PATIENCE = Duration.ofSeconds(2);

    private final Tables tables;
    private final Fences fences;
    private final Claiming claiming;

    Membership(Tables tables, Fences fences, Claiming claiming) {
        this.tables = tables;
        this.fences = fences;
        this.claiming = claiming;
    }

    Lease join(Transaction tx, NodeCard card) {
        tx.statement();
        if (tables.nodes.get(tx, card.id()) != null)
            throw new MillraceException(
                    "Node %s has joined before: draw a new id and join again.".formatted(card.id()));
        tables.beats.insert(tx, card.id(), new Beat(0, tables.now(), null));
        tx.statement();
        int lockNo = Math.toIntExact(tables.nextNumber());
        tables.nodes.insert(
                tx,
                card.id(),
                new Node(card, lockNo, tables.database.serverTimeline(), 1, Life.ALIVE, tables.now(), null));
        return new Lease(card.id(), new Epoch(1));
    }

    void beat(Transaction tx, Lease lease, NodeView.@Nullable Stuck stuck) {
        fences.readCommitted(tx);
        fences.prove(tx, lease);
        if (tables.planted(Bug.BEAT_IN_NODE_ROW)) tables.nodes.update(tx, lease.node(), any -> true, same -> same);
        var now = tables.now();
        if (tables.beats.update(tx, lease.node(), any -> true, beat -> new Beat(beat.n() + 1, now, stuck)) == null)
            throw Raised.fenced(lease);
    }

    void leave(Transaction tx, Lease lease) {
        fences.readCommitted(tx);
        tx.statement();
        var node = tables.nodes.get(tx, lease.node());
        if (node == null) throw Raised.fenced(lease);
        tx.lock(new NodeLock(node.lockNo()));
        tx.statement();
        if (!raiseEpoch(tx, lease)) throw Raised.fenced(lease);
        if (claiming.openPlaces(tx, lease.node(), 1).isEmpty()) setGone(tx, lease.node());
    }

    private boolean raiseEpoch(Transaction tx, Lease lease) {
        return tables.nodes.update(
                        tx,
                        lease.node(),
                        node -> node.is(lease.epoch().value()),
                        node -> node.as(Life.DEPOSED, node.epoch() + 1, null))
                != null;
    }

    void setGone(Transaction tx, NodeId node) {
        if (tables.planted(Bug.DEPOSED_NEVER_GONE)) return;
        tx.statement();
        var now = tables.now();
        tables.nodes.update(tx, node, any -> true, row -> row.as(Life.GONE, row.epoch(), now));
    }

    List<Peer> census(Transaction tx, Lease lease) {
        fences.prove(tx, lease);
        tx.statement();
        var peers = new ArrayList<Peer>();
        for (var node : tables.nodes.all(tx)) {
            if (node.life() == Life.GONE) continue;
            var id = node.card().id();
            var beat = Objects.requireNonNull(tables.beats.get(tx, id));
            var silence = tables.silences.get(tx, id);
            peers.add(new Peer(
                    id,
                    new Epoch(node.epoch()),
                    node.life() == Life.DEPOSED,
                    beat.n(),
                    silence != null && silence.beat() == beat.n() && !tables.planted(Bug.WITNESSES_FORGOTTEN)
                            ? silence.watched()
                            : Duration.ZERO));
        }
        return peers;
    }

    void witness(Transaction tx, Lease by, Peer silent, Duration watched) {
        fences.fence(tx, by);
        tx.statement();
        var row = new Silence(silent.beat(), watched);
        if (tables.silences.insertIfAbsent(tx, silent.id(), row)) return;
        tx.statement();
        tables.silences.update(tx, silent.id(), old -> later(row, old), old -> row);
    }

    private static boolean later(Silence row, Silence old) {
        if (row.beat() != old.beat()) return row.beat() > old.beat();
        return row.watched().compareTo(old.watched()) > 0;
    }

    boolean depose(Transaction tx, Lease by, Peer dead) {
        tx.lockTimeout(DEPOSE_PATIENCE);
        fences.readCommitted(tx);
        if (!tables.planted(Bug.HOLDERS_LEFT_ALONE)) endHoldersOfWhatItWaitsFor(tx);
        tx.statement();
        var both = new ArrayList<Node>();
        for (var id : List.of(by.node(), dead.id())) {
            var node = tables.nodes.get(tx, id);
            if (node != null) both.add(node);
        }
        if (!tables.planted(Bug.NODE_LOCKS_IN_ANY_ORDER)) both.sort(Comparator.comparingInt(Node::lockNo));
        for (var node : both) {
            tx.meanwhile();
            if (node.card().id().equals(dead.id())) tx.lock(new NodeLock(node.lockNo()));
            else tx.lockShared(new NodeLock(node.lockNo()));
        }
        if (!tables.planted(Bug.RESCUER_NOT_FENCED)) fences.fence(tx, by);
        tx.statement();
        tables.nodes.lock(
                tx,
                dead.id(),
                any -> true); // a handler's transaction may hold it for a while: look at the beat after that
        tx.statement();
        var beat = tables.beats.get(tx, dead.id());
        if (beat == null || (beat.n() != dead.beat() && !tables.planted(Bug.DEPOSED_THOUGH_IT_BEATS))) return false;
        return raiseEpoch(tx, new Lease(dead.id(), dead.epoch()));
    }

    /** From a connection of its own, and not at once: a node that was frozen in a transaction would hold its own fence for ever. */
    private void endHoldersOfWhatItWaitsFor(Transaction tx) {
        tables.timeline.in(HOLDERS_PATIENCE, () -> {
            if (tx.over()) return;
            tables.database.endHolders(tx);
            endHoldersOfWhatItWaitsFor(tx);
        });
    }
}
