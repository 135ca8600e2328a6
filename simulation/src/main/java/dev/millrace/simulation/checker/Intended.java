package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.State;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a simulation asked for, and was told. */
public final class Intended {

    /**
     * What was asked of one job.
     *
     * @param leadsTo the state it must end in, if nobody withdraws it and nothing else befalls it; null if it must not end at all
     * @param attempts the most attempts that it may take
     * @param poison whether it kills its node
     * @param exact whether its effect and its outcome are one commit
     * @param mayExpire whether it has an expiry
     */
    public record Plan(@Nullable State leadsTo, int attempts, boolean poison, boolean exact, boolean mayExpire) {}

    private final Map<JobId, Plan> plans = new LinkedHashMap<>();
    private final Set<JobId> acknowledged = new HashSet<>();
    private final Set<JobId> perhaps = new HashSet<>();
    private final Set<JobId> cancelled = new HashSet<>();
    private final Set<JobId> perhapsCancelled = new HashSet<>();
    private final Set<JobId> everCancelled = new HashSet<>();
    private final Set<JobId> requeued = new HashSet<>();
    private final Map<JobId, Integer> ranToEnd = new LinkedHashMap<>();

    /** It is about to be sent. */
    public void planned(JobId job, Plan plan) {
        plans.put(job, plan);
    }

    /** Its enqueue returned. */
    public void acknowledged(JobId job) {
        acknowledged.add(job);
    }

    /** It was certainly not taken. */
    public void refused(JobId job) {
        plans.remove(job);
        acknowledged.remove(job);
    }

    /** Somebody is about to cancel it: from here on it may be so. */
    public void cancelling(JobId job) {
        everCancelled.add(job);
    }

    /** Whether anybody has ever tried to cancel it, in this run or in one before. */
    public boolean wasEverCancelled(JobId job) {
        return everCancelled.contains(job);
    }

    /** A cancel answered that it is cancelled now. */
    public void cancelled(JobId job) {
        cancelled.add(job);
    }

    /** A cancel was not answered: it may be cancelled, or not. */
    public void perhapsCancelled(JobId job) {
        perhapsCancelled.add(job);
    }

    public boolean mayBeWithdrawn(JobId job) {
        return perhapsCancelled.contains(job) || cancelled.contains(job);
    }

    public void requeued(JobId job) {
        requeued.add(job);
        cancelled.remove(job);
    }

    /** Its handler has come to its end, successfully. */
    public void ranToEnd(JobId job) {
        ranToEnd.merge(job, 1, Integer::sum);
    }

    /** A failover may have lost its enqueue, whose answer may still be on its way. */
    public void perhaps(JobId job) {
        perhaps.add(job);
    }

    /** What was cancelled may not be, any more. */
    public void forgetCancels() {
        perhapsCancelled.addAll(cancelled);
        cancelled.clear();
    }

    public Set<JobId> jobs() {
        return plans.keySet();
    }

    public @Nullable Plan plan(JobId job) {
        return plans.get(job);
    }

    /** Whether it must be there; if not, it may be. */
    public boolean certain(JobId job) {
        return acknowledged.contains(job) && !perhaps.contains(job);
    }

    public boolean withdrawn(JobId job) {
        return cancelled.contains(job) && !requeued.contains(job); // which came last, nobody knows
    }

    public boolean hasRunToEnd(JobId job) {
        return ranToEnd.containsKey(job);
    }

    public boolean wasRequeued(JobId job) {
        return requeued.contains(job);
    }
}
