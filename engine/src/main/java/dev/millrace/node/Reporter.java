package dev.millrace.node;

import dev.millrace.LogLevel;
import dev.millrace.store.Note;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writes what handlers tell about themselves, once a second, many at a time. Only the latest progress of an attempt waits here. All of
 * it is bounded: a handler that floods its log is cut off, and when the storage does not take anything, what does not fit is dropped
 * and counted.
 */
final class Reporter implements Loop {

    /** Notes in one step. */
    private static final int LIMIT = 1_000;

    private static final Duration REST = Duration.ofSeconds(1);

    private static final String THE_END =
            "… the log of this attempt ends here, after %,d lines".formatted(NodePlan.Limits.LOG_LINES);

    private final Incarnation node;
    private final World world;
    private final ReentrantLock lock = new ReentrantLock(); // held for a few instructions, never while writing
    private final ArrayDeque<Note.Line> lines = new ArrayDeque<>();
    private final Map<HeldDelivery, Note.Progress> progress = new LinkedHashMap<>();
    private List<Note> writing = List.of();

    Reporter(Incarnation node) {
        this.node = node;
        this.world = node.world();
    }

    void progress(HeldDelivery held, long done, long total) {
        var note = new Note.Progress(held.delivery(), world.now(), done, total);
        lock.lock();
        try {
            if (progress.size() >= NodePlan.Limits.NOTES && !progress.containsKey(held)) {
                progress.remove(progress.keySet().iterator().next());
                node.tally().notesDropped.increment();
            }
            progress.put(held, note);
        } finally {
            lock.unlock();
        }
    }

    void line(HeldDelivery held, LogLevel level, String text) {
        lock.lock();
        try {
            int count = held.countLogLine();
            if (count > NodePlan.Limits.LOG_LINES) {
                node.tally().notesDropped.increment();
                return;
            }
            if (lines.size() >= NodePlan.Limits.NOTES) {
                node.tally().notesDropped.increment();
                return;
            }
            lines.addLast(
                    count < NodePlan.Limits.LOG_LINES
                            ? new Note.Line(held.delivery(), world.now(), level, cut(text))
                            : new Note.Line(held.delivery(), world.now(), LogLevel.WARNING, THE_END));
        } finally {
            lock.unlock();
        }
    }

    private static String cut(String text) {
        return text.length() <= NodePlan.Limits.LOG_LINE ? text : text.substring(0, NodePlan.Limits.LOG_LINE - 1) + "…";
    }

    /** Whether nothing waits to be written. */
    boolean idle() {
        lock.lock();
        try {
            return lines.isEmpty() && progress.isEmpty() && writing.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Duration turn() {
        var notes = writing();
        if (notes.isEmpty()) return REST;
        node.storage().note(node.lease(), notes); // unknown: a line written twice is better than one that is lost
        written();
        return notes.size() < LIMIT ? REST : Duration.ZERO;
    }

    /** The same notes as in the last turn, if that failed. */
    private List<Note> writing() {
        lock.lock();
        try {
            if (!writing.isEmpty()) return writing;
            writing = new ArrayList<>();
            while (writing.size() < LIMIT && !lines.isEmpty()) writing.add(lines.removeFirst());
            for (var latest = progress.values().iterator(); writing.size() < LIMIT && latest.hasNext(); ) {
                writing.add(latest.next());
                latest.remove();
            }
            return writing;
        } finally {
            lock.unlock();
        }
    }

    private void written() {
        lock.lock();
        try {
            writing = List.of();
        } finally {
            lock.unlock();
        }
    }
}
