package dev.millrace;

import dev.millrace.node.Host;
import dev.millrace.store.Records;
import dev.millrace.store.Records.Conclusion;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * All waits of one process for the ends of jobs. However many there are, one thread looks for them all, a thousand jobs a question, and
 * the waits hold neither a connection nor a thread of the engine.
 *
 * <p>Each job is looked for at once, then ever more rarely, from {@link #SHORTEST_REST} to {@link #LONGEST_REST}. Jobs that end on a
 * node of this process are told by it, as soon as the outcome is durable, and need no look. Questions that name many jobs are followed
 * by a rest four times as long as they took, so that waiting costs the database a fifth of one connection at most.
 *
 * <p>In a world that hosts its nodes nobody blocks: who waits lets its time pass.
 */
final class Waiters implements AutoCloseable {

    static final int BATCH = 1_000;
    static final Duration SHORTEST_REST = Duration.ofMillis(5);
    static final Duration LONGEST_REST = Duration.ofMillis(250);
    private static final Duration IDLE = Duration.ofHours(1);
    private static final System.Logger LOG = System.getLogger(Waiters.class.getName());

    private final Records records;
    private final World world;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<JobId, Wait> waits = new HashMap<>();
    private final TreeSet<Wait> byNextLook =
            new TreeSet<>(Comparator.<Wait>comparingLong(wait -> wait.nextLook).thenComparing(wait -> wait.job));
    private @Nullable Thread looker;
    private volatile boolean nobody = true; // a busy node asks for each job: it need not take the lock
    private boolean failing;
    private boolean closed;

    Waiters(Records records, World world) {
        this.records = records;
        this.world = world;
    }

    /** A job somebody waits for. Guarded by the lock, but for the end itself. */
    private static final class Wait {
        final JobId job;
        final CompletableFuture<Conclusion> end = new CompletableFuture<>();
        int waiting;
        long nextLook;
        long rest = SHORTEST_REST.toNanos();

        Wait(JobId job, long now) {
            this.job = job;
            this.nextLook = now;
        }
    }

    /**
     * How the job ended; null if it has not within the timeout.
     *
     * @throws MillraceException if the thread is interrupted, its flag kept, or if this is closed
     */
    @Nullable
    Conclusion await(JobId job, Duration timeout) {
        if (timeout.isZero()) return look(job);
        if (world instanceof Host host) {
            host.pass(timeout, () -> look(job) != null);
            return look(job);
        }
        long end = world.nanoTime() + saturated(timeout);
        var wait = enter(job);
        try {
            Conclusion conclusion = null;
            for (long left = end - world.nanoTime(); left > 0 && conclusion == null; left = end - world.nanoTime())
                conclusion = awaited(wait, left);
            return conclusion;
        } catch (ExecutionException over) {
            throw closedMeanwhile(job);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new MillraceException(
                    "The wait for job %s was interrupted. The job goes on; its handle can be asked again."
                            .formatted(job),
                    interrupted);
        } finally {
            leave(wait);
        }
    }

    private @Nullable Conclusion look(JobId job) {
        return records.conclusions(List.of(job)).get(job);
    }

    private static @Nullable Conclusion awaited(Wait wait, long nanos) throws ExecutionException, InterruptedException {
        try {
            return wait.end.get(nanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException notYet) {
            return null; // the world's clock decides whether that was all
        }
    }

    /** A node of this process has made the end of a job durable. */
    void ended(JobId job, Conclusion conclusion) {
        if (nobody) return;
        lock.lock();
        try {
            var wait = waits.get(job);
            if (wait != null) wait.end.complete(conclusion);
        } finally {
            lock.unlock();
        }
    }

    /** One look. Returns how long there must be none, whoever asks. */
    Duration turn() {
        long began = world.nanoTime();
        var due = due(began);
        if (due.isEmpty()) return Duration.ZERO;
        Map<JobId, Conclusion> ended;
        try {
            ended = records.conclusions(due.stream().map(wait -> wait.job).toList());
            failing = false;
        } catch (RuntimeException failure) {
            if (!failing)
                LOG.log(System.Logger.Level.WARNING, "Can't look for the ends of jobs; goes on trying", failure);
            failing = true;
            ended = Map.of();
        }
        for (var wait : due) {
            var conclusion = ended.get(wait.job);
            if (conclusion != null) wait.end.complete(conclusion);
        }
        long now = world.nanoTime();
        plan(due, now);
        return failing ? LONGEST_REST : Duration.ofNanos((now - began) * 4 * due.size() / BATCH);
    }

    private List<Wait> due(long now) {
        lock.lock();
        try {
            var due = new ArrayList<Wait>();
            while (!byNextLook.isEmpty() && byNextLook.first().nextLook - now <= 0 && due.size() < BATCH)
                due.add(byNextLook.removeFirst());
            return due;
        } finally {
            lock.unlock();
        }
    }

    private void plan(List<Wait> looked, long now) {
        lock.lock();
        try {
            for (var wait : looked) {
                if (waits.get(wait.job) != wait || wait.end.isDone()) continue; // nobody waits any more
                wait.nextLook = now + wait.rest;
                wait.rest = Math.min(wait.rest * 2, LONGEST_REST.toNanos());
                byNextLook.add(wait);
            }
        } finally {
            lock.unlock();
        }
    }

    private Wait enter(JobId job) {
        lock.lock();
        try {
            if (closed) throw closedMeanwhile(job);
            var wait = waits.get(job);
            if (wait == null) {
                wait = new Wait(job, world.nanoTime());
                waits.put(job, wait);
                nobody = false;
                byNextLook.add(wait);
                changed.signal();
            }
            wait.waiting++;
            if (looker == null) {
                looker = Thread.ofPlatform().daemon().name("millrace-waiters").start(this::look);
            }
            return wait;
        } finally {
            lock.unlock();
        }
    }

    private void leave(Wait wait) {
        lock.lock();
        try {
            if (--wait.waiting > 0) return;
            waits.remove(wait.job);
            nobody = waits.isEmpty();
            byNextLook.remove(wait);
        } finally {
            lock.unlock();
        }
    }

    /** The thin shell: turns until it is closed. */
    private void look() {
        try {
            while (rested(turn())) {}
        } finally {
            lookerEnded();
        }
    }

    /** Whatever ended it, the next wait starts another one. */
    private void lookerEnded() {
        lock.lock();
        try {
            looker = null;
        } finally {
            lock.unlock();
        }
    }

    /** Rests until the next look, and at least so long; false if there will be none. */
    private boolean rested(Duration atLeast) {
        long soonest = world.nanoTime() + atLeast.toNanos();
        lock.lock();
        try {
            while (!closed) {
                long now = world.nanoTime();
                long next = byNextLook.isEmpty() ? now + IDLE.toNanos() : byNextLook.first().nextLook;
                long left = Math.max(next, soonest) - now;
                if (left <= 0) return true;
                changed.awaitNanos(left);
            }
            return false;
        } catch (InterruptedException told) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private static long saturated(Duration timeout) {
        return timeout.compareTo(Bounds.DELAY) > 0 ? Bounds.DELAY.toNanos() : timeout.toNanos();
    }

    private static MillraceException closedMeanwhile(JobId job) {
        return new MillraceException(
                "The wait for job %s ended because its Millrace was closed. The job goes on; find it again with another one."
                        .formatted(job));
    }

    /** Ends all waits, and waits for the last look. */
    @Override
    public void close() {
        Thread last;
        lock.lock();
        try {
            closed = true;
            last = looker;
            waits.values().forEach(wait -> wait.end.completeExceptionally(closedMeanwhile(wait.job)));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (last == null || last.equals(Thread.currentThread())) return;
        try {
            last.join(Duration.ofSeconds(5));
        } catch (InterruptedException told) {
            Thread.currentThread().interrupt();
        }
    }
}
