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
     * is in memory. The list keeps 16 bytes a job.
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
