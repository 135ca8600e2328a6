package dev.millrace.store;

import dev.millrace.JobId;
import java.sql.Connection;
import java.util.Iterator;
import java.util.Map;

/**
 * The producers' side. Nothing here needs a node. Once a method has returned, its jobs are durable (or, in the caller's transaction,
 * exactly as durable as that transaction).
 */
public interface Intake {

    /**
     * Takes one job, in a transaction of its own. If its unique key is held, the job that holds it is answered: as it was, or as it has become by
     * this one.
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
     * @return of those whose unique key is held: which job holds it; that may be another one of these
     * @throws StoreException.CommitUnknown if all or none of them were taken, and which is not known
     */
    Map<JobId, JobId> enqueueAll(Iterator<NewJob> jobs);

    /**
     * Takes all jobs in the caller's transaction.
     *
     * @return as above
     */
    Map<JobId, JobId> enqueueAll(Connection tx, Iterator<NewJob> jobs);
}
