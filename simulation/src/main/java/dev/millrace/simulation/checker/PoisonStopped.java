package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.store.Place;
import dev.millrace.store.Protocol;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A job that kills its node is stopped after a few deaths, and those are all it costs. */
public final class PoisonStopped implements Checker {

    private final Map<JobId, Set<Key>> deaths = new HashMap<>();

    @Override
    public String invariant() {
        return "poison is stopped";
    }

    /**
     * A job has killed its node. A start counts once: a process that was frozen in it, deposed, and woken, dies of a start that was charged
     * already.
     *
     * @param at its delivery
     */
    public void killed(JobId job, Place at) {
        var all = deaths.computeIfAbsent(job, first -> new HashSet<>());
        all.add(Key.of(at));
        int most = 1 + Protocol.MARKED_DEATHS; // the first is nobody's fault yet
        require(all.size() <= most, "job %s has killed %d nodes, and still runs", job, all.size());
    }

    /** It was asked for anew: a new run. */
    public void requeued(JobId job) {
        deaths.remove(job);
    }

    @Override
    public void forget() {
        deaths.clear();
    }
}
