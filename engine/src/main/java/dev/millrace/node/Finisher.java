package dev.millrace.node;

import dev.millrace.MillraceException;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Place;
import dev.millrace.store.Settled;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes outcomes durable, many at a time, and frees slots: never before the flush that carries the outcome was acknowledged.
 *
 * <p>A flush that failed, or whose commit is unknown, is repeated with the same entries until it is answered; repeating changes
 * nothing. While one is under way the next gathers by itself. Only when that has just happened do a few more milliseconds of lingering
 * pay, and not if many wait; a lone outcome on an idle node is flushed at once.
 *
 * <p>One outcome must not hold up the others. It may be blocked, by a handler that has written another outcome into a transaction of its own and
 * leaves that open; it may be refused, for a character that the storage can't keep; or it fails again and again while the node's beats go
 * through. Then its batch is halved until it is alone, and put {@link Aside}. What may be blocked is flushed apart from the beginning. If it
 * is refused for what it carries, or others are written and it still is not, its job is discarded with that as the reason. What concerns
 * the whole database (its login, its grants, its schema) costs no outcome, however long it lasts.
 */
final class Finisher implements Loop {

    private static final Comparator<HeldDelivery> LOCK_ORDER =
            Comparator.comparing(held -> held.delivery().place(), Place.LOCK_ORDER);

    /** A flush so short ago means that the node is busy: lingering pays. */
    private static final Duration BUSY = Duration.ofMillis(10);

    private static final Duration IDLE = Duration.ofSeconds(1);

    private final Incarnation node;
    private final World world;
    private final int flushBatch;
    private final int many;

    private final Queue<HeldDelivery> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waitingCount = new AtomicInteger();
    private final AtomicInteger flushing = new AtomicInteger();

    private final ArrayDeque<List<HeldDelivery>> pieces = new ArrayDeque<>();
    private final Aside aside = new Aside();
    private final Stubborn stubborn;
    private long flushes;
    private long lastFlush;
    private boolean flushedOnce;
    private boolean lingering;
    private long lingerEnd;

    Finisher(Incarnation node) {
        this.node = node;
        this.world = node.world();
        this.stubborn = new Stubborn(node.beater());
        this.flushBatch = node.limits().flushBatch();
        this.many = Math.max(1, Math.min(flushBatch, node.limits().slots()) / 4);
    }

    /** From anybody: a decided delivery. Rings only when it makes a difference. */
    void add(HeldDelivery held) {
        waiting.add(held);
        int count = waitingCount.incrementAndGet();
        if (count == 1 || count == many) node.flushBell().ring();
    }

    /** How many outcomes are not known to be durable yet. */
    int awaiting() {
        return waitingCount.get() + flushing.get();
    }

    @Override
    public Duration turn() {
        if (node.over()) return IDLE;
        if (pieces.isEmpty()) {
            var held = aside.due(world.nanoTime());
            if (held != null) {
                pieces.add(List.of(held));
                flush(pieces.getFirst(), true);
                return rest();
            }
            int count = waitingCount.get();
            if (count == 0) return rest();
            long linger = linger(count);
            if (linger > 0) return Duration.ofNanos(linger);
            drain(Math.min(count, flushBatch));
        }
        flush(pieces.getFirst(), false);
        return rest();
    }

    private Duration rest() {
        if (!pieces.isEmpty() || waitingCount.get() > 0) return Duration.ZERO;
        return Duration.ofNanos(Math.min(IDLE.toNanos(), aside.rest(world.nanoTime())));
    }

    private long linger(int count) {
        long now = world.nanoTime();
        if (!lingering) {
            boolean busy = flushedOnce && now - lastFlush < BUSY.toNanos();
            lingerEnd = busy ? now + NodePlan.Limits.LINGER.toNanos() : now;
            lingering = true;
        }
        if (count >= many || node.closing()) return 0;
        return lingerEnd - now;
    }

    private void drain(int count) {
        lingering = false;
        var plain = new ArrayList<HeldDelivery>(count);
        var blockable = new ArrayList<HeldDelivery>();
        int drained = 0;
        for (HeldDelivery held; drained < count && (held = waiting.poll()) != null; drained++)
            (held.outcome().contested() ? blockable : plain).add(held);
        flushing.addAndGet(drained);
        waitingCount.addAndGet(-drained);
        add(plain);
        add(blockable);
    }

    private void add(List<HeldDelivery> batch) {
        if (batch.isEmpty()) return;
        batch.sort(LOCK_ORDER);
        pieces.addLast(batch);
    }

    private void flush(List<HeldDelivery> batch, boolean again) {
        var entries = new ArrayList<Ended>(batch.size());
        for (var held : batch) entries.add(held.outcome());
        List<Settled> answers;
        try {
            answers = node.storage().flush(node.lease(), entries);
            if (answers.size() != batch.size())
                throw new IllegalStateException(
                        "%d outcomes were flushed, and %d answered".formatted(batch.size(), answers.size()));
        } catch (StoreException.Fenced over) {
            throw over;
        } catch (StoreException.Blocked | StoreException.Refused ofSome) {
            node.failedInPart();
            isolate(batch, ofSome); // and on with the others, at once
            return;
        } catch (MillraceException away) {
            boolean ofAll = away instanceof StoreException.Busy; // to halve it would help nobody
            if (again || (!ofAll && stubborn.failed()))
                isolate(batch, away); // else the same entries again, after the rest
            if (!again) throw away;
            node.failedInPart();
            return;
        } catch (RuntimeException unreadable) {
            node.failedInPart();
            isolate(batch, unreadable);
            return;
        }
        stubborn.succeeded();
        flushes++;
        pieces.removeFirst();
        if (node.over()) return;
        acknowledged(batch, answers);
        flushedOnce = true;
        lastFlush = world.nanoTime();
    }

    private void acknowledged(List<HeldDelivery> batch, List<Settled> answers) {
        for (int i = 0; i < batch.size(); i++) {
            var held = batch.get(i);
            var answer = answers.get(i);
            node.settle(held, answer, ending(held, answer));
        }
        flushing.addAndGet(-batch.size());
        node.slotFreed();
    }

    /** What is written. If the handler's own transaction was faster, then that is what an earlier outcome of ours must be. */
    private static Ending ending(HeldDelivery held, Settled answer) {
        var committed = held.completing();
        return answer == Settled.REPEATED && held.outcome().contested() && committed != null
                ? committed
                : held.outcome().ending();
    }

    private void isolate(List<HeldDelivery> batch, RuntimeException why) {
        pieces.removeFirst();
        if (batch.size() > 1) {
            pieces.addFirst(batch.subList(batch.size() / 2, batch.size()));
            pieces.addFirst(batch.subList(0, batch.size() / 2));
            return;
        }
        var held = batch.getFirst();
        node.troubled("finisher", "write the outcome of job " + held.delivery().job(), why);
        if (unwritable(held, why)) {
            held.endsWith(new Ending.Discarded(
                    Failures.unwritable(why, held.delivery().attempt())));
        }
        aside.add(held, world.nanoTime());
    }

    private boolean unwritable(HeldDelivery held, RuntimeException why) {
        return switch (why) {
            case StoreException.Refused refused -> true;
            case StoreException.Blocked blocked -> false; // as long as that transaction is open
            case StoreException.Busy others -> false; // until they are done
            case StoreException.Exhausted full -> false; // until there is room for it
            case StoreException again -> held.unwritable(flushes);
            case MillraceException ofAll -> false;
            default -> true; // it could not even be put into a flush
        };
    }
}
