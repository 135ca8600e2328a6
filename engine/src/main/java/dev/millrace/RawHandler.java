package dev.millrace;

/**
 * Runs jobs of a kind that has no class here: payload and result are text as the store's codec writes it, such as JSON; where that encrypts, as it was before. For doors to programs in other
 * languages. Registered with {@link NodeBuilder#handleRaw}.
 *
 * <p>Called like any {@link Handler}: by many threads at once, one call per attempt, and again for the same job after a crash. Checkpoints of its
 * {@link Attempt} are text as well: {@code attempt.checkpoint("{\"line\":7}")} and {@code attempt.checkpoint(String.class)}.
 */
@FunctionalInterface
public interface RawHandler {

    /**
     * Runs a job.
     *
     * @return what it decided; {@code new Outcome.Done<>(null)} gives nothing back, and any other result is text that the store's codec can read. One that it can't read, or that is too large, discards the
     *     job
     * @throws ReportedFailure for an error that happened elsewhere: kept under the name and the trace that it has there
     * @throws Exception any other error, judged by the kind's {@link Retry}
     */
    Outcome<String> handle(RawJob job, Attempt attempt) throws Exception;

    /**
     * What became of an attempt, once for each that was handed to {@link #handle} and that lasted until this process ended: for who must not say
     * that a job is done before that is durable. May be called while {@code handle} still runs, if it was ended by its deadline or taken away. Called by a
     * thread that many others wait for: must neither block nor throw.
     *
     * @param job the very object that {@code handle} was given
     */
    default void settled(RawJob job, Settlement settlement) {}
}
