package dev.millrace.node;

import dev.millrace.JobEvent;
import dev.millrace.store.NodeId;
import dev.millrace.store.Peer;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Takes over from the dead. A peer is dead when its beat counter has stood still for the lease on this node's monotonic clock, while
 * this node's own beats went through: no wall clock is asked, and while the storage stalls, or this process was frozen itself, nobody
 * is judged; what was watched before such a gap counts after it. How long it has watched a silence it writes down, since watchers die as well. Being wrong would still be harmless to the jobs, since a deposed node is fenced; it would only waste work.
 *
 * <p>Deposing and rescuing are apart: a rescuer that dies in between leaves a deposed node, which any other finishes. Whoever deposed
 * begins at once; the others hold back for a moment, so that they do not all queue for the same rows.
 */
final class Rescuer implements Loop {

    /** Deliveries in one step. */
    private static final int LIMIT = 500;

    /** Own beats that must have gone through while the other's stood still. */
    private static final int OWN_BEATS = 3;

    private static final Duration REST = Duration.ofSeconds(1);
    private static final Duration OTHERS_FIRST = Duration.ofSeconds(2);

    private final Incarnation node;
    private final World world;
    private final Map<NodeId, Silence> silences = new HashMap<>();
    private final Map<NodeId, Long> deposed = new HashMap<>();
    private final Set<NodeId> own = new HashSet<>();
    private final Set<NodeId> condemned = ConcurrentHashMap.newKeySet();

    /**
     * Since when a beat counter has stood at the same value, how many beats of our own had gone through then, and for how long it had been
     * watched before, by others or by us. What others watch meanwhile is the same time, and is not added; but who has come to more goes on
     * being right after its death.
     *
     * @param confirmed our own last beat, when we looked last: up to then it was not us
     */
    private record Silence(long beat, long since, long ownBeats, Duration before, long confirmed) {

        Silence confirmed(long ownBeat) {
            return new Silence(beat, since, ownBeats, before, ownBeat);
        }

        /** Others have come to more: what we watch from now on is added to that. */
        Silence continues(Peer peer, long now) {
            return new Silence(beat, now, ownBeats, peer.witnessed(), now);
        }

        /** Our own beats had broken off, and go through again: the watch goes on from what it had come to. */
        Silence resumed(long now, long beats) {
            return new Silence(beat, now, beats, before.plusNanos(Math.max(0, confirmed - since)), now);
        }
    }

    Rescuer(Incarnation node) {
        this.node = node;
        this.world = node.world();
    }

    /** Known to be dead: no silence need be waited for. */
    void condemn(NodeId dead) {
        condemned.add(dead);
    }

    /** What this process was before: its work is taken over without waiting for others. Before the first turn. */
    void adopt(NodeId former) {
        own.add(former);
    }

    @Override
    public Duration turn() {
        if (node.closing()) return REST;
        var peers = node.storage().census(node.lease());
        forgetAllBut(peers);
        boolean more = false;
        for (var peer : peers) {
            if (peer.id().equals(node.lease().node())) continue;
            if (!peer.deposed()) more |= judge(peer);
            else if (mayRescue(peer)) more |= rescue(peer.id());
        }
        return more
                ? Duration.ZERO
                : REST.multipliedBy(3).dividedBy(4).plusNanos(world.random().nextLong(REST.toNanos() / 2));
    }

    private void forgetAllBut(List<Peer> peers) {
        var present = new HashSet<NodeId>();
        for (var peer : peers) present.add(peer.id());
        silences.keySet().retainAll(present);
        deposed.keySet().retainAll(present);
        own.retainAll(present);
    }

    /** Whether there is something to be done at once. */
    private boolean judge(Peer peer) {
        if (!dead(peer)) {
            witness(peer);
            return false;
        }
        silences.remove(peer.id());
        if (!node.storage().depose(node.lease(), peer)) return false; // it gave a sign of life, or another was faster
        condemned.remove(peer.id());
        own.add(peer.id());
        node.tally().deposed.increment();
        return true;
    }

    private boolean dead(Peer peer) {
        if (condemned.contains(peer.id())) return true;
        long beats = node.beater().count();
        var silence = silences.get(peer.id());
        if (silence == null || silence.beat != peer.beat()) {
            long now = world.nanoTime();
            silences.put(peer.id(), new Silence(peer.beat(), now, beats, peer.witnessed(), now));
            return false;
        }
        silence = lookedAt(silence, beats);
        if (peer.witnessed().compareTo(watched(silence)) > 0) silence = silence.continues(peer, world.nanoTime());
        silences.put(peer.id(), silence);
        return watched(silence).compareTo(node.limits().lease()) >= 0 && beats - silence.ownBeats >= ownBeats(silence);
    }

    private Silence lookedAt(Silence silence, long beats) {
        long unbroken = node.beater().unbrokenSince();
        if (unbroken - silence.since > 0) return silence.resumed(unbroken, beats);
        return silence.confirmed(world.nanoTime() - node.beater().sinceBeat().toNanos());
    }

    /** Who watched before had beats that went through as well; but one at least is our own. */
    private long ownBeats(Silence silence) {
        return Math.max(1, OWN_BEATS - silence.before.dividedBy(node.limits().beat()));
    }

    private Duration watched(Silence silence) {
        long now = world.nanoTime();
        long self = Math.min(now - silence.since, now - node.beater().unbrokenSince());
        return silence.before.plusNanos(Math.max(0, self));
    }

    /** Says how long it has watched, if that is worth saying: whoever comes after it goes on from there. */
    private void witness(Peer peer) {
        var silence = silences.get(peer.id());
        if (silence == null) return;
        var watched = watched(silence);
        if (watched.compareTo(node.limits().lease().dividedBy(4)) < 0 || watched.compareTo(peer.witnessed()) <= 0)
            return;
        node.storage().witness(node.lease(), peer, watched);
    }

    private boolean mayRescue(Peer peer) {
        long now = world.nanoTime();
        long since = deposed.computeIfAbsent(peer.id(), unseen -> now);
        return own.contains(peer.id()) || now - since >= OTHERS_FIRST.toNanos();
    }

    private boolean rescue(NodeId dead) {
        var rescued = node.storage().rescue(node.lease(), dead, LIMIT);
        for (var delivery : rescued) {
            node.tally().rescued.increment();
            node.announce(new JobEvent.Rescued(
                    delivery.job(), delivery.kind(), delivery.queue(), dead.value(), delivery.rescues()));
        }
        if (rescued.isEmpty()) return false;
        node.claimer().hint();
        return true;
    }
}
