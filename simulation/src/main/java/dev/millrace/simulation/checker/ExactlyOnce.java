package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.Records;
import java.util.function.ToIntFunction;

/** A handler whose effect and outcome are one commit has its effect once if it is completed, and else not at all. */
public final class ExactlyOnce implements Checker {

    private final Intended intended;
    private final ToIntFunction<JobId> effects;

    public ExactlyOnce(Intended intended, ToIntFunction<JobId> effects) {
        this.intended = intended;
        this.effects = effects;
    }

    @Override
    public String invariant() {
        return "an effect that is committed with its outcome happens once";
    }

    @Override
    public void end(Records records) {
        for (var job : intended.jobs()) {
            var plan = intended.plan(job);
            if (plan == null || !plan.exact() || intended.wasRequeued(job)) continue;
            var view = records.find(job).orElse(null);
            if (view == null) continue;
            int expected = view.state() == State.COMPLETED ? 1 : 0;
            require(
                    effects.applyAsInt(job) == expected,
                    "job %s is %s, and its effect happened %d times",
                    job,
                    view.state(),
                    effects.applyAsInt(job));
        }
    }
}
