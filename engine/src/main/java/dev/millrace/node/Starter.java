package dev.millrace.node;

import dev.millrace.store.Ending;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Gives slots to what waits for them. It alone gives them, so a slot it has seen stays free until it gives it away. It never talks to
 * the storage, so nothing can hold it up.
 *
 * <p>Three lines wait. <b>Suspects</b> were rescued from a dead node; they come first, and their starts are marked. One that has been
 * charged with a death runs <b>alone</b>: while it is young nothing else starts, and it starts only when no other suspect is young,
 * so that a death tells on the one that caused it. <b>Kind lines</b> hold what its own kind's limit keeps back. Everything else is in
 * the <b>line</b>, in the order of its claims.
 *
 * <p>Nobody waits long: what found no slot within {@code handBackAfter} goes back, so that another node can have it.
 */
final class Starter implements Loop {

    /** Starts in one turn, at most. */
    private static final int STARTS = 1_000;

    private static final Duration GATE = Duration.ofMillis(50);

    private final Incarnation node;
    private final World world;
    private final NodePlan.Limits limits;

    private final Queue<HeldDelivery> inbox = new ConcurrentLinkedQueue<>();
    private final AtomicInteger buffered = new AtomicInteger();
    private final AtomicLong bufferedBytes = new AtomicLong();

    private final ArrayDeque<HeldDelivery> line = new ArrayDeque<>();
    private final ArrayDeque<HeldDelivery> suspects = new ArrayDeque<>();
    private final ArrayDeque<HeldDelivery> young = new ArrayDeque<>();
    private int inKindLines;
    private volatile @Nullable HeldDelivery alone;
    private volatile long dangerUntil;
    private volatile boolean danger;

    Starter(Incarnation node) {
        this.node = node;
        this.world = node.world();
        this.limits = node.limits();
    }

    // ---- for others

    void add(HeldDelivery held) {
        buffered.incrementAndGet();
        bufferedBytes.addAndGet(size(held));
        held.kind().comes(1);
        inbox.add(held);
    }

    /** How many wait for a slot. Those that wait for their kind are not among them: free slots are no use to them. */
    int buffered() {
        return buffered.get();
    }

    /** How much payload waits, roughly. */
    long bufferedBytes() {
        return bufferedBytes.get();
    }

    /** Whether a dangerous delivery runs alone: nothing may start beside it. */
    boolean alone() {
        var lonely = alone;
        return lonely != null && youth(lonely, world.nanoTime()) > 0;
    }

    /** Whether deliveries that must run alone were met lately. */
    boolean metDanger() {
        return danger && world.nanoTime() - dangerUntil < 0;
    }

    /** How many nanoseconds a suspect is still young: counted from when its handler starts, so that it never lapses before. */
    private long youth(HeldDelivery held, long now) {
        if (held.ended()) return 0;
        if (!held.is(HeldDelivery.Stage.RUNNING)) return GATE.toNanos();
        return Math.max(0, limits.solo().toNanos() - held.age(now).toNanos());
    }

    private static long size(HeldDelivery held) {
        return held.delivery().payload() instanceof dev.millrace.store.Payload.Text(var text) ? text.length() : 0;
    }

    // ---- turning

    @Override
    public Duration turn() {
        sort();
        if (node.closing()) {
            handBackAll();
            return limits.idlePoll();
        }
        long now = world.nanoTime();
        boolean more = node.beater().trusted() && start(now);
        long next = Math.min(expire(now), untilGrown(now));
        node.claimer().usedUp();
        for (var kind : node.kinds()) if (kind.runsDry()) node.releaseBell().ring();
        if (more) return Duration.ZERO;
        if (!node.beater().trusted() && buffered() > 0) return GATE;
        return Duration.ofNanos(Math.min(next, limits.idlePoll().toNanos()));
    }

    private void sort() {
        for (HeldDelivery held; (held = inbox.poll()) != null; ) {
            if (held.charged()) {
                dangerUntil = world.nanoTime() + 2 * limits.solo().toNanos();
                danger = true;
            }
            (held.suspect() ? suspects : line).addLast(held);
        }
    }

    /** Starts what can start. Returns whether there may be more to start at once. */
    private boolean start(long now) {
        for (int starts = 0; starts < STARTS; starts++) {
            if (node.freeSlots() <= 0) return false;
            young.removeIf(suspect -> youth(suspect, now) == 0);
            if (alone()) return false;
            var next = next();
            if (next == null) return false;
            start(next);
        }
        return true;
    }

    /** In how many nanoseconds nobody keeps others waiting by its youth. */
    private long untilGrown(long now) {
        var lonely = alone;
        long next = lonely == null ? 0 : youth(lonely, now);
        for (var suspect : young) next = Math.max(next, youth(suspect, now));
        return next == 0 ? Long.MAX_VALUE : next;
    }

    /** The next one that may start now, removed from its line. */
    private @Nullable HeldDelivery next() {
        if (inKindLines > 0) {
            var held = nextOfKinds();
            if (held != null) return held;
        }
        var suspect = next(suspects);
        return suspect != null ? suspect : next(line);
    }

    private @Nullable HeldDelivery nextOfKinds() {
        for (var kind : node.kinds()) {
            for (HeldDelivery first; kind.hasRoom() && (first = kind.first()) != null && !mustWait(first); ) {
                leaveLine(kind);
                if (mayStart(first)) return first;
            }
        }
        return null;
    }

    private HeldDelivery leaveLine(KindLine kind) {
        inKindLines--;
        return kind.removeFirst();
    }

    private @Nullable HeldDelivery next(ArrayDeque<HeldDelivery> from) {
        for (HeldDelivery first; (first = from.peekFirst()) != null; ) {
            if (mustWait(first)) return null;
            from.removeFirst();
            left(first);
            if (!mayStart(first)) continue;
            if (first.kind().hasRoom()) return first;
            waitForKind(first);
        }
        return null;
    }

    /** A charged one must wait while any suspect is young; the others behind it wait with it, or its turn would never come. */
    private boolean mustWait(HeldDelivery held) {
        return held.charged() && !young.isEmpty();
    }

    private void left(HeldDelivery held) {
        buffered.decrementAndGet();
        bufferedBytes.addAndGet(-size(held));
        held.kind().comes(-1);
    }

    /** Operators may have spoken since it was read. */
    private boolean mayStart(HeldDelivery held) {
        if (node.controller().cancelled(held.delivery().place())) {
            held.end();
            node.drop(held);
            return false;
        }
        var paused = node.pausedBecause(held.delivery());
        if (paused == null) return true;
        end(held, new Ending.Parked(Ending.Parking.PAUSED, paused));
        return false;
    }

    private void waitForKind(HeldDelivery held) {
        var kind = held.kind();
        if (kind.mayWait(world.nanoTime())) {
            kind.append(held);
            inKindLines++;
        } else park(held);
    }

    private void park(HeldDelivery held) {
        var plan = held.kind().plan();
        end(
                held,
                new Ending.Parked(
                        Ending.Parking.LIMIT,
                        "kind %s runs %d times on node %s, as often as it may"
                                .formatted(
                                        plan.kind(),
                                        plan.concurrency(),
                                        node.plan().name())));
    }

    private void start(HeldDelivery held) {
        if (!node.seat(held)) return;
        if (!held.suspect()) {
            held.launch();
            return;
        }
        if (held.charged()) alone = held;
        else young.addLast(held);
        node.marker().add(held);
    }

    // ---- what can't start

    /** Sends back what has waited too long. Returns in how many nanoseconds the next one will have. */
    private long expire(long now) {
        long next = Math.min(handBack(line, now), handBack(suspects, now));
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
        return next;
    }

    private long handBack(ArrayDeque<HeldDelivery> from, long now) {
        for (HeldDelivery first; (first = from.peekFirst()) != null; ) {
            long left = left(first, now);
            if (left > 0) return left;
            from.removeFirst();
            left(first);
            end(first, new Ending.HandedBack());
        }
        return Long.MAX_VALUE;
    }

    private long left(HeldDelivery held, long now) {
        return held.readAt() + limits.handBackAfter().toNanos() - now;
    }

    private void handBackAll() {
        for (HeldDelivery held; (held = line.pollFirst()) != null; ) giveBack(held);
        for (HeldDelivery held; (held = suspects.pollFirst()) != null; ) giveBack(held);
        for (var kind : node.kinds()) while (kind.first() != null) end(leaveLine(kind), new Ending.HandedBack());
    }

    private void giveBack(HeldDelivery held) {
        left(held);
        end(held, new Ending.HandedBack());
    }

    private void end(HeldDelivery held, Ending ending) {
        held.end();
        node.finish(held, ending);
    }
}
