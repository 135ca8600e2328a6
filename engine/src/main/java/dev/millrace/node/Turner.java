package dev.millrace.node;

import dev.millrace.world.World;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A thread that turns the duties of one seat, each when its rest is over or its bell rings, until their incarnation is over. */
final class Turner implements Runnable {

    private final List<Duty> duties;
    private final Incarnation incarnation;
    private final World world;
    private final long[] due;
    private final Thread thread;

    Turner(String name, List<Duty> duties, Incarnation incarnation, World world) {
        this.duties = duties;
        this.incarnation = incarnation;
        this.world = world;
        this.due = new long[duties.size()];
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this);
        for (var duty : duties) duty.bell().wakes(() -> LockSupport.unpark(thread));
    }

    void start() {
        thread.start();
    }

    /** Tells the thread to stop, whatever it does. */
    void interrupt() {
        thread.interrupt();
    }

    /** Waits for its end. */
    boolean join(Duration atMost) throws InterruptedException {
        return thread.join(atMost);
    }

    @Override
    public void run() {
        try {
            long start = world.nanoTime();
            for (int i = 0; i < due.length; i++) due[i] = start;
            while (!incarnation.over()) {
                long rest = turnWhatIsDue();
                if (rest > 0) LockSupport.parkNanos(this, rest);
                if (Thread.interrupted()) return;
            }
        } catch (InterruptedException stopped) {
            // the end of this thread, which is nobody else's
        }
    }

    /** Returns in how many nanoseconds the next one is due. */
    private long turnWhatIsDue() throws InterruptedException {
        long rest = Long.MAX_VALUE;
        for (int i = 0; i < due.length; i++) {
            var duty = duties.get(i);
            if (due[i] - world.nanoTime() <= 0 || duty.wakes()) {
                @Nullable Duration rested = duty.turn();
                if (rested == null) return 0;
                due[i] = world.nanoTime() + rested.toNanos();
            }
            rest = Math.min(rest, due[i] - world.nanoTime());
        }
        for (var duty : duties) if (duty.wakes()) return 0;
        return rest;
    }
}
