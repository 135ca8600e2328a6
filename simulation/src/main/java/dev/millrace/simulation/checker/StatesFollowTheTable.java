package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Records;
import dev.millrace.store.Transition;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** From one look to the next a job went a way that the table of transitions has; so whatever ended stays ended, unless it is requeued. */
public final class StatesFollowTheTable implements Checker {

    private final Intended intended;
    private final Map<JobId, State> seen = new HashMap<>();
    private final Map<State, Set<State>> reachable = new EnumMap<>(State.class);

    public StatesFollowTheTable(Intended intended) {
        this.intended = intended;
        for (var from : State.values()) reachable.put(from, from(from));
    }

    private static Set<State> from(State start) {
        var found = EnumSet.of(start);
        for (boolean more = true; more; ) {
            more = false;
            for (var transition : Transition.values())
                if (transition != Transition.REQUEUE
                        && transition != Transition.RESTORE
                        && transition.from().stream().anyMatch(found::contains)) more |= found.add(transition.to());
        }
        return found;
    }

    @Override
    public String invariant() {
        return "states follow the one table";
    }

    @Override
    public void look(JobId job, @Nullable JobView view, Records records) {
        if (view == null) return;
        var before = seen.put(job, view.state());
        require(
                before == null
                        || reachable.getOrDefault(before, Set.of()).contains(view.state())
                        || intended.wasRequeued(job),
                "job %s was %s and is %s",
                job,
                String.valueOf(before),
                view.state());
        require(
                !intended.withdrawn(job) || view.state() == State.CANCELLED,
                "job %s was withdrawn, and is %s",
                job,
                view.state());
    }

    @Override
    public void forget() {
        seen.clear();
    }
}
