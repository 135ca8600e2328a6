package dev.millrace.test;

import dev.millrace.MillraceException;
import dev.millrace.QueueView;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Lets time pass. Plays what happens on the timeline, moment by moment while there is something to do, and takes a long stride where
 * nothing happens but that nodes look for work and find none.
 */
final class Player {

    /** So long nothing must have changed before a stride: every duty of a node that could find something has looked meanwhile. */
    private static final long QUIET = Duration.ofSeconds(4).toNanos();

    /** The same while jobs are parked: nodes fetch those back ever more rarely. */
    private static final long QUIET_WITH_PARKED = Duration.ofSeconds(40).toNanos();

    /** So much before the next event a stride ends, for nodes to give a sign of life. */
    private static final long MARGIN = Duration.ofSeconds(4).toNanos();

    /** Who waits for a slow rate asks the store again within so long. */
    private static final long ASKED = Duration.ofSeconds(4).toNanos();

    /** What the engine may finish at a moment, as far as it does not need longer than this. */
    private static final long LAST_WORDS = Duration.ofSeconds(1).toNanos();

    /** Nobody works longer than the longest deadline. */
    private static final Duration LONGEST_WORK = Duration.ofDays(8);

    /** Longer is a slip of units, or a wait without an end. */
    static final Duration LONGEST = Duration.ofDays(36_500);

    private final Stage stage;
    private final Timeline timeline;
    private final ReentrantLock playing = new ReentrantLock();

    /** By the engine's clock, for which it took no time. */
    private long lastStride;

    Player(Stage stage) {
        this.stage = stage;
        this.timeline = stage.timeline();
    }

    /** Lets so much time pass, or less if the end comes first. */
    void pass(Duration atMost, BooleanSupplier end) {
        if (atMost.isNegative()) throw new MillraceException("Time can't go back: %s is negative.".formatted(atMost));
        var time = atMost.compareTo(LONGEST) > 0 ? LONGEST : atMost;
        play(() -> {
            long until = timeline.wall() + time.toNanos();
            while (!end.getAsBoolean()) {
                if (stride(until) || timeline.step(until)) continue;
                timeline.passTo(until);
                break;
            }
        });
    }

    /** Lets time pass until nobody has anything to do, but to wait for a time. */
    void passUntilIdle() {
        play(() -> {
            long until = timeline.wall() + LONGEST_WORK.toNanos();
            while (!idle()) {
                if (timeline.step(until)) continue;
                if (stage.processes().isEmpty()) return; // nobody is there to do anything
                throw new MillraceException(
                        "After %d days there is still something to do. Does a handler never end, or a job enqueue itself again and again? Use advance(…), which ends when the time is over."
                                .formatted(LONGEST_WORK.toDays()));
            }
        });
    }

    private void play(Runnable what) {
        stage.refuseIfClosed();
        stage.refuseIfStuck();
        if (stage.inHandler())
            throw new MillraceException(
                    "A handler can't let time pass for all. To let it take time itself, call TestMillrace.sleep(…).");
        if (playing.isHeldByCurrentThread())
            throw new MillraceException(
                    "Time is passing already: a listener was called by what happens in it, and can't let more pass.");
        playing.lock();
        try {
            what.run();
            finish();
        } finally {
            playing.unlock();
        }
    }

    /** All that belongs to this moment is done at this moment: log lines, and outcomes that wait to be written together. */
    private void finish() {
        for (var process : stage.processes()) process.report();
        long end = timeline.nanos() + LAST_WORDS;
        while (timeline.stepNow() || (writes() && timeline.stepHeld(end))) {}
    }

    private boolean writes() {
        return stage.processes().stream().anyMatch(TestProcess::writes);
    }

    // ---- nothing happens

    /** If nothing happens until then: goes there at once, or nearly so. */
    private boolean stride(long until) {
        if (quiet() < QUIET || !timeline.momentOver()) return false;
        long next = Math.min(until, timeline.nextOfWall());
        if (next - timeline.wall() <= 2 * MARGIN) return false;
        if (stage.busy() || stage.restarts()) return false;
        if (quiet() < QUIET_WITH_PARKED && count(QueueView::parked) > 0) return false;
        if (stage.mourns()) return false;
        for (var process : stage.processes()) {
            long granted = process.incarnation().untilGranted();
            if (granted < 0) continue;
            if (timeline.nanos() - lastStride < ASKED) return false; // it was told before the last one
            next = Math.min(next, timeline.wall() + granted);
        }
        if (next - timeline.wall() <= 2 * MARGIN) return false;
        timeline.skipTo(next - MARGIN);
        lastStride = timeline.nanos();
        return true;
    }

    private long quiet() {
        return timeline.nanos() - stage.watch().lastEffect();
    }

    /** Whether nobody has anything to do. What waits for what no node here can do counts as nothing once all have looked. */
    private boolean idle() {
        if (!timeline.momentOver() || stage.busy() || stage.restarts() || writes() || stage.mourns()) return false;
        if (count(QueueView::running) > 0) return false;
        if (count(QueueView::parked) > 0) return quiet() >= QUIET_WITH_PARKED;
        return count(QueueView::available) == 0 || quiet() >= QUIET;
    }

    private long count(Function<QueueView, QueueView.Depth> what) {
        long count = 0;
        for (var queue : stage.watch().behind().queues())
            count += what.apply(queue).count();
        return count;
    }
}
