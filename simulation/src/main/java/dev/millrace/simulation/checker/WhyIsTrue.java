package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.Why;
import dev.millrace.Why.Reason;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import dev.millrace.store.Records;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Supplier;

/** What the engine says of a job that is not running is so: held against what the simulation knows, at the end, when nothing moves. */
public final class WhyIsTrue implements Checker {

    private final Intended intended;
    private final Function<JobId, Why> why;
    private final Supplier<Set<Scope>> paused;
    private final BiPredicate<String, String> served;

    /**
     * @param paused what is paused
     * @param served whether a living node serves this queue and knows this kind, {@code name:version}
     */
    public WhyIsTrue(
            Intended intended,
            Function<JobId, Why> why,
            Supplier<Set<Scope>> paused,
            BiPredicate<String, String> served) {
        this.intended = intended;
        this.why = why;
        this.paused = paused;
        this.served = served;
    }

    @Override
    public String invariant() {
        return "every answer to why a job is not running is true";
    }

    @Override
    public void end(Records records) {
        for (var job : intended.jobs()) records.find(job).ifPresent(this::hold);
    }

    private void hold(JobView job) {
        var answer = why.apply(job.id());
        require(
                answer.state() == job.state(),
                "job %s is %s, and why says %s",
                job.id(),
                job.state(),
                String.valueOf(answer.state()));
        require(!answer.reasons().isEmpty(), "job %s is %s, and why says nothing", job.id(), job.state());
        for (var reason : answer.reasons())
            require(isTrue(job, reason), "of job %s, which is %s, why says: %s", job.id(), job.state(), reason.text());
        if (job.state() != State.AVAILABLE) return;
        require(
                !isPaused(job) || says(answer, Why.Paused.class),
                "job %s is paused, and why does not say so: %s",
                job.id(),
                answer.reasons());
        require(
                runnable(job) || says(answer, Why.NoNode.class),
                "no node can run job %s, and why does not say so: %s",
                job.id(),
                answer.reasons());
    }

    private static boolean says(Why answer, Class<? extends Reason> reason) {
        return answer.reasons().stream().anyMatch(reason::isInstance);
    }

    private boolean isTrue(JobView job, Reason reason) {
        return switch (reason) {
            case Why.Running running -> job.state() == State.RUNNING;
            case Why.NotYet waits -> job.state() == State.SCHEDULED || job.state() == State.RETRYABLE;
            case Why.PartsOpen parts -> job.state() == State.SCHEDULED;
            case Why.BlockersOpen blockers -> job.state() == State.SCHEDULED;
            case Why.InLine(var text, var front, var ahead) -> !job.state().ended() && stands(front);
            case Why.Limited limited -> isLimited(job, limited);
            case Why.FleetFull(var text, var scope, var atOnce, var running, var shares) -> running >= atOnce;
            case Why.Outranked outranked ->
                job.state() == State.AVAILABLE
                        && runnable(job)
                        && !isPaused(job)
                        && outranked.higher().stream()
                                .allMatch(band ->
                                        band.priority().rank() < job.priority().rank());
            case Why.SetAside aside ->
                job.state() == State.AVAILABLE
                        && !isPaused(job)
                        && Objects.equals(aside.tenant(), job.headers().get(Delivery.TENANT));
            case Why.Paused(var text, var scope) -> paused.get().contains(scope);
            case Why.NoNode nobody -> !runnable(job);
            case Why.Parked parked ->
                job.state() == State.AVAILABLE
                        && (isPaused(job) || !runnable(job) || Ending.Parked.tellsOfBehind(job.reason()));
            case Why.Behind behind -> job.state() == State.AVAILABLE && runnable(job) && !isPaused(job);
            case Why.Ended ended -> job.state().ended();
            case Why.Unknown unknown -> false;
        };
    }

    /** Whether a job that is said to hold others up has not ended. Nothing moves any more: what was true a moment ago is so still. */
    private boolean stands(JobId front) {
        return why.apply(front).reasons().stream().noneMatch(Why.Ended.class::isInstance);
    }

    private static boolean isLimited(JobView job, Why.Limited limited) {
        var line = Line.of(job.headers());
        var limit = line == null ? null : line.limit();
        return limit != null
                && limit.name().equals(limited.limit())
                && limit.key().equals(limited.key())
                && job.state() == (limited.mayRun() ? State.RUNNING : State.AVAILABLE);
    }

    private boolean isPaused(JobView job) {
        var all = paused.get();
        var tenant = job.headers().get(Delivery.TENANT);
        return all.contains(Scope.queue(job.queue()))
                || all.contains(Scope.kind(job.kind()))
                || (tenant != null && all.contains(Scope.tenant(tenant)));
    }

    private boolean runnable(JobView job) {
        return served.test(job.queue(), job.kind() + ":" + job.kindVersion());
    }
}
