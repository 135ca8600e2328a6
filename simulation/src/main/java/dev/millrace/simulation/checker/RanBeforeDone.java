package dev.millrace.simulation.checker;

import dev.millrace.State;
import dev.millrace.store.Records;

/** What is called completed has run to its end. */
public final class RanBeforeDone implements Checker {

    private final Intended intended;

    public RanBeforeDone(Intended intended) {
        this.intended = intended;
    }

    @Override
    public String invariant() {
        return "nothing is completed that has not run";
    }

    @Override
    public void end(Records records) {
        for (var job : intended.jobs()) {
            var view = records.find(job).orElse(null);
            if (view == null || view.state() != State.COMPLETED) continue;
            require(intended.hasRunToEnd(job), "job %s is completed, and never ran to its end", job);
        }
    }
}
