package dev.millrace.node;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import dev.millrace.store.Ownership;
import dev.millrace.store.Place;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who waits for whom in the keyed shards that this node owns. A delivery stands in the line of its order key, in the order of the log, and counts against its
 * limit; it goes to the starter when it is the first of its line, nothing of that line runs or is {@linkplain Ownership.Absent absent}, and its limit has room
 * and lets one start at this time.
 * The next one follows when the outcome of the one before is known to be durable.
 *
 * <p>Nothing of this is written anywhere, but for rates that are {@linkplain Allowance slow}. A node that takes a shard over begins with nothing, learns what is absent, and reads all that had come back to the
 * front, before it starts anything: see {@link ShardOwner}.
 *
 * <p>The claimer adds, the starter takes, and whoever settles a delivery ends it: all under one lock, which nobody holds while talking to the storage.
 */
final class Lines {

    /** Shards' worth of deliveries that wait in lines, at most, before nothing more is claimed but what comes back; a manifest names each of them. */
    static final int SHARDS = 16;

    /** How many steps' worth of payload wait in lines; of one shard, half a step. */
    static final int STEPS = 4;

    private static final long NO_ANSWER = Duration.ofMillis(500).toNanos();

    private final Incarnation node;
    private final NavigableMap<Integer, Shard> shards = new TreeMap<>(); // in an order: a simulation must replay it

    /** Groups of which one could start. */
    private final ArrayDeque<Group> open = new ArrayDeque<>();

    /** Those of them that have a rate: they start when there is a slot, not before. */
    private final ArrayDeque<Group> rated = new ArrayDeque<>();

    /** Those whose rate lets nothing start for a while. */
    private final PriorityQueue<Timed> later = new PriorityQueue<>();

    /** Those of which only the store knows whether their rate does. */
    private final ArrayDeque<Group> asking = new ArrayDeque<>();

    /** Those whose rate lets one start, and whose kind runs as often as it may on this node. */
    private final Map<KindLine, ArrayDeque<Group>> kindIsFull = new LinkedHashMap<>();

    /** Those of queues that run as often as they may here, by a number of the fleet. */
    private final Map<String, ArrayDeque<Group>> queueIsFull = new TreeMap<>();

    /** Those that have nothing, and whose allowance is not full again. */
    private final PriorityQueue<Timed> resting = new PriorityQueue<>();

    /** Limits whose numbers operators have set. */
    private Map<String, Adjustment> adjusted = Map.of();

    /** Keys and limits that operators have paused. */
    private Set<Scope> paused = Set.of();

    private volatile boolean pausesAny;

    /** Whether a limit has ever let fewer run at once than it had let go: if not, nobody need look. */
    private volatile boolean lowered;

    private long timed;
    private final Map<Place, HeldDelivery> places = new HashMap<>();
    private int waiting;
    private long bytes;
    private final ParkedRows parked;

    Lines(Incarnation node) {
        this.node = node;
        this.parked = new ParkedRows(node, shards.values());
    }

    /** A group at a time; of those of one time, the one that came first. */
    private record Timed(long at, long no, Group group) implements Comparable<Timed> {
        @Override
        public int compareTo(Timed other) {
            return at != other.at ? Long.compare(at - other.at, 0) : Long.compare(no, other.no);
        }
    }

    /** A wish, and whose it is. */
    record Asked(Ownership.Wish wish, Group group) {}

    /** What becomes of a delivery that was read. */
    enum Admitted {
        /** It stands in line. */
        STANDS,
        /** Its shard is on its way to another node: it is to be handed back. */
        GOES,
        /** Others of its row are parked before it: it is to be parked as well. */
        BEHIND
    }

    static int compare(JobId one, JobId other) {
        return one.value().compareTo(other.value());
    }

    // ---- for the claimer

    /** Whether it owns any shard. */
    synchronized boolean any() {
        return !shards.isEmpty();
    }

    /** How many more deliveries may be claimed from what was enqueued in this shard; what comes back is always welcome. */
    synchronized int room(StreamInfo stream) {
        var shard = shards.get(stream.id());
        return shard == null ? 0 : room(shard);
    }

    private int room(Shard shard) {
        if (bytesLeft() <= 0 || shard.bytes >= node.limits().readBytes() / 2) return 0;
        int most = node.limits().inLine();
        return Math.max(0, Math.min(SHARDS * most - waiting, most - shard.waiting) - shard.unread);
    }

    /** Whether a shard that had more than there was room for has got some since: a claim is worth its round trip. */
    synchronized boolean wantsMore() {
        int enough = (node.limits().inLine() + 1) / 2;
        for (var shard : shards.values()) if (shard.more && room(shard) >= enough) return true;
        return false;
    }

    /** So many were claimed of a stream, and are to be read. */
    synchronized void claimed(StreamInfo stream, int count) {
        var shard = shards.get(shardOf(stream));
        if (shard == null || stream.front()) return;
        shard.unread += count;
        shard.full = false;
    }

    /** Whether a stream may have more than was claimed of it. */
    synchronized void more(StreamInfo stream, boolean more) {
        var shard = shards.get(shardOf(stream));
        if (shard != null && !stream.front()) shard.more = more;
    }

    /** How much more payload may be read of what was enqueued. */
    synchronized long bytesLeft() {
        return STEPS * node.limits().readBytes() - bytes;
    }

    /** The streams that may be claimed from: fronts, and, where there is room, what was enqueued. */
    synchronized List<StreamInfo> streams() {
        var streams = new ArrayList<StreamInfo>();
        for (var shard : shards.values()) {
            if (shard.phase == Shard.Phase.LEAVING) continue;
            streams.add(shard.front);
            if (room(shard) > 0) streams.add(shard.stream);
            else shard.more = true;
        }
        return streams;
    }

    /** The fronts that have to be read to their end before anything of their shard starts. */
    synchronized List<StreamInfo> frontsToClaim() {
        var fronts = new ArrayList<StreamInfo>();
        for (var shard : shards.values())
            if (shard.phase == Shard.Phase.LOADING && !shard.frontClaimed) fronts.add(shard.front);
        return fronts;
    }

    /** A claim of a front found nothing: that was all. One that found less than it asked for may only have come to the end of its window. */
    synchronized void frontClaimed(StreamInfo front) {
        var shard = shards.get(shardOf(front));
        if (shard != null) shard.frontClaimed = true;
    }

    /** All that was claimed of fronts has been read. Returns whether a shard has become open. */
    synchronized boolean frontsRead() {
        boolean opened = false;
        for (var shard : shards.values()) {
            if (shard.phase != Shard.Phase.LOADING || !shard.frontClaimed) continue;
            shard.phase = Shard.Phase.OPEN;
            opened = true;
            for (var group : shard.groups.values()) list(group);
        }
        return opened;
    }

    private static int shardOf(StreamInfo stream) {
        return stream.front() ? stream.id() - 1 : stream.id();
    }

    /** A delivery has been claimed and read. */
    synchronized Admitted add(HeldDelivery held, StreamInfo from) {
        var line = Line.of(held.delivery().headers());
        var shard = shards.get(shardOf(from));
        if (shard == null) return Admitted.GOES;
        read(shard, from);
        arrived(shard, held);
        var place = Line.first(held.delivery());
        var group = group(shard, line, place);
        var order = order(group, line);
        var stand = new Stand(shard, group, order, weight(line));
        held.stands(stand);
        shard.held++;
        if (shard.phase == Shard.Phase.LEAVING) {
            if (order != null) order.absent.add(held.delivery().job());
            return Admitted.GOES;
        }
        var tail = order == null ? group.tail : order.tail;
        if (tail == null && line != null && order != null && parked.isBehindOthers(group, order, place))
            tail = parked.parked(group, order, line, place);
        if (tail != null && place.compareTo(tail.first) >= 0) {
            stand.tail = tail;
            tail.underWay++;
            if (order != null && order.absent.remove(held.delivery().job())) list(order);
            return Admitted.BEHIND;
        }
        waiting++;
        bytes += held.bytes();
        shard.waiting++;
        shard.bytes += held.bytes();
        places.put(held.delivery().place(), held);
        if (order == null) {
            group.add(held, now());
            group.alone++;
        } else {
            order.absent.remove(held.delivery().job());
            order.waiting.put(place, held);
            list(order);
        }
        list(group);
        return Admitted.STANDS;
    }

    private static void arrived(Shard shard, HeldDelivery held) {
        var tail = shard.coming.remove(held.delivery().job());
        if (tail != null) tail.coming--;
    }

    /** A delivery has been read that is about to be discarded: its line waits until that is durable. */
    synchronized void expired(HeldDelivery held, StreamInfo from) {
        var line = Line.of(held.delivery().headers());
        var shard = shards.get(shardOf(from));
        if (shard == null) return;
        read(shard, from);
        arrived(shard, held);
        var group = group(shard, line, Line.first(held.delivery()));
        var order = order(group, line);
        held.stands(new Stand(shard, group, order, weight(line)));
        shard.held++;
        if (order != null) order.absent.add(held.delivery().job());
    }

    /** A delivery has been read that is nothing to anybody any more: if its line waited for it, it does so no longer. */
    synchronized void over(HeldDelivery held, StreamInfo from) {
        var shard = shards.get(shardOf(from));
        if (shard != null) {
            read(shard, from);
            arrived(shard, held);
        }
        var line = Line.of(held.delivery().headers());
        var key = line == null ? null : line.ordered();
        var order = shard == null || key == null ? null : shard.orders.get(key);
        if (order == null || !order.absent.remove(held.delivery().job())) return;
        list(order);
        forget(order);
    }

    private static void read(Shard shard, StreamInfo from) {
        if (!from.front()) shard.unread--;
    }

    /** A delivery could not be read, and may be before any other of its shard; or it has been read at last. */
    synchronized void unreadable(StreamInfo from, boolean still) {
        var shard = shards.get(shardOf(from));
        if (shard == null) return;
        shard.unreadable = Math.max(0, shard.unreadable + (still ? 1 : -1));
        if (shard.unreadable == 0) for (var order : shard.orders.values()) list(order);
    }

    private Group group(Shard shard, @Nullable Line line, Line.Position place) {
        var limit = line == null ? null : line.limit();
        var group = shard.groups.computeIfAbsent(limit == null ? "" : limit.group(), key -> {
            var made = new Group(shard, limit);
            made.paused = made.isAmong(paused);
            made.adjusted = limit == null ? null : adjusted.get(limit.name());
            return made;
        });
        if (limit != null && group.hear(limit, place, now())) lookAgain(Set.of(group));
        if (group.running > group.atOnce) lowered = true;
        return group;
    }

    private static int weight(@Nullable Line line) {
        var limit = line == null ? null : line.limit();
        var rated = limit == null ? null : limit.rate();
        return rated == null ? 1 : rated.weight();
    }

    private long now() {
        return node.world().nanoTime();
    }

    private @Nullable Order order(Group group, @Nullable Line line) {
        var key = line == null ? null : line.ordered();
        var text = line == null ? null : line.order();
        return key == null || text == null
                ? null
                : group.shard.orders.computeIfAbsent(key, same -> {
                    group.orders++;
                    var made = new Order(group, same, text);
                    made.paused = paused.contains(made.scope);
                    return made;
                });
    }

    private void list(Order order) {
        if (order.listed || !order.mayStart()) return;
        order.listed = true;
        order.group.add(order, now());
        list(order.group);
    }

    private void list(Group group) {
        if (group.listed || group.shard.phase != Shard.Phase.OPEN || !group.hasRoom()) return;
        group.listed = true;
        (group.allowance == null ? open : rated).addLast(group);
    }

    // ---- for the starter

    /** How many wait here. */
    synchronized int waiting() {
        return waiting;
    }

    /**
     * The next one whose turn it is, for whom the caller has a slot or soon will; null if there is none now. It counts as running from here on, until it is
     * {@linkplain #ended ended}.
     *
     * @param slot whether there is a slot for one that has a rate: it is not started ahead of one, since nobody knows when it would start
     * @param ahead whether one that has none may be the next
     */
    synchronized @Nullable HeldDelivery next(boolean slot, boolean ahead) {
        comeOfTime();
        if (!queueIsFull.isEmpty()) queuesHaveRoom();
        while (slot) {
            var held = nextOf(rated);
            if (held != null) return held;
            if (!kindHasRoom()) break;
        }
        return ahead ? nextOf(open) : null;
    }

    /** Groups of queues that have room again are looked at again, as many as there is room for. */
    private void queuesHaveRoom() {
        for (var waiting = queueIsFull.entrySet().iterator(); waiting.hasNext(); ) {
            var queue = waiting.next();
            var share = node.shares().of(queue.getKey());
            int room = share == null ? Integer.MAX_VALUE : share.roomInLine();
            for (; room > 0 && !queue.getValue().isEmpty(); room--) {
                var group = queue.getValue().removeFirst();
                (group.allowance == null ? open : rated).addLast(group);
            }
            if (queue.getValue().isEmpty()) waiting.remove();
        }
    }

    /** Whether something here waits for this share of a number of the fleet to grow, or for what runs of it to end. */
    synchronized boolean waitsFor(OwnShare share) {
        if (share.of() == Adjustment.Of.FLEET_QUEUE) return queueIsFull.containsKey(share.name());
        for (var kind : kindIsFull.keySet()) if (kind.plan().kind().equals(share.name())) return true;
        return false;
    }

    /** One group of each kind that has room again is looked at again. Returns whether there are any. */
    private boolean kindHasRoom() {
        boolean any = false;
        for (var waiting = kindIsFull.entrySet().iterator(); waiting.hasNext(); ) {
            var kind = waiting.next();
            if (!kind.getKey().hasRoomInTime()) continue;
            rated.addLast(kind.getValue().removeFirst());
            any = true;
            if (kind.getValue().isEmpty()) waiting.remove();
        }
        return any;
    }

    /** What these wait for has changed: they wait no longer for a time. */
    private void lookAgain(Set<Group> changed) {
        later.removeIf(waiting -> {
            if (!changed.contains(waiting.group)) return false;
            rated.addLast(waiting.group);
            return true;
        });
    }

    private void comeOfTime() {
        if (later.isEmpty() && resting.isEmpty()) return;
        long now = now();
        while (!later.isEmpty() && later.peek().at - now <= 0) rated.addLast(later.remove().group);
        while (!resting.isEmpty() && resting.peek().at - now <= 0) {
            var group = resting.remove().group;
            group.resting = false;
            forget(group);
        }
    }

    private @Nullable HeldDelivery nextOf(ArrayDeque<Group> from) {
        for (Group group; (group = from.pollFirst()) != null; ) {
            group.listed = false;
            var held = group.shard.phase == Shard.Phase.OPEN ? next(group) : null;
            if (held == null) {
                forget(group);
                continue;
            }
            var stand = Objects.requireNonNull(held.stand());
            group.running++;
            stand.running = true;
            passed(held);
            list(group); // behind the other groups
            parked.consider(stand.order == null ? group.tail : stand.order.tail);
            return held;
        }
        return null;
    }

    private @Nullable HeldDelivery next(Group group) {
        while (group.hasRoom()) {
            var first = first(group);
            if (first == null) {
                group.ready.removeFirst(); // something of its order has become absent meanwhile
                continue;
            }
            if (!may(group, first)) return null;
            if (group.ready.removeFirst() instanceof Order order) {
                order.listed = false;
                order.waiting.pollFirstEntry();
                order.started = first;
            }
            return first;
        }
        return null;
    }

    /** The one that would be next; null if what is first of the group has none. */
    private @Nullable HeldDelivery first(Group group) {
        return switch (group.ready.getFirst()) {
            case HeldDelivery held -> held;
            case Order order -> {
                if (order.mayStart()) yield order.waiting.firstEntry().getValue();
                order.listed = false;
                forget(order);
                yield null;
            }
        };
    }

    /** Whether the rate of its limit lets this one start now. If not, the group waits for its time. */
    private boolean may(Group group, HeldDelivery first) {
        if (queueIsFull(group) && !startsNever(first)) return false;
        var allowance = group.allowance;
        if (allowance == null || startsNever(first)) return true;
        var stand = Objects.requireNonNull(first.stand());
        int weight = stand.weight;
        if (group.underWay > 0 && group.underWay + weight > allowance.burst())
            return false; // they must not all begin together
        long now = now();
        long wait = allowance.waitNanos(weight, now);
        if (wait == 0 && first.kind().hasRoomInTime()) {
            allowance.spend(weight, group.readySince, now);
            stand.underWay = allowance.taken(weight);
            group.underWay += stand.underWay;
            first.isLetGo();
            return true;
        }
        group.listed = true;
        if (wait == Allowance.ASK) asking.addLast(group);
        else if (wait > 0) later.add(new Timed(now + wait, timed++, group));
        else
            kindIsFull.computeIfAbsent(first.kind(), kind -> new ArrayDeque<>()).addLast(group);
        return false;
    }

    /** Whether its queue runs as often as it may here, of a number of the fleet. If so, the group waits for that: what left its line would only be parked. */
    private boolean queueIsFull(Group group) {
        var share = node.shares().of(group.shard.stream.queue());
        if (share == null || share.roomInLine() > 0) return false;
        group.listed = true;
        queueIsFull.computeIfAbsent(share.name(), queue -> new ArrayDeque<>()).addLast(group);
        return true;
    }

    /** Whether the starter ends it without a start, which takes nothing of a rate. */
    private boolean startsNever(HeldDelivery held) {
        if (!held.known() || held.mayHaveExpired(now())) return true;
        var paused = node.pausedBecause(held.delivery());
        if (paused != null) held.isPaused(paused);
        return paused != null;
    }

    /** When a group comes of time that waits for its rate; so many nanoseconds at most. */
    synchronized long untilNext(long most) {
        var next = later.peek();
        if (next == null) return most;
        long left = next.at - now();
        if (left > 0) return Math.min(left, most);
        comeOfTime(); // looked at in the next turn, and then no more before there is a slot
        return 0;
    }

    /**
     * In how many nanoseconds the store's clock lets one start that waits for its rate: the soonest. 0 if one waits for a rate that this node counts, by its own
     * clock; negative if none waits.
     */
    synchronized long untilGranted() {
        return Stream.of(
                        later.stream().map(Timed::group),
                        rated.stream(),
                        asking.stream(),
                        kindIsFull.values().stream().flatMap(ArrayDeque::stream))
                .flatMap(Function.identity())
                .map(group -> group.allowance)
                .filter(Objects::nonNull)
                .mapToLong(allowance -> allowance.untilGranted(now()))
                .min()
                .orElse(-1);
    }

    /** Whether the store is to be asked for starts. */
    synchronized boolean asks() {
        return !asking.isEmpty();
    }

    /** What the store is to be asked for, at most so much; the caller {@linkplain #answered answers} or {@linkplain #unanswered gives it back}. */
    synchronized List<Asked> wishes(int most) {
        var wishes = new ArrayList<Asked>();
        for (Group group; wishes.size() < most && (group = asking.pollFirst()) != null; ) {
            var first = group.shard.phase == Shard.Phase.OPEN && group.hasRoom() ? first(group) : null;
            if (first == null || group.allowance == null || startsNever(first))
                rated.addLast(group); // looked at again there
            else
                wishes.add(new Asked(
                        group.allowance.wish(
                                group.shard.stream.queue(),
                                group.key,
                                Objects.requireNonNull(first.stand()).weight,
                                now()),
                        group));
        }
        return wishes;
    }

    synchronized void answered(List<Asked> asked, List<Ownership.Grant> grants) {
        for (int i = 0; i < asked.size(); i++) {
            var group = asked.get(i).group;
            if (group.allowance != null) group.allowance.answered(asked.get(i).wish, grants.get(i), now());
            rated.addLast(group);
        }
    }

    /** The store could not be asked: it is, a little later. */
    synchronized void unanswered(List<Asked> asked) {
        for (var one : asked) later.add(new Timed(now() + NO_ANSWER, timed++, one.group));
    }

    private void passed(HeldDelivery held) {
        var stand = Objects.requireNonNull(held.stand());
        var shard = stand.shard;
        waiting--;
        bytes -= held.bytes();
        shard.waiting--;
        shard.bytes -= held.bytes();
        if (stand.order == null) stand.group.alone--;
        places.remove(held.delivery().place());
    }

    /** Takes those out of their lines that wait at these places; they are the caller's to end. */
    synchronized List<HeldDelivery> withdraw(Collection<Place> cancelled) {
        if (places.isEmpty()) return List.of();
        var withdrawn = new ArrayList<HeldDelivery>();
        var changed = new HashSet<Group>();
        for (var place : cancelled) {
            var held = places.get(place);
            var stand = held == null ? null : held.stand();
            if (held == null || stand == null) continue;
            passed(held);
            withdrawn.add(held);
            changed.add(stand.group); // it may wait until there is enough of its rate for this one
            if (stand.order == null) stand.group.ready.remove(held);
            else stand.order.waiting.remove(Line.first(held.delivery()));
        }
        lookAgain(changed);
        return withdrawn;
    }

    /** The handler of a delivery that a rate let go has begun. Returns whether that lets another one of its key start. */
    synchronized boolean begun(HeldDelivery held) {
        var stand = held.stand();
        if (stand == null) return false;
        boolean was = stand.group.listed;
        begun(stand);
        return stand.group.listed && !was;
    }

    private void begun(Stand stand) {
        if (stand.underWay == 0) return;
        stand.group.underWay -= stand.underWay;
        stand.underWay = 0;
        list(stand.group);
    }

    // ---- what is parked behind

    /**
     * Takes out of their lines what keeps shards from going on: of those that had no room for more when that was looked at before, and of which nothing could
     * start now, so that what waits elsewhere in them has its turn. Of each row the last go. They are the caller's to park.
     */
    synchronized List<HeldDelivery> overflow() {
        var starting = new HashSet<Shard>();
        for (var group : open) if (group.hasRoom()) starting.add(group.shard);
        for (var group : rated) if (group.hasRoom()) starting.add(group.shard);
        for (var full : queueIsFull.values()) // all of a shard is of one queue: others of it could not start either
        for (var group : full) if (group.hasRoom()) starting.add(group.shard);
        var overflow = new ArrayList<HeldDelivery>();
        for (var shard : shards.values()) {
            boolean full =
                    shard.phase == Shard.Phase.OPEN && shard.unread == 0 && shard.waiting > 0 && room(shard) == 0;
            if (full && shard.full && !starting.contains(shard)) overflow.addAll(overflow(shard));
            shard.full = full;
        }
        return overflow;
    }

    private List<HeldDelivery> overflow(Shard shard) {
        var overflow = new ArrayList<HeldDelivery>();
        var changed = new HashSet<Group>();
        for (var last : parked.tooMany(shard)) {
            var stand = last.stand();
            passed(last.held());
            if (stand.order == null) stand.group.ready.remove(last.held());
            else stand.order.waiting.remove(last.place());
            stand.tail = parked.parked(stand.group, stand.order, last.line(), last.place());
            stand.tail.underWay++;
            changed.add(stand.group);
            overflow.add(last.held());
        }
        lookAgain(changed);
        return overflow;
    }

    /** Whether rows want what is parked behind them. */
    synchronized boolean recalls() {
        return parked.recalls();
    }

    /** Looks at all rows behind which something is parked: time has gone by. */
    synchronized void considerAll() {
        parked.considerAll();
    }

    /** What is to be recalled of one shard; null if nothing is. The caller answers with {@link #recalled} or {@link #unheard}. */
    synchronized ParkedRows.@Nullable Recalls toRecall() {
        return parked.toRecall();
    }

    /** They are on their way to the shard's front. */
    synchronized void recalled(ParkedRows.Recalls asked, List<Ownership.Recalled> answers) {
        for (int i = 0; i < answers.size(); i++) {
            var tail = asked.tails().get(i);
            parked.recalled(tail, answers.get(i));
            if (tail.order != null) {
                list(tail.order);
                forget(tail.order);
            } else forget(tail.group);
            parked.consider(tail);
        }
    }

    /** Whether they are nobody knows. */
    synchronized void unheard(ParkedRows.Recalls asked) {
        for (var tail : asked.tails()) tail.group.shard.doubtful = true;
    }

    // ---- for operators

    /** All that is paused now. What is paused of a key or a limit stays in line; what is so no more may go on. */
    synchronized void pause(Set<Scope> now) {
        var ours = new HashSet<Scope>();
        for (var scope : now) if (scope instanceof Scope.Key || scope instanceof Scope.OfLimit) ours.add(scope);
        if (ours.equals(paused)) return;
        paused = ours;
        pausesAny = !ours.isEmpty();
        for (var shard : shards.values()) {
            for (var group : shard.groups.values()) group.paused = group.isAmong(ours);
            for (var order : shard.orders.values()) {
                order.paused = ours.contains(order.scope);
                list(order);
            }
            for (var group : shard.groups.values()) list(group);
        }
    }

    /** All limits whose numbers are set now. They hold from here on, for what waits as well. */
    synchronized void adjust(Map<String, Adjustment> now) {
        if (now.equals(adjusted)) return;
        adjusted = Map.copyOf(now);
        var changed = new HashSet<Group>();
        for (var shard : shards.values()) {
            for (var group : shard.groups.values()) {
                if (group.limit != null && group.adjust(adjusted.get(group.limit.limit()), now())) changed.add(group);
                if (group.running > group.atOnce) lowered = true;
                list(group);
            }
        }
        lookAgain(changed);
    }

    /** Whether its key or its limit has been paused since its turn came, or its limit lets fewer run at once than it did then, and too many would. */
    boolean takesBack(HeldDelivery held) {
        var stand = held.stand();
        if (stand == null || !(pausesAny || lowered)) return false;
        synchronized (this) {
            var group = stand.group;
            return group.paused || group.running > group.atOnce || (stand.order != null && stand.order.paused);
        }
    }

    // ---- for whoever settles

    /**
     * How a delivery ended is known to be durable.
     *
     * @param comesBack whether its job goes on: then it is waited for
     */
    synchronized void ended(HeldDelivery held, boolean comesBack) {
        var stand = held.stand();
        if (stand == null) return;
        var shard = stand.shard;
        var group = stand.group;
        var order = stand.order;
        shard.held--;
        var tail = stand.tail;
        if (tail != null) {
            tail.underWay--;
            parked.consider(tail);
            return;
        }
        if (order != null) {
            // What comes back may have come before the answer that it would.
            boolean isBack = order.waiting.containsKey(Line.first(held.delivery()));
            if (comesBack && !isBack) order.absent.add(held.delivery().job());
            else order.absent.remove(held.delivery().job());
        }
        begun(stand);
        if (stand.running) {
            stand.running = false;
            group.running--;
            if (order != null) order.started = null;
        }
        if (order != null) {
            list(order);
            forget(order);
        }
        list(group);
        if (order != null) parked.consider(order.tail);
        parked.consider(group.tail);
        forget(group);
    }

    /** Whether the job of a delivery that ended so goes on. */
    static boolean comesBack(Ending ending) {
        return !ending.leadsTo().ended();
    }

    private void forget(Order order) {
        if (order.started != null || order.listed || !order.absent.isEmpty() || !order.waiting.isEmpty()) return;
        if (order.tail != null) return;
        if (!order.group.shard.orders.remove(order.key, order)) return;
        order.group.orders--;
        forget(order.group);
    }

    private void forget(Group group) {
        if (group.running > 0 || group.orders > 0 || group.listed || group.resting || !group.ready.isEmpty()) return;
        if (group.tail != null) return;
        var allowance = group.allowance;
        boolean owned = group.shard.equals(shards.get(group.shard.stream.id()));
        if (owned && allowance != null && !allowance.isFull(now())) {
            group.resting = true;
            resting.add(new Timed(allowance.fullAt(), timed++, group));
        } else group.shard.groups.remove(group.key, group);
    }

    // ---- for the shards' owner

    /** Begins with a shard that has just been taken over. */
    synchronized void begin(
            StreamInfo stream,
            StreamInfo front,
            Collection<Ownership.Absent> absent,
            Collection<Ownership.Behind> behind) {
        var shard = new Shard(stream, front, now());
        shards.put(stream.id(), shard);
        for (var row : behind) {
            var group = group(shard, row.line(), new Line.Position(0, 0));
            parked.parked(group, order(group, row.line()), row.line(), row.first());
        }
        for (var job : absent) {
            var order = order(group(shard, job.line(), new Line.Position(0, 0)), job.line());
            if (order != null) order.absent.add(job.job());
        }
    }

    synchronized boolean owns(int stream) {
        return shards.containsKey(stream);
    }

    synchronized Set<Integer> owned() {
        return new TreeSet<>(shards.keySet());
    }

    /** Starts nothing more of a shard. What waits is the caller's to hand back; until it comes back, here or elsewhere, its lines wait for it. */
    synchronized List<HeldDelivery> leave(int stream) {
        var shard = shards.get(stream);
        if (shard == null || shard.phase == Shard.Phase.LEAVING) return List.of();
        shard.phase = Shard.Phase.LEAVING;
        var left = new ArrayList<HeldDelivery>();
        for (var group : shard.groups.values()) {
            for (var ready : group.ready) if (ready instanceof HeldDelivery held) left.add(held);
            group.ready.clear();
        }
        for (var order : shard.orders.values()) {
            for (var held : order.waiting.values())
                order.absent.add(held.delivery().job());
            left.addAll(order.waiting.values());
            order.waiting.clear();
            order.listed = false;
        }
        left.sort((one, other) -> Line.first(one.delivery()).compareTo(Line.first(other.delivery())));
        left.forEach(this::passed);
        return left;
    }

    /** It stays after all: what was handed back is absent until it has come back, as the front is claimed to its end again. */
    synchronized void stay(int stream) {
        var shard = shards.get(stream);
        if (shard == null || shard.phase != Shard.Phase.LEAVING) return;
        shard.phase = Shard.Phase.LOADING;
        shard.frontClaimed = false;
        shard.more = true;
    }

    synchronized boolean leaving(int stream) {
        var shard = shards.get(stream);
        return shard != null && shard.phase == Shard.Phase.LEAVING;
    }

    /** Whether nothing of a shard has been read and not ended. */
    synchronized boolean idle(int stream) {
        var shard = shards.get(stream);
        return shard == null || shard.held == 0;
    }

    /** The shard is not this node's any more. */
    synchronized void drop(int stream) {
        var shard = shards.get(stream);
        if (shard != null && shard.waiting > 0)
            throw new IllegalStateException("shard %d was given up with %d in line".formatted(stream, shard.waiting));
        if (shard == null) return;
        shards.remove(stream);
        parked.dropped(shard);
        later.removeIf(waiting -> waiting.group.shard.equals(shard));
        resting.removeIf(waiting -> waiting.group.shard.equals(shard));
    }

    /** Jobs that others wait for, at most so many, behind this one; from the beginning if there is none behind. */
    synchronized List<JobId> absent(@Nullable JobId behind, int most) {
        var all = new TreeSet<JobId>(Lines::compare);
        for (var shard : shards.values())
            for (var order : shard.orders.values())
                if (!order.waiting.isEmpty() || order.tail != null) all.addAll(order.absent);
        var some = behind == null ? all : all.tailSet(behind, false);
        return (some.isEmpty() ? all : some).stream().limit(most).toList();
    }

    /** These jobs have ended: nobody waits for them any more. */
    synchronized void concluded(Set<JobId> ended) {
        for (var shard : shards.values()) {
            SequencedSet<Order> changed = new LinkedHashSet<>();
            for (var order : shard.orders.values()) if (order.absent.removeAll(ended)) changed.add(order);
            for (var order : changed) {
                list(order);
                forget(order);
            }
        }
    }
}
