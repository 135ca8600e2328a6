package dev.millrace.simulation.time;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Something that happens bit by bit: code that may pause in the middle of a call while the rest of the simulated world goes on. It is a
 * virtual thread that runs only while it holds the baton, which the turner of the timeline hands to it and takes back at the next pause:
 * two never run at once, so a run is as replayable as on one thread. (Hoare's coroutines by hand: there is no supported way to schedule
 * virtual threads oneself.)
 */
public final class Strand {

    private final Timeline timeline;
    private final String name;
    private final Thread thread;
    private volatile @Nullable Thread turner;
    private volatile boolean baton;
    private volatile boolean ended;
    private volatile boolean ending;
    private volatile @Nullable Throwable failure;
    private long pauses;

    /** Thrown by a pause of a strand whose world has ended. Nobody may catch it for good. */
    public static final class Ended extends Error {
        private static final long serialVersionUID = 1L;

        Ended() {
            super("the simulated world has ended", null, false, false);
        }
    }

    Strand(Timeline timeline, String name, Runnable body) {
        this.timeline = timeline;
        this.name = name;
        this.thread = Thread.ofVirtual().name(name).unstarted(() -> live(body));
    }

    private void live(Runnable body) {
        try {
            body.run();
        } catch (Ended over) {
            // as it should be
        } catch (Throwable thrown) {
            failure = thrown;
        } finally {
            ended = true;
            handBack();
        }
    }

    /** Wakes it if it still stands where it stands now; later pauses are not disturbed. At the earliest when the timeline comes to it. */
    public void wake() {
        timeline.at(timeline.now(), wakeUp());
    }

    Runnable wakeUp() {
        long pause = pauses;
        return () -> {
            if (pauses == pause && !ended) timeline.wake(this);
        };
    }

    boolean ended() {
        return ended;
    }

    void end() {
        ending = true;
        if (!ended) resume();
    }

    void throwFailure() {
        var thrown = failure;
        failure = null;
        switch (thrown) {
            case null -> {}
            case RuntimeException unchecked -> throw unchecked;
            case Error error -> throw error;
            default -> throw new IllegalStateException(name + " threw", thrown);
        }
    }

    /** On the turner's thread: lets it run until its next pause or its end. */
    void resume() {
        turner = Thread.currentThread();
        baton = true;
        if (thread.getState() == Thread.State.NEW) thread.start();
        else LockSupport.unpark(thread);
        while (baton) LockSupport.park(this);
    }

    /** On its own thread: stands still until it is resumed. An interrupt that is pending stays pending, and does not wake it. */
    void standStill() {
        boolean interrupted = Thread.interrupted();
        handBack();
        while (!baton) LockSupport.park(this);
        pauses++;
        if (interrupted) Thread.currentThread().interrupt();
        if (ending) throw new Ended();
    }

    private void handBack() {
        baton = false;
        LockSupport.unpark(turner);
    }

    @Override
    public String toString() {
        return name;
    }
}
