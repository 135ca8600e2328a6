package dev.millrace.simulation;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The one clock of a simulated fleet, and what happens when. Everything runs on the caller's thread, one event after the other, so
 * the order is the same in every run.
 *
 * <p>An event may itself let time pass with {@link #passUntil}: then later events run inside of it. That is how a node is frozen in
 * the middle of a step while the others go on.
 */
final class Timeline {

    private record Event(long at, long no, Runnable what) {}

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::no));
    private final Runnable after;
    private long now;
    private long no;
    private int depth;

    /** A timeline that looks after each event whether to go on: if not, this throws. */
    Timeline(Runnable after) {
        this.after = after;
    }

    long now() {
        return now;
    }

    void at(long moment, Runnable what) {
        events.add(new Event(Math.max(moment, now), ++no, what));
    }

    void in(Duration delay, Runnable what) {
        at(now + delay.toNanos(), what);
    }

    /** Runs what happens up to a moment. */
    void passUntil(long moment) {
        depth++;
        for (Event next; (next = events.peek()) != null && next.at <= moment; ) {
            events.remove();
            now = Math.max(now, next.at);
            next.what.run();
            after.run();
        }
        now = Math.max(now, moment);
        depth--;
    }

    /** How many passings are inside of one another. */
    int depth() {
        return depth;
    }
}
