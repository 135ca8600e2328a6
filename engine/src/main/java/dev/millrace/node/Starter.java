package dev.millrace.node;

import dev.millrace.store.Crowds;
import dev.millrace.store.Ending;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Gives slots to what waits for them. It alone gives them, so a slot it has seen stays free until it gives it away. It never talks to
 * the storage, so nothing can hold it up.
 *
 * <p><b>Suspects</b> were rescued from a dead node; they come first, and their starts are marked. Who kills its node is found by ever
 * smaller groups. All suspects that were young when a node died are charged with the death. Those that are charged start in small
 * groups. One that a further charge would discard has its <b>last chance</b> alone: it starts when no other suspect is young, and
 * while it is young nothing else starts; then the others have a turn. Whatever outlives its youth is cleared. Few deaths are needed, no neighbour is discarded for
 * one, and a fleet whose nodes are killed from outside hardly waits.
 *
 * <p><b>Kind lines</b> hold what its own kind's limit keeps back, and those of queues what a number of the whole fleet does. Everything else is in the <b>line</b>, in the order of its claims.
 *
 * <p>Nobody waits long: what found no slot within {@code handBackAfter} goes back, so that another node can have it.
 */
final class Starter implements Loop {

    /** Starts in one turn, at most. */
    private static final int STARTS = 1_000;

    /** Starts from the line to one from a side shard, if both wait. */
    private static final int LINE_STARTS = 3;

    private static final Duration GATE = Duration.ofMillis(50);
    private static final Duration MET_LATELY = Duration.ofSeconds(2);

    private final Incarnation node;
    private final World world;
    private final NodePlan.Limits limits;

    private final Queue<HeldDelivery> inbox = new ConcurrentLinkedQueue<>();
    private final AtomicInteger buffered = new AtomicInteger();

    /** Those among them that come from the lines of keyed shards. */
    private final AtomicInteger inTurn = new AtomicInteger();

    /** Those among them that come from side shards. */
    private final AtomicInteger bufferedAside = new AtomicInteger();

    private final AtomicLong bufferedBytesAside = new AtomicLong();

    private final AtomicLong bufferedBytes = new AtomicLong();

    private final ArrayDeque<HeldDelivery> line = new ArrayDeque<>();

    /**
     * What came from side shards, in the order of their turns. Of what is in neither keyed shards nor suspect, one in four starts is theirs, and all that the line leaves; all before it that is more
     * urgent.
     */
    private final Queue<HeldDelivery> asides = new PriorityQueue<>(
            Comparator.comparingDouble(HeldDelivery::turn).thenComparingLong(HeldDelivery::arrival));

    /** The same by age; those that have left are still here. */
    private final ArrayDeque<HeldDelivery> asidesByAge = new ArrayDeque<>();

    private final FairClock clock = new FairClock();
    private long arrivals;

    private final ArrayDeque<HeldDelivery> suspects = new ArrayDeque<>();
    private final ArrayDeque<HeldDelivery> charged = new ArrayDeque<>();
    private final ArrayDeque<HeldDelivery> lastChances = new ArrayDeque<>();

    /** Of keyed shards: those whose turn it is. Nobody else could run them, so they wait here for as long as it takes. */
    private final ArrayDeque<HeldDelivery> turns = new ArrayDeque<>();

    /** Those of them whose limit has a rate, which counts from when it let them go: they have the very next slot. */
    private final ArrayDeque<HeldDelivery> timely = new ArrayDeque<>();

    private final List<Queue<HeldDelivery>> lines =
            List.of(lastChances, charged, suspects, timely, line, asides, turns);
    private final List<Queue<HeldDelivery>> turnsFirst =
            List.of(lastChances, charged, suspects, timely, turns, line, asides);
    private final List<Queue<HeldDelivery>> asidesFirst =
            List.of(lastChances, charged, suspects, timely, asides, line, turns);
    private final List<Queue<HeldDelivery>> turnsThenAsides =
            List.of(lastChances, charged, suspects, timely, turns, asides, line);
    private final List<Queue<HeldDelivery>> impatient = List.of(lastChances, charged, suspects, line);

    /** Whether one of a keyed shard has the next slot before one that is not keyed, if no rate has let it go. */
    private boolean turnsTurn;

    /** Starts from the line since the last one from a side shard, as far as they matter. */
    private int sinceAside;

    /** Whether others have started since one was fed that a rate let go: then it is a rate's turn. */
    private boolean ratesTurn = true;

    /** Those that a rate has let go, among {@link #inTurn}. */
    private int inTime;

    /** Whether one of a keyed shard has left its line in this turn: there is room for another one. */
    private boolean turnTaken;

    /** Suspects that have been started and have not outlived their youth. */
    private final ArrayDeque<HeldDelivery> young = new ArrayDeque<>();

    private int inKindLines;
    private volatile @Nullable HeldDelivery alone;
    private boolean othersTurn;
    private volatile boolean manyCharged;
    private volatile boolean metCharged;
    private volatile long metChargedUntil;

    Starter(Incarnation node) {
        this.node = node;
        this.world = node.world();
        this.limits = node.limits();
    }

    // ---- for others

    void add(HeldDelivery held) {
        buffered.incrementAndGet();
        if (held.stand() != null) inTurn.incrementAndGet();
        if (held.aside()) {
            bufferedAside.incrementAndGet();
            bufferedBytesAside.addAndGet(held.bytes());
        }
        if (isInTime(held)) {
            inTime++; // from the starter itself: nothing else comes from lines
            held.kind().comesInTime(1);
        }
        bufferedBytes.addAndGet(held.bytes());
        held.countsAsComing(held.kind().comes());
        var share = node.shares().of(held.delivery().queue());
        if (share != null) {
            held.comesTo(share);
            share.comes(isInTime(held));
        }
        inbox.add(held);
    }

    /** How many wait for a slot. Those that wait for their kind are not among them: free slots are no use to them. */
    int buffered() {
        return buffered.get();
    }

    /** How many of them come from side shards. */
    int bufferedAside() {
        return bufferedAside.get();
    }

    /** How much payload waits, roughly. */
    long bufferedBytes() {
        return bufferedBytes.get();
    }

    /** How much of it comes from side shards. */
    long bufferedBytesAside() {
        return bufferedBytesAside.get();
    }

    /** Whether a dangerous delivery runs alone: nothing may start beside it. */
    boolean alone() {
        var lonely = alone;
        return lonely != null && youth(lonely, world.nanoTime()) > 0;
    }

    /** Whether many charged deliveries wait their turn: the front may hold more of them, and here they would only wait as well. */
    boolean manyCharged() {
        return manyCharged;
    }

    /** Whether charged deliveries were met lately: there may be more, and other nodes should have some of them. */
    boolean metCharged() {
        return metCharged && world.nanoTime() - metChargedUntil < 0;
    }

    /**
     * How many nanoseconds a suspect is still young: counted from when its handler starts, so that it never lapses before. One that has
     * ended stays young until its outcome is durable: should the node die before, it is charged with that.
     */
    private long youth(HeldDelivery held, long now) {
        if (held.ended()) return node.seated().contains(held) ? GATE.toNanos() : 0;
        if (!held.is(HeldDelivery.Stage.RUNNING)) return GATE.toNanos();
        return Math.max(0, limits.youth().toNanos() - held.age(now).toNanos());
    }

    // ---- turning

    @Override
    public Duration turn() {
        turnTaken = false;
        node.shares().count();
        for (OwnShare over; (over = node.shares().dropped()) != null; )
            while (over.first() != null) add(leaveLine(over)); // nothing keeps them any more
        boolean fed = feed();
        sort();
        if (node.closing()) {
            handBackAll();
            return limits.idlePoll();
        }
        long now = world.nanoTime();
        growUp(now);
        node.shares().sample(now);
        boolean more =
                node.beater().trusted() && (start() || nextChance() || fed || (turnTaken && node.freeSlots() > 0));
        long next = Math.min(expire(now), untilGrown(now));
        countCharged();
        node.claimer().usedUp();
        for (var kind : node.kinds()) if (kind.runsDry()) node.releaseBell().ring();
        for (var share : node.shares().queues())
            if (share.runsDry()) node.releaseBell().ring();
        if (more) return Duration.ZERO;
        if (!node.beater().trusted() && buffered() > 0) return GATE;
        return Duration.ofNanos(
                node.lines().untilNext(Math.min(next, limits.idlePoll().toNanos())));
    }

    /**
     * Takes from the lines of keyed shards those whose turn it is, as many as find a slot soon; half of the room is left to others. Returns whether there were
     * any.
     */
    private boolean feed() {
        boolean fed = false;
        while (!node.closing()) {
            boolean slot = slotForRated();
            boolean ahead = inTurn.get() - inTime
                    < Math.max(1, (node.freeSlots() - inTime + node.claimer().ahead() + 1) / 2);
            if (!slot && !ahead) return fed;
            var held = node.lines().next(slot, ahead);
            if (held == null) return fed;
            fed = true;
            if (held.letGo()) ratesTurn = false;
            var paused = held.paused();
            if (paused != null) end(held, new Ending.Parked(Ending.Parking.PAUSED, paused));
            else if (!held.known())
                end(held, new Ending.Parked(Ending.Parking.UNKNOWN_KIND, node.unknownKind(held.delivery())));
            else if (held.mayHaveExpired(world.nanoTime())) end(held, new Ending.HandedBack()); // the store knows
            else {
                held.leavesLine(world.nanoTime());
                add(held);
            }
        }
        return fed;
    }

    /** Whether one whose limit has a rate would start in this turn. If there are others, it has every other slot. */
    private boolean slotForRated() {
        if (!node.beater().trusted() || alone() || node.freeSlots() <= inTime) return false;
        return ratesTurn || (inKindLines == 0 && line.isEmpty() && asides.isEmpty() && turns.isEmpty());
    }

    private void sort() {
        for (HeldDelivery held; (held = inbox.poll()) != null; ) {
            var its = lineOf(held);
            if (held.aside() && !held.suspect()) {
                held.takesTurn(
                        clock.add(
                                held.asideFrom(),
                                1.0 / Crowds.share(held.delivery().headers())),
                        ++arrivals);
                asidesByAge.addLast(held);
            }
            its.add(held);
            if (!held.charged()) continue;
            metChargedUntil = world.nanoTime() + MET_LATELY.toNanos();
            metCharged = true;
        }
    }

    private Queue<HeldDelivery> lineOf(HeldDelivery held) {
        if (isInTime(held)) return timely;
        if (!held.suspect()) return held.aside() ? asides : held.stand() == null ? line : turns;
        if (!held.charged()) return suspects;
        return held.lastChance() ? lastChances : charged;
    }

    private static boolean isInTime(HeldDelivery held) {
        return held.letGo() && !held.suspect();
    }

    private void growUp(long now) {
        for (var suspects = young.iterator(); suspects.hasNext(); ) {
            var suspect = suspects.next();
            if (youth(suspect, now) > 0) continue;
            suspects.remove();
            if (!suspect.ended()) node.marker().outlived(suspect);
        }
    }

    /** Starts what can start. Returns whether there may be more to start at once. */
    private boolean start() {
        for (int starts = 0; starts < STARTS; starts++) {
            if (node.freeSlots() <= 0) return false;
            if (alone()) return false;
            var next = next();
            if (next == null) {
                boolean wasTheirs = ratesTurn;
                ratesTurn = true; // nobody else wants this slot
                return !wasTheirs;
            }
            start(next);
        }
        return true;
    }

    /** The others have had their turn: whether a last chance can be taken at once. */
    private boolean nextChance() {
        if (!othersTurn || alone() || node.freeSlots() <= 0) return false;
        othersTurn = false;
        return !lastChances.isEmpty() && young.isEmpty();
    }

    /** In how many nanoseconds somebody keeps others waiting no longer by its youth. */
    private long untilGrown(long now) {
        long next = Long.MAX_VALUE;
        for (var suspect : young) next = Math.min(next, Math.max(1, youth(suspect, now)));
        return next;
    }

    /** The next one that may start now, removed from its line. */
    private @Nullable HeldDelivery next() {
        if (inKindLines > 0) {
            var held = nextOfKinds();
            if (held != null) return held;
        }
        for (var waiting : order()) {
            var held = next(waiting);
            if (held == null) continue;
            if (!held.suspect() && !held.letGo()) {
                turnsTurn = held.stand() == null; // neither keeps the other from a slot
                ratesTurn = true;
                if (held.aside()) {
                    sinceAside = 0;
                    clock.serves(held.turn());
                } else if (held.stand() == null) sinceAside = Math.min(LINE_STARTS, sinceAside + 1);
            }
            return held;
        }
        return null;
    }

    private List<Queue<HeldDelivery>> order() {
        if (sinceAside < LINE_STARTS && !asideIsMoreUrgent()) return turnsTurn ? turnsFirst : lines;
        return turnsTurn ? turnsThenAsides : asidesFirst;
    }

    private boolean asideIsMoreUrgent() {
        var aside = asides.peek();
        var other = aside == null ? null : line.peek();
        return aside != null
                && other != null
                && aside.delivery().priority().rank()
                        < other.delivery().priority().rank();
    }

    private @Nullable HeldDelivery nextOfKinds() {
        for (var kind : node.kinds()) {
            if (!kind.hasRoomInTime()) continue; // what a rate has let go is before those that have waited
            for (HeldDelivery first; kind.hasRoom() && (first = kind.first()) != null && !mustWait(first); ) {
                leaveLine(kind);
                if (!mayStart(first)) continue;
                if (!node.shares().mayStart(first)) {
                    waitForRoom(first);
                    continue;
                }
                ratesTurn = true;
                return first;
            }
        }
        for (var share : node.shares().queues()) {
            if (!share.hasRoomInTime()) continue;
            for (HeldDelivery first; share.hasRoom() && (first = share.first()) != null && !mustWait(first); ) {
                leaveLine(share);
                if (!mayStart(first)) continue;
                if (!first.kind().hasRoom() || !node.shares().mayStart(first)) {
                    waitForRoom(first);
                    continue;
                }
                ratesTurn = true;
                return first;
            }
        }
        return null;
    }

    private HeldDelivery leaveLine(OwnShare share) {
        inKindLines--;
        return share.removeFirst();
    }

    private HeldDelivery leaveLine(KindLine kind) {
        inKindLines--;
        return kind.removeFirst();
    }

    private @Nullable HeldDelivery next(Queue<HeldDelivery> from) {
        for (HeldDelivery first; (first = from.peek()) != null; ) {
            if (mustWait(first)) return null;
            from.remove();
            left(first);
            if (!mayStart(first)) continue;
            if (first.kind().hasRoom() && node.shares().mayStart(first)) return first;
            waitForRoom(first);
        }
        return null;
    }

    /** Who has a last chance waits until no suspect is young; other suspects let it go first, but not twice, so that everybody's turn comes. */
    private boolean mustWait(HeldDelivery held) {
        if (!held.suspect()) return false;
        if (held.lastChance()) return othersTurn || !young.isEmpty();
        if (!othersTurn && !lastChances.isEmpty()) return true;
        return held.charged() && young.stream().filter(HeldDelivery::charged).count() >= NodePlan.Limits.YOUNG_TOGETHER;
    }

    private void left(HeldDelivery held) {
        buffered.decrementAndGet();
        if (held.stand() != null) {
            inTurn.decrementAndGet();
            turnTaken = true;
        }
        if (isInTime(held)) {
            inTime--;
            held.kind().comesInTime(-1);
        }
        if (held.aside()) {
            bufferedAside.decrementAndGet();
            bufferedBytesAside.addAndGet(-held.bytes());
        }
        bufferedBytes.addAndGet(-held.bytes());
        if (held.countsAsComing()) held.kind().came();
        var share = held.comesTo();
        if (share != null) {
            share.came(isInTime(held));
            held.comesTo(null);
        }
    }

    /** Operators may have spoken since it was read. */
    private boolean mayStart(HeldDelivery held) {
        if (node.controller().cancelled(held.delivery().place())) {
            held.end();
            node.drop(held);
            if (held.stand() != null) node.startBell().ring(); // somebody else's turn
            return false;
        }
        return !endsUnstarted(held);
    }

    /** Ends one whose handler has not begun, if operators have said since its turn came that it may not; whether it did. From any thread. */
    boolean endsUnstarted(HeldDelivery held) {
        var paused = node.pausedBecause(held.delivery());
        if (paused != null) {
            end(held, new Ending.Parked(Ending.Parking.PAUSED, paused));
            return true;
        }
        if (!node.lines().takesBack(held)) return false;
        end(held, new Ending.HandedBack()); // it keeps its place in line, and waits there
        return true;
    }

    private void waitForRoom(HeldDelivery held) {
        var kind = held.kind();
        var queue = kind.hasRoom() ? node.shares().of(held.delivery().queue()) : null;
        if (queue != null) {
            if (queue.mayWait(queue.waiting())) {
                queue.append(held);
                inKindLines++;
            } else park(held, queue);
        } else if (kind.mayWait(world.nanoTime())) {
            kind.append(held);
            inKindLines++;
        } else park(held);
    }

    private void park(HeldDelivery held) {
        park(held, held.kind().fullBecause(node.plan().name()));
    }

    private void park(HeldDelivery held, OwnShare queue) {
        held.isParkedFor(queue);
        park(held, queue.reason(node.plan().name()));
    }

    private void park(HeldDelivery held, String because) {
        end(held, new Ending.Parked(Ending.Parking.LIMIT, because));
    }

    private void start(HeldDelivery held) {
        if (!node.seat(held)) return;
        if (!held.suspect()) {
            held.launch();
            return;
        }
        if (held.lastChance()) {
            alone = held;
            othersTurn = true;
        }
        young.addLast(held);
        node.marker().add(held);
    }

    private void countCharged() {
        boolean many = charged.size() >= NodePlan.Limits.YOUNG_TOGETHER || lastChances.size() > 1;
        if (manyCharged && !many) node.claimer().hint();
        manyCharged = many;
    }

    // ---- what can't start

    /** Sends back what has waited too long. Returns in how many nanoseconds the next one will have. */
    private long expire(long now) {
        long next = Long.MAX_VALUE;
        for (var waiting : impatient) next = Math.min(next, handBack(waiting, now));
        next = Math.min(next, handBackAsides(now));
        if (inKindLines == 0) return next;
        for (var kind : node.kinds()) {
            for (HeldDelivery first; (first = kind.first()) != null; ) {
                long left = left(first, now);
                if (left > 0) {
                    next = Math.min(next, left);
                    break;
                }
                park(leaveLine(kind)); // not back to the front: it would be claimed here again, and wait again
            }
        }
        for (var share : node.shares().queues()) {
            for (HeldDelivery first; (first = share.first()) != null; ) {
                long left = left(first, now);
                if (left > 0) {
                    next = Math.min(next, left);
                    break;
                }
                park(leaveLine(share), share);
            }
        }
        return next;
    }

    private long handBack(Queue<HeldDelivery> from, long now) {
        for (HeldDelivery first; (first = from.peek()) != null; ) {
            long left = left(first, now);
            if (left > 0) return left;
            from.remove();
            giveBack(first);
        }
        return Long.MAX_VALUE;
    }

    private long handBackAsides(long now) {
        for (HeldDelivery first; (first = asidesByAge.peek()) != null; ) {
            long left = first.waitsForSlot() ? left(first, now) : 0;
            if (left > 0) return left;
            asidesByAge.remove();
            if (asides.remove(first)) giveBack(first);
        }
        return Long.MAX_VALUE;
    }

    private long left(HeldDelivery held, long now) {
        long patience = limits.handBackAfter().toNanos();
        if (held.lastChance()) patience += 2 * limits.youth().toNanos(); // others must outlive their youth first
        return held.since() + patience - now;
    }

    private void handBackAll() {
        for (var waiting : lines) for (HeldDelivery held; (held = waiting.poll()) != null; ) giveBack(held);
        for (var kind : node.kinds()) while (kind.first() != null) end(leaveLine(kind), new Ending.HandedBack());
        for (var share : node.shares().queues())
            while (share.first() != null) end(leaveLine(share), new Ending.HandedBack());
    }

    private void giveBack(HeldDelivery held) {
        left(held);
        end(held, new Ending.HandedBack());
    }

    private void end(HeldDelivery held, Ending ending) {
        if (held.end() != null) node.finish(held, ending);
    }
}
