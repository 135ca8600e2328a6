package dev.millrace.node;

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
 * <p>An outcome that the storage will not take at all (a character that it can't keep, say) must not hold up the others: a batch that
 * fails again and again, while the node's beats go through, is halved until the culprit is alone. If others are written and it still
 * is not, its job is discarded with that as the reason.
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
            int count = waitingCount.get();
            if (count == 0) return IDLE;
            long linger = linger(count);
            if (linger > 0) return Duration.ofNanos(linger);
            pieces.add(drain(Math.min(count, flushBatch)));
        }
        flush(pieces.getFirst());
        return pieces.isEmpty() && waitingCount.get() == 0 ? IDLE : Duration.ZERO;
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

    private List<HeldDelivery> drain(int count) {
        lingering = false;
        var batch = new ArrayList<HeldDelivery>(count);
        for (HeldDelivery held; batch.size() < count && (held = waiting.poll()) != null; ) batch.add(held);
        flushing.addAndGet(batch.size());
        waitingCount.addAndGet(-batch.size());
        batch.sort(LOCK_ORDER);
        return batch;
    }

    private void flush(List<HeldDelivery> batch) {
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
        } catch (StoreException again) {
            if (stubborn.failed()) isolate(batch, again); // else the same entries again, after the rest
            throw again;
        } catch (RuntimeException refused) {
            isolate(batch, refused);
            throw refused;
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
        return answer == Settled.REPEATED && committed != null
                ? committed
                : held.outcome().ending();
    }

    private void isolate(List<HeldDelivery> batch, RuntimeException refused) {
        pieces.removeFirst();
        if (batch.size() > 1) {
            pieces.addFirst(batch.subList(batch.size() / 2, batch.size()));
            pieces.addFirst(batch.subList(0, batch.size() / 2));
            return;
        }
        var held = batch.get(0);
        boolean forThis =
                !(refused instanceof StoreException); // the storage does not say that it is away: it means this one
        if (forThis || held.unwritable(flushes))
            held.endsWith(new Ending.Discarded(
                    Failures.unwritable(refused, held.delivery().attempt())));
        pieces.addLast(batch); // behind the others
        if (waitingCount.get() > 0) pieces.addFirst(drain(Math.min(waitingCount.get(), flushBatch)));
    }
}
