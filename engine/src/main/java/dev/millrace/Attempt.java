package dev.millrace;

import java.sql.Connection;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The attempt in progress, as its handler sees it. Safe for use by many threads, but only while the handler runs.
 *
 * <p>What it writes is fenced like an outcome: once the job was taken away from this node, nothing is written any more.
 */
public interface Attempt {

    /** The job that runs. */
    JobId job();

    /** Which attempt of its run it is, from 1. */
    int number();

    /** How often work on this job was taken over from a node that died: if not 0, an earlier start may have had effects. */
    int rescues();

    /**
     * Whether to stop: the job was withdrawn, is past its deadline, or was taken away from this node. The thread has been interrupted
     * as well; this is for loops that do not block. What the handler returns then does not count.
     */
    boolean cancelled();

    /** Starts the deadline anew: the attempt is slow, not stuck. */
    void heartbeat();

    /** How far it is. Shown live; written at most once a second, the last one wins. */
    void progress(long done, long total);

    /** A line of the job's log at level {@code INFO}: {@link #log(LogLevel, String, Object...)}. */
    void log(String text, @Nullable Object... arguments);

    /**
     * A line of the job's log, each {@code {}} replaced by an argument. An error behind those that have their place is told too: what it is and where it came
     * from, and its causes, in half of the line at most. Written within a second, so that the last lines before a crash may be missing; at most 1,000 characters,
     * and 1,000 lines of an attempt. Of less grave lines than {@linkplain NodeBuilder#logLevel the node keeps} nothing is made.
     */
    void log(LogLevel level, String text, @Nullable Object... arguments);

    /**
     * Saves how far it is, for the next attempt of this run. Durable when the call returns. Replaces the one before; at most 256 KiB.
     */
    void checkpoint(Object value);

    /**
     * The same in your transaction: the checkpoint commits with your rows.
     *
     * @throws MillraceException if the job was taken away from this node: then roll back
     */
    void checkpoint(Connection tx, Object value);

    /** The last checkpoint of this run, by this attempt or an earlier one. */
    <T> Optional<T> checkpoint(Class<T> type);

    /** The last checkpoint of this run, of a type with arguments. */
    <T> Optional<T> checkpoint(TypeRef<T> type);

    /**
     * The batch of which the job is a part; empty if it is none. Who needs more of it than its id asks for it: {@code millrace.findBatch(Publish.class, id)}.
     */
    Optional<JobId> batch();

    /** The schedule that enqueued the job; empty if none did. */
    Optional<String> schedule();

    /**
     * The slot for which a {@linkplain #schedule schedule} enqueued the job, in the schedule's zone: not when it runs, but what it runs for. Of a run that
     * somebody asked for it is the moment at which that was. Empty if no schedule enqueued it.
     */
    Optional<ZonedDateTime> slot();

    /**
     * Enqueues a job that remembers this one as its parent. It is stored at once, and stays if this attempt fails: use
     * {@link #enqueue(Connection, Job)}, or an idempotency key, where a second attempt must not enqueue it again.
     */
    <R> Handle<R> enqueue(Job<R> job);

    /** Enqueues a child with options. */
    <R> Handle<R> enqueue(Job<R> job, UnaryOperator<JobOptions> options);

    /** Enqueues a child in your transaction: both or neither. */
    <R> Handle<R> enqueue(Connection tx, Job<R> job);

    /** Enqueues a child in your transaction, with options. */
    <R> Handle<R> enqueue(Connection tx, Job<R> job, UnaryOperator<JobOptions> options);

    /**
     * Completes the job in your transaction: your writes and the outcome are one commit. Call it last, commit, and return what it gives
     * from a {@link Handler.Decide}. If you return it without having committed, the attempt counts as failed.
     *
     * @throws MillraceException if the job was taken away from this node, or has ended: then roll back
     */
    <R> Outcome<R> complete(Connection tx, R result);

    /** Completes a job without a result in your transaction. */
    Outcome<Void> complete(Connection tx);

    /** How long this attempt may run without a heartbeat. */
    Duration deadline();
}
