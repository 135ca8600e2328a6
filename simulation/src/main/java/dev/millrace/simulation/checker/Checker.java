package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Records;
import org.jspecify.annotations.Nullable;

/** One invariant. It is shown everything that happens, in order, and throws {@link Broken} where the invariant is broken. */
public interface Checker {

    /** What must hold, as a short sentence: the name under which a failure is reported. */
    String invariant();

    default void see(TraceEvent event) {}

    /** Now and then, at least once in a second: a look at the store. */
    default void look(Records records) {}

    /**
     * At each such time, for each job that has not ended as far as is known, and now and then for one that has: a look at that job.
     *
     * @param view null if it is not there
     */
    default void look(JobId job, @Nullable JobView view, Records records) {}

    /** Everything has come to its end. */
    default void end(Records records) {}

    /** The store has gone back to an older state, as a failover that lost commits does: what was seen may never have been. */
    default void forget() {}

    /** Throws unless it holds. */
    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    default void require(boolean holds, String message, Object... details) {
        if (!holds) throw new Broken(invariant(), message.formatted(details));
    }
}
