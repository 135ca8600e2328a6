package dev.millrace;

import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.sql.Connection;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The front door: enqueues jobs, waits for them, operates them, and starts nodes. It claims nothing itself; a producer needs no node.
 * Safe for use by many threads; one per process and store is enough. Not for others to implement: it grows.
 */
public interface Millrace extends AutoCloseable {

    /** Opens a store. */
    static Millrace on(Store store) {
        return on(store, new SystemWorld());
    }

    /** Opens a store in a world of its own: for tests and simulations. */
    static Millrace on(Store store, World world) {
        return Engine.open(store, world);
    }

    /**
     * Enqueues a job, in a transaction of its own. When this returns, the job is durable.
     *
     * @throws MillraceException if the job was not taken; or if the connection was lost and nobody knows: then the message names its id,
     *     under which {@link #find} tells
     */
    default <R> Handle<R> enqueue(Job<R> job) {
        return enqueue(job, UnaryOperator.identity());
    }

    /** Enqueues a job with options: {@code o -> o.in(ofMinutes(5))}. */
    <R> Handle<R> enqueue(Job<R> job, UnaryOperator<JobOptions> options);

    /** Enqueues a job in your transaction: both or neither. Nothing is committed here. */
    default <R> Handle<R> enqueue(Connection tx, Job<R> job) {
        return enqueue(tx, job, UnaryOperator.identity());
    }

    /** Enqueues a job in your transaction, with options. */
    <R> Handle<R> enqueue(Connection tx, Job<R> job, UnaryOperator<JobOptions> options);

    /**
     * Enqueues all jobs or none, in one transaction. Reads the stream once, in the calling thread, and closes it; a bounded piece of it
     * is in memory. The list keeps 16 bytes a job. While the next jobs are made, the database may be at work on those before: a stream that
     * stands still for longer than the {@code statement_timeout} of your role may be ended by that, and then nothing was enqueued.
     */
    default <R> List<Handle<R>> enqueueAll(Stream<? extends Job<? extends R>> jobs) {
        return enqueueAll(jobs, UnaryOperator.identity());
    }

    /**
     * Enqueues all jobs or none, with options; an idempotency key is not among them. Jobs with a {@linkplain Unique unique key} are not copied in
     * bulk: each key is asked for by itself, and is held until the end of the transaction.
     */
    <R> List<Handle<R>> enqueueAll(Stream<? extends Job<? extends R>> jobs, UnaryOperator<JobOptions> options);

    /** Enqueues all jobs in your transaction. */
    default <R> List<Handle<R>> enqueueAll(Connection tx, Stream<? extends Job<? extends R>> jobs) {
        return enqueueAll(tx, jobs, UnaryOperator.identity());
    }

    /** Enqueues all jobs in your transaction, with options. */
    <R> List<Handle<R>> enqueueAll(
            Connection tx, Stream<? extends Job<? extends R>> jobs, UnaryOperator<JobOptions> options);

    /**
     * Enqueues a batch, all of it or nothing, in one transaction: its parts, and the job that runs when all of them have ended, however they did.
     * The stream is read once, in the calling thread, and closed; a bounded piece of it is in memory.
     *
     * <p>The last to end is followed once, whatever nodes die meanwhile. A part counts with its first run: who requeues one that failed does not
     * hold up the batch, nor does he run the job that follows again. Parts have neither unique nor idempotency keys.
     *
     * @param parts any number of jobs; without any, the job that follows is due at once
     * @param then how it wants to be run its own {@link Job#options} say; it can't have a time
     * @throws MillraceException if a part, or the job that follows, has a key, or that one a time; if a part is a {@link Reduce} itself: then nothing
     *     was enqueued. If the connection was lost in the commit, the message names the batch, under which {@link #findBatch} tells
     */
    default <C, R> Batch<R> batch(Stream<? extends Job<? extends C>> parts, Reduce<C, R> then) {
        return batch(parts, then, UnaryOperator.identity());
    }

    /** Enqueues a batch whose parts have these options. */
    <C, R> Batch<R> batch(
            Stream<? extends Job<? extends C>> parts, Reduce<C, R> then, UnaryOperator<JobOptions> options);

    /** Enqueues a batch in your transaction. */
    default <C, R> Batch<R> batch(Connection tx, Stream<? extends Job<? extends C>> parts, Reduce<C, R> then) {
        return batch(tx, parts, then, UnaryOperator.identity());
    }

    /** Enqueues a batch in your transaction, whose parts have these options. */
    <C, R> Batch<R> batch(
            Connection tx,
            Stream<? extends Job<? extends C>> parts,
            Reduce<C, R> then,
            UnaryOperator<JobOptions> options);

    /** A batch that was enqueued earlier, or elsewhere, by the job that follows it. Asks nothing yet. */
    <R> Batch<R> findBatch(Class<? extends Reduce<?, R>> kind, JobId id);

    /** A job that was enqueued earlier, or elsewhere. Asks nothing yet. */
    <R> Handle<R> find(Class<? extends Job<R>> kind, JobId id);

    /** A new node, to be told what it runs, and started. */
    NodeBuilder node();

    /** What an operator does, under this name. */
    Operations operations(String actor);

    /** Closes its nodes, ends its waits, and closes the store. Closing twice does nothing. */
    @Override
    void close();
}
