package dev.millrace.store;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.State;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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

    /** Pauses that there may be: each node hears of all of them, each second. */
    int MOST_PAUSES = 10_000;

    /** Adjustments that there may be. */
    int MOST_ADJUSTED = 1_000;

    /**
     * Lets nothing of the scope start any more. What runs goes on. Repeating it changes nothing but when it was said, so unknown: pause again.
     *
     * @param until when it ends by itself, on the store's clock: from then on no look finds it. Null if it is to be resumed. What was said before is replaced
     * @return whether it is paused; if not, there are {@link #MOST_PAUSES}, or a few more, and nothing was done
     */
    boolean pause(Scope scope, String reason, String by, @Nullable Instant until);

    /** The same until it is resumed. */
    default boolean pause(Scope scope, String reason, String by) {
        return pause(scope, reason, by, null);
    }

    /** Ends a pause; without one, does nothing. */
    void resume(Scope scope, String by);

    /**
     * Sets numbers, in place of those that were set before. Repeating it changes nothing but when it was said, so unknown: set them again.
     *
     * @return whether they are set; if not, there are {@link #MOST_ADJUSTED}, or a few more, and nothing was done
     */
    boolean adjust(Adjustment adjustment, String reason, String by);

    /**
     * Has those numbers hold again that code says.
     *
     * @return whether others were set
     */
    boolean reset(Adjustment.Of of, String name, String reason, String by);
}
