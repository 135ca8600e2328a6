package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Records;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A job that runs after others starts when all of these have ended, and not long after; and if it does not run where one of them failed, it is cancelled where one has, and only
 * there.
 */
public final class AfterOthers implements Checker {

    /** Long enough for nodes that die, stand still, or have no store for a while. */
    private static final long IN_TIME = Duration.ofSeconds(45).toNanos();

    /**
     * A job as all see it now: what is committed, seen without letting time pass.
     *
     * @param state available also while it runs
     * @param waits whether it waits for others
     */
    public record Sight(State state, int run, boolean waits) {}

    /** What was asked of one. */
    private record Asked(List<JobId> blockers, boolean runs) {}

    private final Supplier<Map<JobId, Sight>> jobs;
    private final Predicate<JobId> requeued;
    private final LongSupplier now;
    private final Map<JobId, Asked> asked = new LinkedHashMap<>();
    private final Map<JobId, Set<State>> endedAs = new HashMap<>();
    private final Set<JobId> withdrawn = new HashSet<>();
    private final Map<JobId, Long> overSince = new HashMap<>();

    /**
     * @param jobs all there are
     * @param requeued whether anybody has tried to requeue this job: how it stands says no more how it had ended
     * @param now the virtual time, in nanoseconds
     */
    public AfterOthers(Supplier<Map<JobId, Sight>> jobs, Predicate<JobId> requeued, LongSupplier now) {
        this.jobs = jobs;
        this.requeued = requeued;
        this.now = now;
    }

    @Override
    public String invariant() {
        return "a job that runs after others starts when they have ended, in time, and if none failed";
    }

    // ---- what is asked for

    /** One is about to be sent; it may never come. */
    public void sending(JobId job, List<JobId> blockers, boolean runs) {
        asked.put(job, new Asked(List.copyOf(blockers), runs));
    }

    /** Somebody is about to cancel this job, which may be taken back. */
    public void withdrawing(JobId job) {
        withdrawn.add(job);
    }

    // ---- what is promised

    @Override
    public void see(TraceEvent event) {
        if (!(event instanceof TraceEvent.Started(var at, var token, var held))) return;
        var own = asked.get(held.job());
        if (own == null) return;
        var all = jobs.get();
        learn(own, all);
        for (var blocker : own.blockers()) {
            if (requeued.test(blocker)) continue;
            var now = all.get(blocker);
            require(
                    now == null || now.state().ended(),
                    "job %s has started, and job %s, which it runs after, is %s",
                    held.job(),
                    blocker,
                    now == null ? "gone" : now.state().wireName());
            require(
                    own.runs() || !failed(blocker),
                    "job %s has started, though job %s, which it runs after, failed",
                    held.job(),
                    blocker);
        }
    }

    @Override
    public void look(Records records) {
        if (asked.isEmpty()) return;
        var all = jobs.get();
        for (var own : asked.values()) learn(own, all);
        asked.forEach((job, own) -> hold(job, own, all));
    }

    private void learn(Asked own, Map<JobId, Sight> all) {
        for (var blocker : own.blockers()) {
            var sight = all.get(blocker);
            if (sight != null && sight.state().ended())
                endedAs.computeIfAbsent(blocker, first -> EnumSet.noneOf(State.class))
                        .add(sight.state());
        }
    }

    private boolean failed(JobId blocker) {
        var states = endedAs.getOrDefault(blocker, Set.of());
        return states.contains(State.CANCELLED) || states.contains(State.DISCARDED);
    }

    private void hold(JobId job, Asked own, Map<JobId, Sight> all) {
        var sight = all.get(job);
        if (sight == null) return;
        if (sight.state() == State.CANCELLED && !withdrawn.contains(job)) {
            require(!own.runs(), "job %s was cancelled, which was to run however the others end", job);
            require(
                    own.blockers().stream().anyMatch(this::mayHaveFailed),
                    "job %s was cancelled, and none of those that it runs after failed",
                    job);
        }
        boolean over = own.blockers().stream().allMatch(blocker -> over(blocker, all))
                || (!own.runs()
                        && own.blockers().stream().anyMatch(blocker -> failed(blocker) && !requeued.test(blocker)));
        if (!sight.waits() || !over) {
            overSince.remove(job);
            return;
        }
        long since = overSince.computeIfAbsent(job, first -> now.getAsLong());
        require(
                now.getAsLong() - since < IN_TIME,
                "job %s waits still, %d s after those that it runs after have ended",
                job,
                (now.getAsLong() - since) / 1_000_000_000);
    }

    /** How one ended that is gone nobody may have seen. */
    private boolean mayHaveFailed(JobId blocker) {
        return failed(blocker) || requeued.test(blocker) || !endedAs.containsKey(blocker);
    }

    private static boolean over(JobId blocker, Map<JobId, Sight> all) {
        var sight = all.get(blocker);
        return sight == null || sight.state().ended();
    }

    @Override
    public void end(Records records) {
        look(records);
        var all = jobs.get();
        asked.forEach((job, own) -> {
            var sight = all.get(job);
            require(sight == null || !sight.waits(), "job %s waits for others to the end", job);
        });
    }

    /** What was seen may never have been, and what was sent may be gone. */
    @Override
    public void forget() {
        asked.clear();
        endedAs.clear();
        overSince.clear();
    }
}
