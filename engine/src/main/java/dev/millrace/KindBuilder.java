package dev.millrace;

import java.time.Duration;

/** The kind just named, and the rest of the node. What is said here is this node's affair and is never stored. */
public interface KindBuilder extends NodeBuilder {

    /** What exceptions lead to. Default {@link Retry#DEFAULT}. */
    KindBuilder retry(Retry policy);

    /**
     * How long one attempt may run without a heartbeat. Then its thread is interrupted, the attempt has failed, and its slot is free,
     * whether or not the thread obeys. Default 5 minutes, at most 7 days.
     */
    KindBuilder deadline(Duration deadline);

    /**
     * For how long the result of a job of this kind can be had, counted from when its handler returned: for tokens, links and other things that are soon worth
     * nothing, or should not lie about. After that {@link Handle#get} and {@link Handle#await} throw {@link ResultExpired}, and who looks at the job sees a note
     * in the place of the result. The job stays completed. Only the job that follows a batch gets the results of its parts however late.
     *
     * <p>It is hidden, not erased: outcomes are never changed, so that on the disk it is gone with its partition, as all that has ended is ({@code
     * PostgresStore.withRetention}). Encrypt what nobody may read there until then. The end is stored with the result, so that what this says later changes
     * nothing for jobs that have ended; it is by the clock of this node, and looked at by the clock of who asks. Builds of Millrace that are older than this can't
     * read such a result.
     *
     * @param time 1 ms to ten years; without it a result is kept as long as its job
     */
    KindBuilder keepResult(Duration time);

    /** How many jobs of this kind this node runs at once. Default: as many as it has slots. */
    KindBuilder concurrency(int jobs);

    /**
     * How many jobs of this kind run at once on all nodes together, in all queues, whoever has enqueued them and how. Each node has a share of that and runs no
     * more; the shares follow what each has to do, within a second or two. Where nodes say different numbers, the one that started last is right, so that a new
     * build takes over during a deploy; what an operator {@linkplain Operations#fleetConcurrency sets} goes before. It holds as long as a living node says it; without
     * it as many run as the nodes have room for.
     *
     * <p>A handler of a node that was declared dead, and has not noticed, may still run beside the others: no store can stop it. What it writes through the engine is
     * refused.
     *
     * @param jobs 1 to 1,000,000
     */
    KindBuilder fleetConcurrency(int jobs);
}
