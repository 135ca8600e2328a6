package dev.millrace.test;

import dev.millrace.node.Attempts;
import dev.millrace.store.Delivery;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * A handler under way, on a thread of its own, as in production; but only one of all threads of a test runs at a time. The turn is
 * handed over: to the handler when it begins or its {@link #sleep} is over, and back when it sleeps or has ended.
 */
final class Played implements Attempts.Running {

    private final TestProcess process;
    private final Timeline timeline;
    private final Delivery delivery;
    private final Thread thread;
    private final Semaphore itsTurn = new Semaphore(0);
    private final Semaphore turnBack = new Semaphore(0);

    private volatile boolean begun;
    private volatile boolean ended;
    private volatile boolean interrupted;
    private volatile boolean leaves;
    private volatile @Nullable Sleep sleep;

    /** One sleep; what wakes an earlier one does not wake this. */
    private static final class Sleep {}

    Played(TestProcess process, Timeline timeline, Delivery delivery, Runnable attempt) {
        this.process = process;
        this.timeline = timeline;
        this.delivery = delivery;
        this.thread =
                Thread.ofVirtual().name(delivery.kind() + " " + delivery.job()).unstarted(() -> live(attempt));
    }

    TestProcess process() {
        return process;
    }

    Delivery delivery() {
        return delivery;
    }

    Thread thread() {
        return thread;
    }

    /** Whether its thread was started. */
    boolean begun() {
        return begun;
    }

    /** Whether it waits for time to pass. */
    boolean sleeps() {
        return sleep != null;
    }

    // ---- by whoever plays

    /** Gives it the turn. Nobody else may run until it is given {@linkplain #turnBack back}. */
    void go() {
        if (begun) {
            itsTurn.release();
            return;
        }
        begun = true;
        thread.start();
    }

    Semaphore turnBack() {
        return turnBack;
    }

    /** As of any thread: a sleep ends, and a handler that has not begun begins with it. */
    @Override
    public void interrupt() {
        if (ended) return;
        var sleeping = sleep;
        if (begun && sleeping == null) {
            thread.interrupt();
            return;
        }
        interrupted = true;
        if (sleeping != null) timeline.now(() -> wake(sleeping));
    }

    private void wake(Sleep its) {
        if (sleep == its && !process.dead()) process.stage().play(this);
    }

    /** The test is over: a sleep ends, and so does a thread that stands still. */
    void leave() {
        leaves = true;
        thread.interrupt();
    }

    // ---- by itself

    private void live(Runnable attempt) {
        if (interrupted) Thread.currentThread().interrupt();
        try {
            attempt.run();
        } finally {
            ended = true;
            process.stage().exit(this);
            turnBack.release();
        }
    }

    /** Gives the turn back, and gets it again when so much time has passed. */
    void sleep(Duration duration) throws InterruptedException {
        if (leaves) throw testIsOver();
        if (Thread.interrupted()) throw toldToStop();
        interrupted = false;
        var its = new Sleep();
        sleep = its;
        timeline.at(timeline.wall() + duration.toNanos(), () -> wake(its));
        standStill();
        sleep = null;
        if (leaves) throw testIsOver();
        if (interrupted) throw toldToStop();
    }

    /** Its process has died: it never goes on. Only when the test is over its thread may end. */
    ProcessDied standStillForGood() {
        standStill();
        return new ProcessDied();
    }

    private void standStill() {
        turnBack.release();
        itsTurn.acquireUninterruptibly();
        if (Thread.interrupted()) interrupted = true;
    }

    private InterruptedException testIsOver() {
        if (process.dead()) throw new ProcessDied();
        return new InterruptedException("The test is over");
    }

    private static InterruptedException toldToStop() {
        return new InterruptedException("The handler was told to stop while it slept");
    }
}
