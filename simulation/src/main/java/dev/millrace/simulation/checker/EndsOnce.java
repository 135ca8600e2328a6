package dev.millrace.simulation.checker;

import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Records;
import java.util.HashSet;
import java.util.Set;

/** Every acknowledged job ends, in exactly one state, once in each of its runs; and in the state that was meant. */
public final class EndsOnce implements Checker {

    private static final Set<String> LAST = Set.of("done", "cancelled", "discarded");

    private final Intended intended;
    private final Set<JobId> present = new HashSet<>();
    private final Set<JobId> ended = new HashSet<>();
    private final Set<JobId> told = new HashSet<>();

    public EndsOnce(Intended intended) {
        this.intended = intended;
    }

    @Override
    public String invariant() {
        return "nothing acknowledged is lost, and each job ends once";
    }

    /** Whether everything that must end has. */
    public boolean allEnded(Records records) {
        for (var job : intended.jobs()) {
            var plan = intended.plan(job);
            if (plan == null || plan.leadsTo() == null) continue;
            var view = records.find(job);
            if (ended.contains(job) && view.isEmpty()) continue;
            if (view.isPresent() ? !view.get().state().ended() : intended.certain(job)) return false;
        }
        return true;
    }

    /** Retention may drop what has ended, and nothing else. */
    @Override
    public void look(Records records) {
        for (var job : intended.jobs()) {
            if (ended.contains(job)) continue;
            var view = records.find(job);
            if (view.isPresent()) present.add(job);
            else if (told.contains(job) || intended.mayBeWithdrawn(job)) ended.add(job); // since the last look
            else require(!present.contains(job), "job %s had not ended, and is gone", job);
            if (view.isPresent() && view.get().state().ended()) ended.add(job);
        }
    }

    /** Who ended between two looks may be dropped before the second. */
    @Override
    public void see(TraceEvent event) {
        switch (event) {
            case TraceEvent.Flushed(var at, var ends) -> {
                for (var end : ends) if (end.leadsTo().ended()) told.add(end.job());
            }
            case TraceEvent.Completing completing -> told.add(completing.job());
            case TraceEvent.TookBack(var at, var dead, var cases) -> {
                for (var one : cases) if (one.discarded()) told.add(one.job());
            }
            default -> {} // nothing ends
        }
    }

    @Override
    public void forget() {
        present.clear();
        ended.clear();
        told.clear();
    }

    @Override
    public void end(Records records) {
        for (var job : intended.jobs()) {
            var plan = intended.plan(job);
            var history = records.history(job).orElse(null);
            if (history == null)
                require(!intended.certain(job) || ended.contains(job), "job %s was acknowledged, and is gone", job);
            else if (plan != null) ended(job, plan, history);
        }
    }

    private void ended(JobId job, Intended.Plan plan, JobHistory history) {
        var state = history.job().state();
        if (plan.leadsTo() == null && intended.wasRequeued(job)) return; // now, and not at its time
        if (plan.leadsTo() == null && !intended.mayBeWithdrawn(job)) {
            require(!state.ended(), "job %s could not run, and ended: %s", job, story(history));
            return;
        }
        if (plan.leadsTo() == null && !intended.withdrawn(job) && !state.ended()) return;
        require(state.ended(), "job %s is stuck: %s", job, story(history));
        int runs = history.steps().stream().mapToInt(JobHistory.Step::run).max().orElse(0);
        for (int run = 1; run <= runs; run++) {
            int own = run;
            long last = history.steps().stream()
                    .filter(step -> step.run() == own)
                    .filter(step -> step.outcome() == null || LAST.contains(step.outcome()))
                    .count();
            boolean dropped = run < runs && ended.contains(job); // by retention, perhaps
            require(
                    last == 1 || (last == 0 && dropped),
                    "job %s ended %d times in run %d: %s",
                    job,
                    last,
                    run,
                    story(history));
        }
        if (intended.withdrawn(job)) {
            require(state == State.CANCELLED, "job %s was withdrawn, and ended as %s", job, state);
            return;
        }
        if (intended.wasRequeued(job)) return;
        if (intended.mayBeWithdrawn(job) && state == State.CANCELLED) return;
        require(
                state == plan.leadsTo() || (state == State.DISCARDED && elsewise(plan, history)),
                "job %s must end as %s, and ended as %s: %s",
                job,
                String.valueOf(plan.leadsTo()),
                state,
                story(history));
    }

    /** A node that freezes makes its handlers late, and one that dies often enough makes an innocent look guilty. */
    private static boolean elsewise(Intended.Plan plan, JobHistory history) {
        var failure = history.job().failure();
        if (failure == null) return false;
        return switch (failure.type()) {
            case "worker died", "timed out" -> true;
            case "expired" -> plan.mayExpire();
            default -> plan.exact(); // its transaction may be ended, or meet others, as often as it has attempts
        };
    }

    static String story(JobHistory history) {
        var steps = history.steps().stream()
                .map(step -> "%s of attempt %d on %s (%s)"
                        .formatted(step.outcome(), step.attempt(), step.node(), step.reason()))
                .toList();
        return "%s, %s: %s".formatted(history.job().state(), history.job().reason(), steps);
    }
}
