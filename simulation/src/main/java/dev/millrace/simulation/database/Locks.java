package dev.millrace.simulation.database;

import dev.millrace.simulation.database.Refusal.Reason;
import dev.millrace.simulation.time.Strand;
import dev.millrace.simulation.time.Timeline;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Locks that transactions hold until they end: shared or exclusive, granted in the order of asking, so that who asks for a shared one
 * behind a waiting exclusive one waits as well. Whoever would close a circle of waiters is refused.
 */
final class Locks {

    enum Mode {
        SHARED,
        EXCLUSIVE
    }

    private final Timeline timeline;
    private final Map<Object, Line> lines = new HashMap<>();
    private int deadlocks;

    /** Who holds a lock, and who waits for it. */
    private static final class Line {
        final Map<Transaction, Mode> granted = new LinkedHashMap<>();
        final Deque<Waiter> waiting = new ArrayDeque<>();

        boolean grants(Transaction to, Mode mode) {
            for (var holder : granted.entrySet()) {
                if (holder.getKey() == to) continue;
                if (mode == Mode.EXCLUSIVE || holder.getValue() == Mode.EXCLUSIVE) return false;
            }
            return true;
        }
    }

    private static final class Waiter {
        final Transaction who;
        final Mode mode;
        final Strand strand;
        boolean granted;
        boolean gone;

        Waiter(Transaction who, Mode mode, Strand strand) {
            this.who = who;
            this.mode = mode;
            this.strand = strand;
        }
    }

    Locks(Timeline timeline) {
        this.timeline = timeline;
    }

    int deadlocks() {
        return deadlocks;
    }

    boolean tryAcquire(Transaction who, Object key, Mode mode) {
        var line = lines.computeIfAbsent(key, unheld -> new Line());
        if ((!line.waiting.isEmpty() && !line.granted.containsKey(who)) || !line.grants(who, mode)) return false;
        grant(line, who, key, mode);
        return true;
    }

    /**
     * Waits until it is granted.
     *
     * @param atMost null to wait for ever
     */
    void acquire(Transaction who, Object key, Mode mode, @Nullable Duration atMost) {
        if (tryAcquire(who, key, mode)) return;
        var line = lines.computeIfAbsent(key, unheld -> new Line());
        var strand = timeline.current();
        if (strand == null)
            throw new Refusal(Reason.LOCK_TIMEOUT, key + " is held, and nobody else can run to free it");
        var waiter = new Waiter(who, mode, strand);
        line.waiting.addLast(waiter);
        who.waitsFor = key;
        try {
            if (circle(who)) {
                deadlocks++;
                throw new Refusal(Reason.DEADLOCK, who + " and others wait for each other at " + key);
            }
            if (atMost != null) timeline.in(atMost, wakeUp(waiter));
            long end = atMost == null ? Long.MAX_VALUE : timeline.now() + atMost.toNanos();
            while (!waiter.granted) {
                who.checkAlive();
                if (timeline.now() >= end) throw new Refusal(Reason.LOCK_TIMEOUT, "no lock on " + key);
                timeline.park();
            }
            who.checkAlive();
        } finally {
            who.waitsFor = null;
            waiter.gone = true;
            line.waiting.remove(waiter);
            if (!waiter.granted) grantNext(key, line);
        }
    }

    private static Runnable wakeUp(Waiter waiter) {
        return () -> {
            if (!waiter.granted && !waiter.gone) waiter.strand.wake();
        };
    }

    private void grant(Line line, Transaction who, Object key, Mode mode) {
        line.granted.merge(who, mode, (had, asked) -> had == Mode.EXCLUSIVE ? had : asked);
        who.locks.add(key);
    }

    /** Its end: what it held is granted to those who wait. */
    void releaseAll(Transaction who) {
        for (var key : who.locks) {
            var line = lines.get(key);
            if (line == null || line.granted.remove(who) == null) continue;
            grantNext(key, line);
            if (line.granted.isEmpty() && line.waiting.isEmpty()) lines.remove(key);
        }
        who.locks.clear();
    }

    private void grantNext(Object key, Line line) {
        while (!line.waiting.isEmpty()) {
            var next = line.waiting.getFirst();
            if (!line.grants(next.who, next.mode)) return;
            line.waiting.removeFirst();
            grant(line, next.who, key, next.mode);
            next.granted = true;
            next.who.waitsFor = null;
            next.strand.wake();
        }
    }

    /** Wakes a waiter whose connection was ended, so that it notices. */
    void disturb(Transaction who) {
        var key = who.waitsFor;
        var line = key == null ? null : lines.get(key);
        if (line == null) return;
        for (var waiter : line.waiting) if (waiter.who == who) waiter.strand.wake();
    }

    /** Those who hold what this transaction waits for; not those who wait ahead of it. */
    List<Transaction> holdersOfWhatItWaitsFor(Transaction who) {
        var key = who.waitsFor;
        var line = key == null ? null : lines.get(key);
        if (line == null) return List.of();
        var holders = new ArrayList<Transaction>();
        for (var holder : line.granted.keySet()) if (holder != who) holders.add(holder);
        return holders;
    }

    private boolean circle(Transaction start) {
        var seen = new LinkedHashSet<Transaction>();
        var ahead = new ArrayDeque<>(aheadOf(start));
        while (!ahead.isEmpty()) {
            var next = ahead.removeFirst();
            if (next == start) return true;
            if (seen.add(next)) ahead.addAll(aheadOf(next));
        }
        return false;
    }

    private Set<Transaction> aheadOf(Transaction who) {
        var key = who.waitsFor;
        var line = key == null ? null : lines.get(key);
        if (line == null) return Set.of();
        Mode asked = Mode.SHARED;
        for (var waiter : line.waiting) if (waiter.who == who) asked = waiter.mode;
        var ahead = new LinkedHashSet<Transaction>();
        for (var holder : line.granted.entrySet())
            if (holder.getKey() != who && (asked == Mode.EXCLUSIVE || holder.getValue() == Mode.EXCLUSIVE))
                ahead.add(holder.getKey());
        for (var waiter : line.waiting) {
            if (waiter.who == who) break;
            if (asked == Mode.EXCLUSIVE || waiter.mode == Mode.EXCLUSIVE) ahead.add(waiter.who);
        }
        return ahead;
    }
}
