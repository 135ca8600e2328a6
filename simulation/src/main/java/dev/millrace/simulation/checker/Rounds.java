package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.store.Records;
import java.util.HashSet;
import java.util.Set;

/** Looks at the jobs, each once for all checkers: at those that have not ended, or may run again, in every round, at the others in each tenth. */
public final class Rounds {

    private static final int ENDED_ONES = 10;

    private final Intended intended;
    private final Checkers checkers;
    private final Set<JobId> ended = new HashSet<>();
    private int round;

    public Rounds(Intended intended, Checkers checkers) {
        this.intended = intended;
        this.checkers = checkers;
    }

    public void go(Records records) {
        round++;
        for (var job : intended.jobs())
            if (!ended.contains(job) || intended.wasRequeued(job) || its(job)) look(job, records);
    }

    private boolean its(JobId ended) {
        return Math.floorMod(ended.value().hashCode() + round, ENDED_ONES) == 0;
    }

    /** All of them. */
    public void goToEach(Records records) {
        for (var job : intended.jobs()) look(job, records);
    }

    private void look(JobId job, Records records) {
        var view = records.find(job).orElse(null);
        checkers.look(job, view, records);
        if (view != null && view.state().ended()) ended.add(job);
    }

    /** The store has gone back to an older state. */
    public void forget() {
        ended.clear();
    }
}
