package dev.millrace;

import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A running node: it claims jobs and runs their handlers. Safe for use by many threads. */
public interface Node extends AutoCloseable {

    /** What people call it. */
    String name();

    /** What it does now. */
    Status status();

    /**
     * How many attempts it runs at once from now on: for who can say for how many there is somebody to do them. What runs goes on; with 0 it starts
     * nothing, and lives. What it had claimed and can't start goes back within a second.
     *
     * @param slots 0 to those it was started with
     */
    void atMost(int slots);

    /**
     * Gives the node up, as if its process had died: nothing more of it is written, its handlers are interrupted, and what it held is rescued by other
     * nodes, as a dead node's jobs are: at once if this {@code Millrace} has another node that is up, else after its lease. For who runs jobs
     * elsewhere and has lost that place, since a drain would call it a shutdown, and a job that kills one place after the other would never be
     * stopped. Returns when nothing of it happens any more.
     */
    void abandon();

    /**
     * Ends the node in order: claims nothing more, gives back what has not started, waits at most so long for what runs, interrupts the
     * rest, writes all outcomes, and says good-bye. What was interrupted runs again on another node, at no cost of an attempt. Returns
     * when the node is gone.
     *
     * @return whether everything ended by itself, and its outcome was written
     */
    boolean drain(Duration patience);

    /** Drains for at most 20 s. Closing twice does nothing. */
    @Override
    void close();

    /**
     * A node as it stands now, for metrics and health. Immutable; its numbers are read one after the other, not at one instant.
     *
     * @param id its identity, drawn anew whenever it joins; null while it has not
     * @param trusted whether its signs of life went through lately; if not, it claims and starts nothing
     * @param slots attempts that may run at once
     * @param running attempts that run
     * @param waiting deliveries it has claimed and not started, for want of a slot or because others of their key are before them
     * @param unwritten ended attempts whose outcome is not yet known to be durable
     * @param stuckThreads handlers that were told to end and have not yet; their slots are free
     * @param oldestRunning how long the oldest attempt runs; null if none does
     * @param sinceBeat how long ago its last sign of life went through; null while it is not joined
     */
    record Status(
            @Nullable UUID id,
            String name,
            boolean trusted,
            int slots,
            int running,
            int waiting,
            int unwritten,
            int stuckThreads,
            @Nullable Duration oldestRunning,
            @Nullable Duration sinceBeat,
            Counts counts) {}

    /**
     * Counted since the node was started.
     *
     * @param claimed deliveries claimed
     * @param started attempts started
     * @param completed attempts that completed their job
     * @param failed attempts that failed or ran into their deadline
     * @param rescued deliveries of dead nodes that it took over
     * @param deposed dead nodes that it found
     * @param refusedWrites steps that were refused because it had been deposed itself
     * @param lostOutcomes outcomes that did not count, because the job had been cancelled or taken over
     * @param eventsDropped events that found the listeners' queue full
     * @param notesDropped log lines and progress that found their queue full
     * @param failures turns of its loops that failed and were tried again
     */
    record Counts(
            long claimed,
            long started,
            long completed,
            long failed,
            long rescued,
            long deposed,
            long refusedWrites,
            long lostOutcomes,
            long eventsDropped,
            long notesDropped,
            long failures) {}
}
