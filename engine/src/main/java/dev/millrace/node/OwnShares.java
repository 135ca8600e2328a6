package dev.millrace.node;

import dev.millrace.store.Adjustment;
import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.StreamInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The shares of this node, of all numbers of the fleet that concern it. Where there are none, nobody pays for it more than a look at one field.
 *
 * <p>Numbers come and go while jobs run. A new one begins with nothing to start; the starter, which alone starts anything, then counts what runs already, and after
 * that the node says how much that is.
 */
final class OwnShares {

    private final Incarnation node;
    private volatile Map<String, OwnShare> queues = Map.of(); // in an order: a simulation must replay it
    private volatile Map<String, OwnShare> kinds = Map.of();
    private volatile boolean any;
    private volatile boolean uncounted;
    private final Queue<OwnShare> dropped = new ConcurrentLinkedQueue<>();

    /** Those that one delivery was counted with. */
    record Counted(@Nullable OwnShare kind, @Nullable OwnShare queue) {

        Counted with(OwnShare share) {
            return share.of() == Of.FLEET_KIND ? new Counted(share, queue) : new Counted(kind, share);
        }
    }

    OwnShares(Incarnation node) {
        this.node = node;
        hear(Set.of());
    }

    // ---- for the controller

    /** All numbers that are set now; what code says of this node holds without them. */
    void hear(Collection<Adjustment> set) {
        var ofKinds = new HashMap<String, Integer>();
        var ofQueues = new HashMap<String, Integer>();
        var plan = node.plan();
        for (var kind : node.kinds())
            if (kind.plan().fleet() != null)
                ofKinds.put(kind.plan().kind(), kind.plan().fleet());
        for (var queue : plan.queues()) {
            var coded = plan.fleetQueues().get(queue);
            if (coded != null) ofQueues.put(queue, coded);
        }
        for (var one : set) {
            if (one.atOnce() == null) continue;
            if (one.of() == Of.FLEET_KIND && plan.kinds().containsKey(one.name()))
                ofKinds.put(one.name(), one.atOnce());
            if (one.of() == Of.FLEET_QUEUE && plan.queues().contains(one.name()))
                ofQueues.put(one.name(), one.atOnce());
        }
        if (ofKinds.isEmpty() && ofQueues.isEmpty() && !any) return;
        var oldQueues = queues;
        queues = next(Of.FLEET_QUEUE, ofQueues, oldQueues);
        kinds = next(Of.FLEET_KIND, ofKinds, kinds);
        for (var kind : node.kinds()) kind.shares(kinds.get(kind.plan().kind()));
        oldQueues.forEach((queue, share) -> {
            if (!queues.containsKey(queue)) dropped.add(share);
        });
        any = !queues.isEmpty() || !kinds.isEmpty();
        uncounted = true; // only now: what is counted after this look has been started by those who saw the shares
        node.startBell().ring();
    }

    private Map<String, OwnShare> next(Of of, Map<String, Integer> numbers, Map<String, OwnShare> before) {
        var next = new TreeMap<String, OwnShare>();
        numbers.forEach((name, number) -> {
            var known = before.get(name);
            next.put(
                    name,
                    known != null
                            ? known
                            : new OwnShare(
                                    of,
                                    name,
                                    coded(of, name),
                                    number,
                                    node.world().nanoTime()));
        });
        return next;
    }

    private @Nullable Integer coded(Of of, String name) {
        if (of == Of.FLEET_QUEUE) return node.plan().fleetQueues().get(name);
        var kind = node.plan().kinds().get(name);
        return kind == null ? null : kind.fleet();
    }

    // ---- for everybody

    /** The share of a queue; null if there is no number. */
    @Nullable
    OwnShare of(String queue) {
        return any ? queues.get(queue) : null;
    }

    Collection<OwnShare> queues() {
        return queues.values();
    }

    /** All of which the node can say what runs. */
    List<OwnShare> counted() {
        if (!any) return List.of();
        var all = new ArrayList<OwnShare>();
        for (var share : kinds.values()) if (share.counted()) all.add(share);
        for (var share : queues.values()) if (share.counted()) all.add(share);
        return all;
    }

    /** Of queues of which no stream is among these there is no more to claim: all is claimed, or they are paused. */
    void lookedAt(Collection<StreamInfo> ready) {
        if (queues.isEmpty()) return;
        for (var share : queues.values())
            if (ready.stream().noneMatch(stream -> stream.queue().equals(share.name()))) share.moreInStreams(false);
    }

    /** Whether more of some queue should be claimed now. */
    boolean widened() {
        if (!any) return false;
        for (var share : queues.values()) if (share.widened()) return true;
        return false;
    }

    /** How many more of each queue that has a number could be taken in now. */
    Map<String, Integer> room() {
        if (queues.isEmpty()) return Map.of();
        var room = new TreeMap<String, Integer>();
        queues.forEach((queue, share) -> room.put(queue, share.room()));
        return room;
    }

    // ---- for the starter

    /** Counts what ran before its share was known. Nothing is started meanwhile, since only the caller starts anything. */
    void count() {
        if (!uncounted) return;
        uncounted = false; // first this, then the look
        for (var share : List.copyOf(kinds.values())) count(share);
        for (var share : List.copyOf(queues.values())) count(share);
        node.shareBell().ring();
    }

    /** A share that there is no more, and in whose line some may wait; null if there is none. */
    @Nullable
    OwnShare dropped() {
        return dropped.poll();
    }

    private void count(OwnShare share) {
        if (share.counted()) return;
        for (var held : node.seated()) {
            if (!share.covers(held)) continue;
            held.isCounted(share);
            share.count();
            if (!node.seated().contains(held))
                release(held); // it ended meanwhile, and may not have seen that it is counted
        }
        share.isCounted();
    }

    /** Whether it may start, as far as shares go; then it is counted, until it is {@linkplain #release released}. */
    boolean mayStart(HeldDelivery held) {
        if (!any) return true;
        var kind = held.kind().share();
        var queue = queues.get(held.delivery().queue());
        if (kind == null && queue == null) return true;
        if (kind != null && !kind.take()) return false;
        if (queue != null && !queue.take()) {
            if (kind != null) kind.takeBack();
            return false;
        }
        held.counts(new Counted(kind, queue));
        return true;
    }

    /** From whoever frees its slot: it runs no more. */
    void release(HeldDelivery held) {
        if (!held.isCounted()) return;
        var counted = held.countsNoMore();
        if (counted == null) return;
        if (counted.kind != null) giveBack(counted.kind);
        if (counted.queue != null) giveBack(counted.queue);
    }

    private void giveBack(OwnShare share) {
        if (share.giveBack()) node.shareBell().ring();
    }

    void sample(long now) {
        if (!any) return;
        for (var share : kinds.values()) share.sample(now);
        for (var share : queues.values()) share.sample(now);
    }
}
