package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.store.Records;
import java.util.HashSet;
import java.util.Set;

/** Looks at the jobs, each once for all checkers: at those that have not ended in every round, at the others in each tenth. */
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
        int i = 0;
        for (var job : intended.jobs()) {
            if (ended.contains(job) && i++ % ENDED_ONES != round % ENDED_ONES) continue;
            look(job, records);
        }
    }

    /** All of them. */
    public void goToEach(Records records) {
        for (var job : intended.jobs()) look(job, records);
    }

    private void look(JobId job, Records records) {
        var view = records.find(job).orElse(null);
        checkers.look(job, view, records);
        if (view != null && view.state().ended() && !intended.wasRequeued(job)) ended.add(job);
    }

    /** The store has gone back to an older state. */
    public void forget() {
        ended.clear();
    }
}
