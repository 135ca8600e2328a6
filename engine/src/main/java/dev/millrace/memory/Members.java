package dev.millrace.memory;

import dev.millrace.MillraceException;
import dev.millrace.NodeView;
import dev.millrace.NodeView.Life;
import dev.millrace.store.Epoch;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Peer;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The nodes: who may write, who may not any more. Guarded by the lock of {@link Memory}. */
final class Members {

    /** How long a node is shown after it went. */
    static final Duration GONE_FOR = Duration.ofDays(1);

    private final Map<NodeId, Member> members = new LinkedHashMap<>();

    Lease join(NodeCard card, long number, Instant now) {
        var member = new Member(card, number, now);
        if (members.putIfAbsent(card.id(), member) != null) {
            throw new MillraceException(
                    "Node %s has joined before. An id stands for one start of one process: draw a new one and join again."
                            .formatted(card.id()));
        }
        return member.lease();
    }

    /** The fence: every step of a node goes through it first. */
    Member prove(Lease lease) {
        var member = members.get(lease.node());
        if (member != null && alive(lease)) return member;
        throw new StoreException.Fenced("""
                Node %s is no longer what it was at epoch %d: %s. Nothing was written. \
                It must drop all that it holds, stop its handlers and join anew.""".formatted(
                        lease.node(),
                        lease.epoch().value(),
                        member == null ? "it is not known here" : "it has left, or others found it dead"));
    }

    boolean alive(Lease lease) {
        var member = members.get(lease.node());
        return member != null && member.life == Life.ALIVE && member.lease().equals(lease);
    }

    void beat(Member member, NodeView.@Nullable Stuck stuck, Instant now) {
        member.beat++;
        member.stuck = stuck;
        member.witnessed = Duration.ZERO;
        member.beatAt = now;
    }

    /** Without open deliveries there is nothing to rescue, and the node is gone at once. */
    void leave(Member member, Instant now) {
        member.depose();
        if (member.open.isEmpty()) member.clear(now);
    }

    List<Peer> census() {
        return members.values().stream()
                .filter(member -> member.life != Life.GONE)
                .map(member -> new Peer(
                        member.card.id(),
                        new Epoch(member.epoch),
                        member.life == Life.DEPOSED,
                        member.beat,
                        member.witnessed))
                .toList();
    }

    void witness(Peer silent, Duration watched) {
        var member = members.get(silent.id());
        if (member == null || member.beat != silent.beat()) return;
        if (watched.compareTo(member.witnessed) > 0) member.witnessed = watched;
    }

    boolean depose(Peer dead) {
        var member = members.get(dead.id());
        if (member == null || member.life != Life.ALIVE) return false;
        if (member.epoch != dead.epoch().value() || member.beat != dead.beat()) return false;
        member.depose();
        return true;
    }

    @Nullable
    Member deposed(NodeId id) {
        var member = members.get(id);
        return member != null && member.life == Life.DEPOSED ? member : null;
    }

    /** Whether all that it held has been taken back, or it was never there. */
    boolean gone(NodeId id) {
        var member = members.get(id);
        return member == null || member.life == Life.GONE;
    }

    Member holder(Lease lease) {
        var member = members.get(lease.node());
        if (member == null) throw new IllegalStateException("a claim of " + lease.node() + " outlived it");
        return member;
    }

    Collection<Member> all() {
        return members.values();
    }

    /** Whether it went so long ago that it is not even shown. */
    boolean forgotten(Member member, Instant now) {
        return member.goneAt != null && member.goneAt.plus(GONE_FOR).isBefore(now);
    }

    void forgetGone(Instant now) {
        members.values().removeIf(member -> forgotten(member, now));
    }
}
