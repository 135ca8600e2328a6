package dev.millrace.app.torture;

import dev.millrace.Job;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.app.torture.TortureLedger.Sent;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Producers that keep the pace however long one enqueue takes; each job when its time has come. A job that the store refused for now is
 * sent again, since nothing of it was written. One whose commit is unknown is not: what became of it is looked up at the end.
 */
final class Producers implements AutoCloseable {

    private static final int THREADS = 16;
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Millrace millrace;
    private final World world;
    private final List<Job<Integer>> jobs;
    private final long start;
    private final long lengthNanos;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> broken = new AtomicReference<>();
    private final Queue<Sent> acknowledged = new ConcurrentLinkedQueue<>();
    private final Set<Integer> unknown = ConcurrentHashMap.newKeySet();
    private final AtomicLong refused = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();

    Producers(Millrace millrace, World world, List<Job<Integer>> jobs, Duration length) {
        this.millrace = millrace;
        this.world = world;
        this.jobs = jobs;
        this.start = world.nanoTime();
        this.lengthNanos = length.toNanos();
        for (int i = 0; i < THREADS; i++)
            threads.add(Thread.ofVirtual().name("torture-producer-" + i).start(this::produce));
    }

    private void produce() {
        try {
            for (int n; (n = next.getAndIncrement()) < jobs.size(); ) {
                long due = start + (long) ((double) n / jobs.size() * lengthNanos);
                long early = due - world.nanoTime();
                if (early > 0) world.sleep(Duration.ofNanos(early));
                while (!send(n, jobs.get(n))) world.sleep(PAUSE);
            }
        } catch (InterruptedException over) {
            // the run was broken off
        } catch (RuntimeException | Error e) {
            broken.set(e);
        }
    }

    /** Returns false if nothing was taken, for now. */
    private boolean send(int n, Job<Integer> job) {
        try {
            var handle = n % 10 == 9
                    ? millrace.enqueue(job, o -> o.in(Duration.ofMillis(100L * (n % 30))))
                    : millrace.enqueue(job);
            acknowledged.add(new Sent(handle.id(), n, TortureJobs.kind(job)));
            return true;
        } catch (StoreException.CommitUnknown lost) {
            unknown.add(n);
            return true;
        } catch (StoreException.Unavailable notNow) {
            refused.incrementAndGet();
            return false;
        }
    }

    /** Throws if one of them has failed. */
    void complain() {
        var error = broken.get();
        if (error != null) throw new MillraceException("A producer failed: %s".formatted(error.getMessage()), error);
    }

    /** Whether everything was sent. */
    boolean done() {
        complain();
        return threads.stream().noneMatch(Thread::isAlive);
    }

    /** Enqueues that returned. */
    List<Sent> acknowledged() {
        return List.copyOf(acknowledged);
    }

    /** The numbers of the jobs whose commit is unknown. */
    Set<Integer> unknown() {
        return Set.copyOf(unknown);
    }

    /** How often the store said that nothing was written. */
    long refused() {
        return refused.get();
    }

    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
    }
}
