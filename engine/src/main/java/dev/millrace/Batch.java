package dev.millrace;

import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A batch as its sender sees it: as a handle it is that of the job that follows, so that {@link #get} waits for what that one makes of the parts.
 * Immutable, small, and safe for use by many threads.
 *
 * @param <R> what the job that follows gives back
 */
public interface Batch<R> extends Handle<R> {

    /**
     * How far it is.
     *
     * @throws MillraceException if it is not known: its transaction has not committed, or it is past retention
     */
    BatchView view();

    /** Adds parts, with the options that their own records ask for. */
    default void add(Stream<? extends Job<?>> parts) {
        add(parts, UnaryOperator.identity());
    }

    /**
     * Adds parts, all or none, in a transaction of its own, even where the store joins yours. When this returns, they are durable, and the job that
     * follows waits for them too. The stream is read once, in the calling thread, and closed.
     *
     * <p>A part may do so while it runs: since it has not ended, the batch has not.
     *
     * @param options the parts' options; keys are not among them
     * @throws MillraceException if the batch is not known, all its parts have ended, or the job that follows was withdrawn; if a part has a key, is a
     *     {@link Reduce}, or gives back something else than the others: then nothing was enqueued. If the connection was lost in the
     *     commit, the message says that nobody knows; {@link #view} tells how many parts there are
     */
    void add(Stream<? extends Job<?>> parts, UnaryOperator<JobOptions> options);

    /**
     * Adds a batch as one more part: its own parts, and the job that follows these, which is what this batch waits for.
     *
     * @throws MillraceException as {@link #add} does
     */
    <C, S> Batch<S> batch(Stream<? extends Job<? extends C>> parts, Reduce<C, S> then);

    /**
     * Withdraws all of it: first the job that follows, then the parts that have not ended, one by one, with the batches inside. Should this be
     * interrupted by a crash, call it again. Handlers that run are told, and may be at work for a moment longer.
     *
     * @return the state in which the job that follows is now
     * @throws MillraceException if the batch is not known
     */
    @Override
    State cancel(String reason);

    /**
     * Withdraws the parts that have not ended, one by one, and those of batches inside. The job that follows runs then, and sees which were withdrawn;
     * a handler that runs is told, counts as cancelled at once, and may be at work for a moment longer.
     *
     * @return how many are cancelled now
     * @throws MillraceException if the batch is not known
     */
    long cancelParts(String reason);
}
