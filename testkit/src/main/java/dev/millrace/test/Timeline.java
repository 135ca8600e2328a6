package dev.millrace.test;

import dev.millrace.MillraceException;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The time of a test, and what happens when: one event after the other, in an order that is the same each time.
 *
 * <p>It has two clocks, as every computer does, and the engine never compares them. By the <b>engine's clock</b> nodes turn, beat, and
 * watch one another. By the <b>wall clock</b> jobs come due, and it is the one that users see. Mostly both go on together. Two things
 * are done to one of them alone:
 * <ul>
 *   <li>When nothing happens for a long time, the wall clock is {@linkplain #skipTo put forward} to where something does. To nodes that
 *       is as if somebody had set the clock of the house: none of them has been silent, and nobody has to turn them for days.
 *   <li>What the engine needs a moment for, such as gathering outcomes for two milliseconds, may be finished with the wall clock
 *       {@linkplain #stepHeld held}: so all that is due at a moment is done at that moment.
 * </ul>
 *
 * <p>Events are run by whoever steps, one thread at a time; they may be added by any.
 */
final class Timeline {

    /** More turns of nodes than that without time going on will not come to an end: they suffice for hundreds of thousands of jobs. */
    private static final int MOST_AT_A_MOMENT = 100_000;

    private static final Comparator<Event> ORDER =
            Comparator.comparingLong(Event::at).thenComparingLong(Event::no);

    private final PriorityQueue<Event> ofEngine = new PriorityQueue<>(ORDER);
    private final PriorityQueue<Event> ofWall = new PriorityQueue<>(ORDER);
    private long nanos;
    private long wall;
    private long no;
    private int turns;

    private record Event(long at, long no, Runnable what) {}

    /** The engine's clock, in nanoseconds since the beginning. */
    synchronized long nanos() {
        return nanos;
    }

    /** The wall clock, in nanoseconds since the beginning. */
    synchronized long wall() {
        return wall;
    }

    /** So long from now by the engine's clock. */
    synchronized void in(long rest, Runnable what) {
        ofEngine.add(new Event(nanos + Math.max(0, rest), ++no, what));
    }

    /** At this moment after everything that is to happen at it already. */
    void now(Runnable what) {
        in(0, what);
    }

    /** When the wall clock shows this. */
    synchronized void at(long moment, Runnable what) {
        ofWall.add(new Event(Math.max(wall, moment), ++no, what));
    }

    /** When the next event of the wall clock comes; the largest number if there is none. */
    synchronized long nextOfWall() {
        var next = ofWall.peek();
        return next == null ? Long.MAX_VALUE : next.at;
    }

    /** Whether nothing more happens before time goes on. */
    synchronized boolean momentOver() {
        return Math.min(untilEngine(), untilWall()) > 0;
    }

    // ---- going on

    /** Runs the next event, if it comes before the wall clock is past this moment. */
    boolean step(long until) {
        Event next;
        synchronized (this) {
            refuseEndless();
            long engine = untilEngine();
            long rest = Math.min(engine, untilWall());
            if (rest > until - wall) return false;
            next = taken(rest == engine && first());
            pass(rest, rest);
        }
        next.what.run();
        return true;
    }

    /** Runs the next event of this very moment. */
    boolean stepNow() {
        return step(wall());
    }

    /** Runs the next event of the engine's clock, if it comes before that is past this moment; the wall clock stands still. */
    boolean stepHeld(long until) {
        Event next;
        synchronized (this) {
            long rest = untilEngine();
            if (rest > until - nanos) return false;
            next = taken(true);
            pass(rest, 0);
        }
        next.what.run();
        return true;
    }

    /** Both clocks go on, until the wall clock shows this. Nothing happens meanwhile: who calls this has looked. */
    synchronized void passTo(long moment) {
        long rest = Math.max(0, moment - wall);
        pass(rest, rest);
    }

    /** The wall clock alone goes on. */
    synchronized void skipTo(long moment) {
        pass(0, Math.max(0, moment - wall));
    }

    private void pass(long engine, long house) {
        nanos += engine;
        wall += house;
        if (engine > 0 || house > 0) turns = 0;
    }

    /** A node takes a turn. */
    synchronized void turned() {
        turns++;
    }

    private void refuseEndless() {
        if (turns > MOST_AT_A_MOMENT)
            throw new MillraceException(
                    "Nodes have turned %,d times, and no time has passed: does a job enqueue itself again and again? Let it wait a little (o.in(…)), or give it an end."
                            .formatted(MOST_AT_A_MOMENT));
    }

    // ---- the two queues

    private long untilEngine() {
        var next = ofEngine.peek();
        return next == null ? Long.MAX_VALUE : next.at - nanos;
    }

    private long untilWall() {
        var next = ofWall.peek();
        return next == null ? Long.MAX_VALUE : Math.max(0, next.at - wall);
    }

    /** Whether the engine's next event comes first if both come at once. */
    private boolean first() {
        var wall = ofWall.peek();
        var engine = ofEngine.peek();
        return wall == null || untilWall() > untilEngine() || (engine != null && engine.no < wall.no);
    }

    private Event taken(boolean engine) {
        return engine ? ofEngine.remove() : ofWall.remove();
    }
}
