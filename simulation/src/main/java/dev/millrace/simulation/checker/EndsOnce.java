package dev.millrace.simulation.checker;

import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Records;
import dev.millrace.store.Settled;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Every acknowledged job ends, in exactly one state, once in each of its runs; and in the state that was meant. */
public final class EndsOnce implements Checker {

    private static final Set<String> LAST = Set.of("done", "cancelled", "discarded");

    private final Intended intended;
    private final Map<JobId, Integer> seen = new HashMap<>();
    private final Map<JobId, Integer> ended = new HashMap<>();
    private final Map<JobId, Integer> told = new HashMap<>();

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
            if (settled(job)) continue;
            var view = records.find(job);
            if (view.isPresent() ? !view.get().state().ended() : intended.certain(job) && !ended.containsKey(job))
                return false;
        }
        return true;
    }

    /** It has ended, and nobody has asked for another run. */
    private boolean settled(JobId job) {
        return ended.containsKey(job) && !intended.wasRequeued(job);
    }

    /** Retention may drop what has ended, and nothing else. How a job ended is looked at as soon as it has: later it may be gone. */
    @Override
    public void look(JobId job, @Nullable JobView view, Records records) {
        if (settled(job)) return;
        if (view == null) gone(job);
        else look(records, view);
    }

    private void look(Records records, JobView view) {
        seen.put(view.id(), view.run());
        if (!view.state().ended()) return;
        var before = ended.put(view.id(), view.run());
        if (before != null && before == view.run()) return;
        var plan = intended.plan(view.id());
        if (plan == null || plan.leadsTo() == null || intended.wasEverCancelled(view.id()))
            return; // told apart at the end
        records.history(view.id()).ifPresent(history -> ended(view.id(), plan, history));
    }

    private void gone(JobId job) {
        var run = seen.get(job);
        if (run == null || ended.getOrDefault(job, 0) >= run) return;
        var plan = intended.plan(job);
        boolean mayHaveEnded = told.getOrDefault(job, 0) >= run
                || intended.wasEverCancelled(job)
                || (plan != null && plan.exact() && intended.hasRunToEnd(job));
        require(mayHaveEnded, "job %s had not ended, and is gone", job);
        ended.put(job, run); // since the last look
    }

    /** Who ended between two looks may be dropped before the second. */
    @Override
    public void see(TraceEvent event) {
        switch (event) {
            case TraceEvent.Flushed(var at, var ends) -> {
                for (var end : ends)
                    if (end.leadsTo().ended() && end.verdict() != Settled.LOST)
                        told.merge(end.job(), end.run(), Math::max);
            }
            case TraceEvent.TookBack(var at, var dead, var cases) -> {
                for (var one : cases)
                    if (one.discarded()) told.merge(one.job(), seen.getOrDefault(one.job(), 1), Math::max);
            }
            default -> {} // nothing ends
        }
    }

    @Override
    public void forget() {
        seen.clear();
        ended.clear();
        told.clear();
    }

    @Override
    public void end(Records records) {
        for (var job : intended.jobs()) {
            var plan = intended.plan(job);
            var history = records.history(job).orElse(null);
            if (history == null)
                require(!intended.certain(job) || ended.containsKey(job), "job %s was acknowledged, and is gone", job);
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
            boolean dropped = run < runs && ended.containsKey(job); // by retention, perhaps
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
