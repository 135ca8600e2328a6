package dev.millrace.store;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.State;
import java.util.Optional;

/** What an operator, or a sender, does to jobs that are under way. */
public interface Steering {

    /**
     * Withdraws a job. Exactly one of a cancel and the job's own ending wins; a running handler is told.
     *
     * @return the state it is in now: {@code CANCELLED} if this call or an earlier one withdrew it, else the state in which it ended;
     *     empty if the job is not known
     */
    Optional<State> cancel(JobId job, String reason, String by);

    /**
     * Runs a job that ended again: a new run, attempt 1, with the payload it had.
     *
     * @return the state before; if that had not ended, nothing was done; empty if the job is not known
     */
    Optional<State> requeue(JobId job, String reason, String by);

    /** Lets nothing of the scope start any more. What runs goes on. */
    void pause(Scope scope, String reason, String by);

    /** Ends a pause; without one, does nothing. */
    void resume(Scope scope, String by);
}
