package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Records;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is called completed has run to its end. */
public final class RanBeforeDone implements Checker {

    private final Intended intended;
    private final Set<JobId> completed = new LinkedHashSet<>();

    public RanBeforeDone(Intended intended) {
        this.intended = intended;
    }

    @Override
    public String invariant() {
        return "nothing is completed that has not run";
    }

    /** It is remembered which jobs were completed: at the end they may be gone. */
    @Override
    public void look(JobId job, @Nullable JobView view, Records records) {
        if (view != null && view.state() == State.COMPLETED && !intended.hasRunToEnd(job)) completed.add(job);
    }

    @Override
    public void end(Records records) {
        for (var job : completed)
            require(intended.hasRunToEnd(job), "job %s is completed, and never ran to its end", job);
    }

    @Override
    public void forget() {
        completed.clear();
    }
}
