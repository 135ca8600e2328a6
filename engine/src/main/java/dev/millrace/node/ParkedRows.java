package dev.millrace.node;

import dev.millrace.store.Line;
import dev.millrace.store.Ownership;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is parked behind the rows of the shards that this node owns: which of what waits is to be parked, so that a row that cannot go on does not keep its
 * whole shard waiting, and which of what is parked is to be recalled. A row is what stands in one line: the jobs of an order key, or those of a group that have none.
 *
 * <p>It belongs to {@link Lines}, and is used under its lock.
 */
final class ParkedRows {

    /** So many are recalled of a row at once, at most, and of so many rows. */
    private static final int RECALLED = 64;

    private static final int ROWS = 100;

    /** A row of which fewer wait recalls some, if its shard has room for them. */
    private static final int FEW = 16;

    /** What waits for its rate so long is not recalled yet. */
    private static final long SOON = Duration.ofSeconds(1).toNanos();

    private final Incarnation node;
    private final Collection<Shard> shards;

    /** Rows that could go on with what is parked behind them: in all shards. */
    private int wanting;

    private long listed;

    /**
     * @param shards those that the node owns: a view of what they are at any time
     */
    ParkedRows(Incarnation node, Collection<Shard> shards) {
        this.node = node;
        this.shards = shards;
    }

    /** A row that could go on, and where the first one stands that it could go on with. */
    record Wanting(Line.Position first, long no, Tail tail) implements Comparable<Wanting> {
        @Override
        public int compareTo(Wanting other) {
            int byFirst = first.compareTo(other.first);
            return byFirst != 0 ? byFirst : Long.compare(no, other.no);
        }
    }

    /** Rows of one shard of which some are to be recalled, so many of each at most. */
    record Recalls(StreamInfo stream, List<Tail> tails, int most) {

        List<Ownership.Recall> rows() {
            return tails.stream()
                    .map(tail -> new Ownership.Recall(tail.row, most))
                    .toList();
        }
    }

    // ---- what is to be parked

    /** One that waits, and how many of its row stand before it. */
    record Ranked(HeldDelivery held, Stand stand, int before, Line line, Line.Position place) {}

    /** So many of a shard may wait without holding up others: its own half, and its part of the half of all shards. */
    private int roomOfAShard() {
        int most = node.limits().inLine();
        return Math.max(1, Math.min(most / 2, Lines.SHARDS * most / 2 / Math.max(1, shards.size())));
    }

    private long bytesOfAShard() {
        long step = node.limits().readBytes();
        return Math.min(step / 4, Lines.STEPS * step / 2 / Math.max(1, shards.size()));
    }

    /** Whether a good part of that is free: so that some are recalled together, and not each by itself. */
    private boolean isRoomy(Shard shard) {
        return shard.waiting + shard.coming.size() < Math.max(1, roomOfAShard() * 3 / 4);
    }

    /** What has to leave its line so that the shard goes on, but what starts soon: of each row the last. */
    List<Ranked> tooMany(Shard shard) {
        var all = new ArrayList<Ranked>();
        for (var order : shard.orders.values()) rank(order.waiting.values(), all);
        for (var group : shard.groups.values())
            rank(
                    group.ready.stream()
                            .filter(HeldDelivery.class::isInstance)
                            .map(HeldDelivery.class::cast)
                            .sorted(Comparator.comparing(held -> Line.first(held.delivery())))
                            .toList(),
                    all);
        all.sort(Comparator.comparingInt(Ranked::before).thenComparing(Ranked::place));
        var next = next(all);
        var tooMany = new ArrayList<Ranked>();
        int waiting = shard.waiting;
        long bytes = shard.bytes;
        for (var last : all.reversed()) {
            if (waiting <= roomOfAShard() && bytes <= bytesOfAShard()) break;
            if (next.contains(last.held)) continue;
            waiting--;
            bytes -= last.held.bytes();
            tooMany.add(last);
        }
        return tooMany;
    }

    /** One that says nothing of a line is of no row: it is never parked behind others. */
    private static void rank(Collection<HeldDelivery> row, List<Ranked> all) {
        int before = 0;
        for (var held : row) {
            var line = Line.of(held.delivery().headers());
            if (line != null)
                all.add(new Ranked(
                        held, Objects.requireNonNull(held.stand()), before++, line, Line.first(held.delivery())));
        }
    }

    /** Of each group those that start soon: to park them would be to recall them at once. */
    private Set<HeldDelivery> next(List<Ranked> inOrder) {
        var next = Collections.newSetFromMap(new IdentityHashMap<HeldDelivery, Boolean>());
        var left = new HashMap<Group, Integer>();
        for (var one : inOrder) {
            if (one.before > 0 || !goesOn(one.stand.order)) continue;
            int some = left.computeIfAbsent(one.stand.group, this::startsSoon);
            if (some == 0) continue;
            left.put(one.stand.group, some - 1);
            next.add(one.held);
        }
        return next;
    }

    /** That one is parked there. */
    Tail parked(Group group, @Nullable Order order, Line line, Line.Position at) {
        var tail = order == null ? group.tail : order.tail;
        if (tail == null) {
            tail = new Tail(group, order, line.row(), at);
            group.shard.tails.add(tail);
            if (order == null) group.tail = tail;
            else order.tail = tail;
            if (order != null) group.behind.put(at, tail);
        } else if (at.compareTo(tail.first) < 0) tail.begins(at);
        return tail;
    }

    /** Whether others of its limit are parked that were there before it, and there is no room for it. */
    boolean isBehindOthers(Group group, Order order, Line.Position place) {
        var oldest = group.behind.firstEntry();
        return oldest != null
                && group.limit != null
                && oldest.getKey().compareTo(place) < 0
                && order.waiting.isEmpty()
                && order.started == null
                && order.absent.isEmpty()
                && !isRoomy(group.shard);
    }

    // ---- what is to be recalled

    /** Something has changed for a row: it may want what is parked behind it. */
    void consider(@Nullable Tail tail) {
        if (tail == null || tail.listed || !wants(tail)) return;
        tail.listed = true;
        tail.group.shard.wanting.add(new Wanting(tail.first, listed++, tail));
        wanting++;
    }

    /** Looks at all rows behind which something is parked: time has gone by. */
    void considerAll() {
        for (var shard : shards) for (var tail : shard.tails) consider(tail);
    }

    /**
     * Whether its row could go on with what is parked. Where there is no room it is recalled for who could start it now; where there is, a little ahead, the
     * first in the log first, so that none waits for those that came later.
     */
    private boolean wants(Tail tail) {
        var group = tail.group;
        var shard = group.shard;
        if (tail.underWay > 0 || tail.coming > 0 || shard.phase != Shard.Phase.OPEN || !shard.tails.contains(tail))
            return false;
        var order = tail.order;
        if (group.paused || !goesOn(order) || node.controller().pausedQueue(shard.stream.queue())) return false;
        boolean roomy = isRoomy(shard);
        int starts = startsSoon(group);
        if (order == null) return (group.alone == 0 && starts > 0) || (roomy && group.alone < FEW);
        if (order.started == null && !order.hasNext()) return roomy || (starts > 0 && group.ready.isEmpty());
        return roomy && starts > 0 && order.waiting.size() < FEW;
    }

    /** Whether what stands first in a row could start, as far as the row is concerned. */
    private static boolean goesOn(@Nullable Order order) {
        return order == null || (!order.paused && order.absent.isEmpty());
    }

    /** How many of a group start soon, if there are slots for them. */
    private int startsSoon(Group group) {
        if (group.paused || group.running >= group.atOnce) return 0;
        var allowance = group.allowance;
        if (allowance == null) return group.atOnce - group.running;
        return allowance.waitNanos(1, node.world().nanoTime()) <= SOON ? 1 : 0;
    }

    /** Whether rows want what is parked behind them. */
    boolean recalls() {
        return wanting > 0;
    }

    /** What is to be recalled of one shard; null if nothing is. */
    @Nullable
    Recalls toRecall() {
        if (wanting == 0) return null;
        for (var shard : shards) {
            if (shard.wanting.isEmpty()) continue;
            int room = Math.max(1, roomOfAShard() - shard.waiting - shard.coming.size());
            var tails = new ArrayList<Tail>();
            for (Wanting next; tails.size() < Math.min(ROWS, room) && (next = shard.wanting.poll()) != null; ) {
                wanting--;
                next.tail.listed = false;
                if (wants(next.tail)) tails.add(next.tail);
            }
            if (!tails.isEmpty()) return new Recalls(shard.stream, tails, Math.clamp(room / tails.size(), 1, RECALLED));
        }
        return null;
    }

    /** They are on their way to the shard's front, and what is parked behind the row begins elsewhere, or nothing is any more. */
    void recalled(Tail tail, Ownership.Recalled answer) {
        var shard = tail.group.shard;
        var order = tail.order;
        for (var job : answer.jobs()) {
            if (order != null) order.absent.add(job.job());
            if (shard.coming.put(job.job(), tail) == null) tail.coming++;
        }
        var next = answer.next();
        tail.begins(next);
        if (next == null) {
            shard.tails.remove(tail);
            if (order == null) tail.group.tail = null;
            else order.tail = null;
        }
        if (shard.doubtful) { // all that stands at its front is read before anything goes on: some may be from before
            shard.doubtful = false;
            shard.phase = Shard.Phase.LOADING;
            shard.frontClaimed = false;
        }
    }

    /** The shard is not this node's any more. */
    void dropped(Shard shard) {
        wanting -= shard.wanting.size();
    }
}
