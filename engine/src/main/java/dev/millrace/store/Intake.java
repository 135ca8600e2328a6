package dev.millrace.store;

import dev.millrace.JobId;
import java.sql.Connection;
import java.util.Iterator;
import java.util.Map;

/**
 * The producers' side. Nothing here needs a node. A job that runs {@linkplain NewJob.Due.After after} others is scheduled for no time until they have ended; if one of
 * these is not known, {@link dev.millrace.UnknownBlocker} is thrown and nothing is taken, and a caller's transaction must be rolled back. Once a method has returned, its jobs are durable (or, in the caller's transaction,
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

    /**
     * Takes the parts of a batch and the job that follows them, or none of these, in one transaction. That job is scheduled, for no time, until all
     * parts have ended; without parts it is due at once. Its id is the batch's, which each part {@linkplain PartOf names}. It may be a part
     * itself, of a batch outside.
     *
     * @param then without a time, and without keys of either sort; so are the parts, which may have a time
     * @return whether they were taken; not if the job is a part of a batch that is not known or whose own job waits no more
     * @throws StoreException.CommitUnknown if all or none of them were taken, and which is not known
     */
    boolean enqueueBatch(NewJob then, Iterator<NewJob> parts);

    /** Takes a batch in the caller's transaction. The job that follows is no part of another one. */
    void enqueueBatch(Connection tx, NewJob then, Iterator<NewJob> parts);

    /**
     * Takes more parts of a batch, all or none, in one transaction. They come behind those that are there.
     *
     * @return whether they were taken; not if the batch is not known, or its job waits for it no more
     * @throws StoreException.CommitUnknown if all or none of them were taken, and which is not known
     */
    boolean enqueueParts(JobId batch, Iterator<NewJob> parts);
}
