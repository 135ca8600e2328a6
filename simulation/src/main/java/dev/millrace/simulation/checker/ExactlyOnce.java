package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Records;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** A handler whose effect and outcome are one commit has its effect once if it is completed, and else not at all. */
public final class ExactlyOnce implements Checker {

    private final Intended intended;
    private final ToIntFunction<JobId> effects;
    private final Map<JobId, State> states = new HashMap<>();

    public ExactlyOnce(Intended intended, ToIntFunction<JobId> effects) {
        this.intended = intended;
        this.effects = effects;
    }

    @Override
    public String invariant() {
        return "an effect that is committed with its outcome happens once";
    }

    /** The state is remembered: at the end the job may be gone, and its effect is not. */
    @Override
    public void look(JobId job, @Nullable JobView view, Records records) {
        if (view == null || !view.state().ended()) return;
        var plan = intended.plan(job);
        if (plan != null && plan.exact()) states.putIfAbsent(job, view.state());
    }

    @Override
    public void end(Records records) {
        for (var job : intended.jobs()) {
            var plan = intended.plan(job);
            if (plan == null || !plan.exact() || intended.wasRequeued(job)) continue;
            var state = records.find(job).map(JobView::state).orElse(states.get(job));
            if (state == null) continue;
            int expected = state == State.COMPLETED ? 1 : 0;
            require(
                    effects.applyAsInt(job) == expected,
                    "job %s is %s, and its effect happened %d times",
                    job,
                    state,
                    effects.applyAsInt(job));
        }
    }

    @Override
    public void forget() {
        states.clear();
    }
}
