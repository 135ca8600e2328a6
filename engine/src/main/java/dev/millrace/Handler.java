package dev.millrace;

import java.sql.Connection;

/**
 * Runs jobs of one kind: {@code (job, attempt) -> result}. A class may implement it; lambdas and method references become it or one of
 * the nested shapes, whichever fits. The shapes without a result are subtypes of those with one, so that the compiler prefers them
 * where both fit.
 *
 * <p>A handler is called by many threads at once, one call per attempt, and may be called again for the same job after a crash. What
 * it throws is judged by the kind's {@link Retry}. When its job is taken away (deadline, cancel, lost lease, shutdown) its thread is
 * interrupted, and whatever it then returns or throws does not count.
 *
 * @param <J> the job
 * @param <R> what comes back
 */
@FunctionalInterface
public interface Handler<J, R> {

    R handle(J job, Attempt attempt) throws Exception;

    /** {@code job -> result}. */
    @FunctionalInterface
    interface Plain<J, R> {
        R handle(J job) throws Exception;
    }

    /** {@code (job, attempt) -> { … }}. */
    @FunctionalInterface
    interface Action<J> extends Handler<J, Void> {
        void run(J job, Attempt attempt) throws Exception;

        @Override
        default Void handle(J job, Attempt attempt) throws Exception {
            run(job, attempt);
            return null;
        }
    }

    /** {@code job -> { … }}. */
    @FunctionalInterface
    interface PlainAction<J> extends Plain<J, Void> {
        void run(J job) throws Exception;

        @Override
        default Void handle(J job) throws Exception {
            run(job);
            return null;
        }
    }

    /** {@code (job, attempt) -> outcome}, for who needs more than a result. */
    @FunctionalInterface
    interface Decide<J, R> {
        Outcome<? extends R> decide(J job, Attempt attempt) throws Exception;
    }

    /**
     * {@code (job, tx) -> result}: what it writes through {@code tx} and the job's outcome are one commit. The engine commits and rolls
     * back; the handler does neither.
     */
    @FunctionalInterface
    interface Transact<J, R> {
        R handle(J job, Connection tx) throws Exception;
    }

    /** {@code (job, parts, attempt) -> result}, for a job that follows a batch. */
    @FunctionalInterface
    interface Reducer<J, C, R> {
        R reduce(J job, Parts<C> parts, Attempt attempt) throws Exception;
    }

    /** {@code (job, parts, attempt) -> { … }}. */
    @FunctionalInterface
    interface ReducerAction<J, C> extends Reducer<J, C, Void> {
        void run(J job, Parts<C> parts, Attempt attempt) throws Exception;

        @Override
        default Void reduce(J job, Parts<C> parts, Attempt attempt) throws Exception {
            run(job, parts, attempt);
            return null;
        }
    }

    /** {@code (job, tx) -> { … }}. */
    @FunctionalInterface
    interface TransactAction<J> extends Transact<J, Void> {
        void run(J job, Connection tx) throws Exception;

        @Override
        default Void handle(J job, Connection tx) throws Exception {
            run(job, tx);
            return null;
        }
    }
}
