package dev.millrace;

/**
 * How a job ended, for who waits, or that it has not. A {@code switch} over it needs all four cases. Immutable, if {@code R} is.
 *
 * @param <R> what the job gives back
 */
public sealed interface Result<R> {

    /**
     * It ended well.
     *
     * @param value what its handler returned; null only for a job of {@code Void}, or if the handler returned null
     */
    record Completed<R>(R value) implements Result<R> {}

    /** Somebody withdrew it. */
    record Cancelled<R>(String reason) implements Result<R> {}

    /** It ended badly. */
    record Discarded<R>(Failure failure) implements Result<R> {}

    /** It has not ended; the wait ran out. */
    record Pending<R>(State state) implements Result<R> {}
}
