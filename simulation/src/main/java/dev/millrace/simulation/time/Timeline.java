package dev.millrace.simulation.time;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The one clock of a simulated world, and what happens when. Whoever turns it runs one event after the other, each to its end or to
 * its next pause; so the order is the same in every run, and only one thing ever happens at a time.
 *
 * <p>What must be able to stop in the middle, such as a transaction that waits for a lock while others go on, runs as a {@link Strand}.
 *
 * <p>Not safe for use by several threads, other than by its own strands.
 */
public final class Timeline {

    private record Event(long at, long no, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(no, other.no);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final Set<Strand> strands = new LinkedHashSet<>();
    private final Runnable after;
    private @Nullable Strand current;
    private boolean awoken;
    private long now;
    private long until;
    private long no;

    /** A timeline on which nothing happens yet. */
    public Timeline() {
        this(() -> {});
    }

    /** A timeline that looks after each event whether to go on: if not, this throws. */
    public Timeline(Runnable after) {
        this.after = after;
    }

    /** Nanoseconds since the beginning. */
    public long now() {
        return now;
    }

    /** Something happens at a moment, or now if that has passed. */
    public void at(long moment, Runnable what) {
        events.add(new Event(Math.max(moment, now), ++no, what));
    }

    public void in(Duration delay, Runnable what) {
        at(now + delay.toNanos(), what);
    }

    /** Runs what happens up to a moment, and leaves the clock there. For whoever turns the timeline: never called by a strand. */
    public void passUntil(long moment) {
        if (current != null) throw new IllegalStateException("a strand pauses; it does not turn the timeline");
        until = moment;
        for (Event next; (next = events.peek()) != null && next.at <= moment; ) {
            events.remove();
            now = Math.max(now, next.at);
            next.what.run();
            after.run();
        }
        now = Math.max(now, moment);
    }

    // ---- strands

    /** Begins a strand at once: it runs until its first pause, or to its end, before this returns. */
    public Strand start(String name, Runnable body) {
        var strand = new Strand(this, name, body);
        strands.add(strand);
        boolean before = awoken;
        awoken = false; // whoever starts it goes on at its first pause
        run(strand);
        awoken = before;
        return strand;
    }

    /** The strand that runs now; null outside of any. */
    public @Nullable Strand current() {
        return current;
    }

    /** The current strand stands still for so long, and everything else goes on. */
    public void pause(Duration time) {
        var strand = running();
        long end = now + time.toNanos();
        if (awoken && nothingBefore(end) && goesOn()) {
            no++; // as if it had stood still
            now = end;
            return;
        }
        at(end, strand.wakeUp());
        strand.standStill();
    }

    /** If not, the turner is told the same right after, and stops. */
    private boolean goesOn() {
        try {
            after.run();
            return true;
        } catch (RuntimeException stop) {
            return false;
        }
    }

    /** Whether nothing else happens up to a moment, this included: then to hand over the baton and to get it back changes nothing. */
    private boolean nothingBefore(long moment) {
        var next = events.peek();
        return moment <= until && (next == null || next.at > moment);
    }

    /** The current strand stands still until somebody {@linkplain Strand#wake wakes} it. */
    public void park() {
        running().standStill();
    }

    private Strand running() {
        if (current == null) throw new IllegalStateException("only a strand can stand still");
        return current;
    }

    /** The event of a strand that stood still: it goes on, and nobody waits for it to pause again but the turner. */
    void wake(Strand strand) {
        awoken = true;
        run(strand);
    }

    private void run(Strand strand) {
        var before = current;
        current = strand;
        try {
            strand.resume();
        } finally {
            current = before;
            awoken = false;
            if (strand.ended()) strands.remove(strand);
        }
        strand.throwFailure();
    }

    /** Ends all strands where they stand: each pause that they are in throws {@link Strand.Ended}. */
    public void endAll() {
        events.clear();
        for (int turn = 0; turn < 100 && !strands.isEmpty(); turn++) {
            for (var strand : new ArrayList<>(strands)) {
                strand.end();
                if (strand.ended()) strands.remove(strand);
            }
        }
    }
}
