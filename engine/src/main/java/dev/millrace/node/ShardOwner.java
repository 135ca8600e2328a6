package dev.millrace.node;

import dev.millrace.JobId;
import dev.millrace.store.Ending;
import dev.millrace.store.NodeId;
import dev.millrace.store.Ownership;
import dev.millrace.store.StoreException;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Takes over the keyed shards that are for this node, and gives up those that are for another one. Whose a shard should be all nodes find out alike, by
 * rendezvous hashing over the living nodes that serve its queue (Thaler and Ravishankar, 1996): who joins gets its share from all others, and what a dead one
 * had is spread over them. Whose a shard <em>is</em> the storage says, and it alone: two nodes that see different fleets want different things, and do no harm.
 *
 * <p>A shard that is to go starts nothing more: what waits in its lines is handed back, and when nothing of it is held, it is given up. If something of it runs
 * for longer, it stays for a while: one long job must not keep those of all other keys waiting.
 *
 * <p>The claimer turns it, from whose thread shards are claimed. It also asks about the jobs that lines wait for, since nobody tells when one of them is cancelled or expires.
 */
final class ShardOwner {

    private static final Duration REST = Duration.ofSeconds(1);

    /** So long a shard that is to go starts nothing. What runs longer keeps it where it is. */
    private static final Duration LEAVING = Duration.ofSeconds(5);

    /** So long it stays then before that is tried again. */
    private static final Duration STAYING = Duration.ofMinutes(1);

    /** Absent jobs that are asked about in one turn. */
    private static final int ASKED = 1_000;

    /** Starts that the store is asked for in one turn. */
    private static final int WISHES = 200;

    /** Shards of which something is recalled in one turn. */
    private static final int RECALLED = 8;

    /** Shards that are taken over in one turn: each takes some round trips. */
    private static final int TAKEN_OVER = 32;

    private final Incarnation node;
    private final Lines lines;

    /** Until when those stay that could not go, and since when others are about to. */
    private final Map<Integer, Long> staying = new HashMap<>();

    private final Map<Integer, Long> leaving = new HashMap<>();
    private long next;
    private @Nullable JobId askedUpTo;

    ShardOwner(Incarnation node) {
        this.node = node;
        this.lines = node.lines();
        this.next = node.world().nanoTime();
    }

    /** From the claimer: there may be something to take over, or to give up. */
    void soon() {
        next = node.world().nanoTime();
    }

    /** A look each second, if there are keyed shards at all. What fails must not keep the claimer from other streams, and is tried again with the next look. */
    void turn(Map<Integer, StreamInfo> streams) {
        boolean due = isDue(streams);
        if (due) {
            next = node.world().nanoTime() + REST.toNanos();
            lines.considerAll();
        }
        if (!due && !lines.asks() && !lines.recalls()) return;
        tries("look after its keyed shards", () -> {
            wish();
            if (!due) return;
            if (own(streams)) soon();
            ask();
            lines.overflow().forEach(this::park);
        });
        tries("recall what is parked behind others", this::recall);
    }

    private void tries(String what, Runnable step) {
        try {
            step.run();
        } catch (StoreException.Fenced over) {
            throw over;
        } catch (StoreException away) {
            if (away instanceof StoreException.NotOwner) soon(); // it looks what is still its own
            node.failedInPart();
            node.troubled("claimer", what, away);
        }
    }

    /** Whether it has something to look at. */
    boolean isDue(Map<Integer, StreamInfo> streams) {
        return !streams.isEmpty() && next - node.world().nanoTime() <= 0;
    }

    /** For a closing node: what waits goes back. */
    void leaveAll() {
        for (int shard : lines.owned()) leave(shard);
    }

    // ---- whose a shard is

    /** Returns whether there is more to take over. */
    private boolean own(Map<Integer, StreamInfo> streams) {
        var queues = new TreeSet<String>();
        for (var stream : streams.values()) queues.add(stream.queue());
        var all = node.storage().shards(node.lease(), queues);
        int taken = 0;
        for (var shard : all.shards()) {
            var stream = streams.get(shard.stream());
            var front = streams.get(shard.front());
            if (stream == null || front == null) continue; // made since they were listed
            boolean wanted = node.lease()
                    .node()
                    .equals(best(shard.stream(), all.nodes().getOrDefault(shard.queue(), List.of())));
            if (taken == TAKEN_OVER) return true;
            if (lines.owns(shard.stream())) hold(shard, wanted);
            else if (isMine(shard) || (shard.owner() == null && wanted)) {
                taken++;
                if (node.storage().takeOver(node.lease(), shard.stream())) begin(stream, front);
            }
        }
        return false;
    }

    private boolean isMine(Ownership.Shard shard) {
        return node.lease().node().equals(shard.owner());
    }

    private void begin(StreamInfo stream, StreamInfo front) {
        var absent = node.storage().absent(node.lease(), stream.id());
        lines.begin(stream, front, absent, node.storage().behind(node.lease(), stream.id()));
        node.claimBell().ring();
    }

    /** One that this node has had. */
    private void hold(Ownership.Shard shard, boolean wanted) {
        int stream = shard.stream();
        if (!isMine(shard)) { // given up, and the answer was lost
            leave(stream);
            if (lines.idle(stream)) drop(stream);
        } else if (wanted) stay(stream);
        else giveUp(stream);
    }

    private void giveUp(int shard) {
        long now = node.world().nanoTime();
        var until = staying.get(shard);
        if (until != null && until - now > 0) return;
        staying.remove(shard);
        leave(shard);
        long since = leaving.computeIfAbsent(shard, first -> now);
        if (lines.idle(shard) && node.storage().giveUp(node.lease(), shard)) drop(shard);
        else if (now - since > LEAVING.toNanos()) {
            staying.put(shard, now + STAYING.toNanos());
            stay(shard);
        }
    }

    private void stay(int shard) {
        leaving.remove(shard);
        if (!lines.leaving(shard)) return;
        lines.stay(shard);
        node.claimBell().ring();
    }

    private void drop(int shard) {
        leaving.remove(shard);
        staying.remove(shard);
        lines.drop(shard);
    }

    private void leave(int shard) {
        for (var held : lines.leave(shard)) {
            held.end();
            node.finish(held, new Ending.HandedBack());
        }
    }

    /** The node with the highest score; null if there is none. */
    static @Nullable NodeId best(int shard, List<NodeId> nodes) {
        NodeId best = null;
        long highest = 0;
        for (var node : nodes) {
            long score = score(shard, node);
            if (best == null
                    || score > highest
                    || (score == highest && node.value().compareTo(best.value()) > 0)) {
                best = node;
                highest = score;
            }
        }
        return best;
    }

    /** The finaliser of SplitMix64 over what tells one node and shard from others. */
    private static long score(int shard, NodeId node) {
        long z = node.value().getMostSignificantBits() * 31
                + node.value().getLeastSignificantBits()
                + shard * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    // ---- what lines wait for

    /** Asks the store for starts of those whose limit has a slow rate. */
    private void wish() {
        if (!lines.asks()) return;
        var asked = lines.wishes(WISHES);
        boolean answered = false;
        try {
            if (!asked.isEmpty())
                lines.answered(
                        asked,
                        node.storage()
                                .grant(
                                        node.lease(),
                                        asked.stream().map(Lines.Asked::wish).toList()));
            answered = true;
        } finally {
            if (!answered) lines.unanswered(asked);
            node.startBell().ring(); // it looks when they are worth a look again
        }
    }

    /** Puts what is parked behind rows that can go on to the front of their shards. */
    private void recall() {
        for (int shards = RECALLED; shards > 0; shards--) {
            var asked = lines.toRecall();
            if (asked == null) return;
            boolean answered = false;
            try {
                lines.recalled(
                        asked,
                        node.storage().recall(node.lease(), asked.stream().id(), asked.rows()));
                answered = true;
            } finally {
                if (!answered) lines.unheard(asked);
            }
        }
    }

    /** Others of its row stand before it, more than this node holds. */
    void park(HeldDelivery held) {
        held.end();
        node.finish(held, Ending.Parked.behind());
    }

    private void ask() {
        var absent = lines.absent(askedUpTo, ASKED);
        if (absent.isEmpty()) return;
        askedUpTo = absent.getLast();
        var over = node.storage().over(node.lease(), absent);
        if (over.isEmpty()) return;
        lines.concluded(over);
        node.startBell().ring();
    }
}
