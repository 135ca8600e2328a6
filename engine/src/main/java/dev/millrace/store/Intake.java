package dev.millrace.store;

import java.sql.Connection;
import java.util.Iterator;

/**
 * The producers' side. Nothing here needs a node. Once a method has returned, its jobs are durable (or, in the caller's transaction,
 * exactly as durable as that transaction).
 */
public interface Intake {

    /**
     * Takes one job, in a transaction of its own.
     *
     * @throws StoreException.CommitUnknown if it may or may not have been taken; never repeated by the store, unless the job has an
     *     idempotency key, under which a repetition is harmless
     * @throws dev.millrace.MillraceException if its idempotency key stands for another request
     */
    Accepted enqueue(NewJob job);

    /**
     * Takes one job in the caller's transaction: both or neither.
     *
     * @throws dev.millrace.MillraceException if the connection commits by itself, or this store can't join a transaction
     */
    Accepted enqueue(Connection tx, NewJob job);

    /**
     * Takes all jobs or none, in one transaction. Reads the iterator once, in the caller's thread, and buffers a bounded piece of it.
     * Jobs taken so have no idempotency key.
     *
     * @throws StoreException.CommitUnknown if all or none of them were taken, and which is not known
     */
    void enqueueAll(Iterator<NewJob> jobs);

    /** Takes all jobs in the caller's transaction. */
    void enqueueAll(Connection tx, Iterator<NewJob> jobs);
}
