package dev.millrace;

import java.time.Duration;

/**
 * A job as its sender sees it. Immutable, small, and safe for use by many threads; it holds no connection and no thread.
 *
 * @param <R> what the job gives back
 */
public interface Handle<R> {

    /** The job's identity; keep it to ask again later, from anywhere: {@code millrace.find(SendInvoice.class, id)}. */
    JobId id();

    /**
     * Whether the job was there before: its idempotency key had been used, its {@linkplain Unique unique key} is held, or this handle
     * comes from {@code find}.
     */
    boolean existed();

    /**
     * Waits for the job's end, and returns what its handler returned: null only for a job of {@code Void}, or if the handler returned
     * null. Holds no connection meanwhile. An interrupt ends the wait with a {@link MillraceException}, its flag kept.
     *
     * @param timeout how long to wait; zero looks once
     * @throws JobFailed if the job was cancelled or discarded
     * @throws ResultExpired if it has completed, and its result was {@linkplain KindBuilder#keepResult kept for a time} that is over
     * @throws NotEnded if it has not ended by then; the job goes on
     */
    R get(Duration timeout);

    /**
     * Waits for the job's end, and tells it as a value.
     *
     * @param timeout how long to wait; zero looks once
     * @return {@link Result.Pending} if the job has not ended by then
     * @throws ResultExpired if it has completed, and its result was {@linkplain KindBuilder#keepResult kept for a time} that is over
     */
    Result<R> await(Duration timeout);

    /** The state it is in now. */
    State state();

    /**
     * Withdraws the job, unless it has ended; a running handler is told. Exactly one of this and the job's own end wins.
     *
     * @return the state it is in now: {@code CANCELLED}, or that in which it had ended
     */
    State cancel(String reason);
}
