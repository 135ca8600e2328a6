package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Records;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

/** A change of many changes each job once, whoever goes on with it; and what it says of itself is what it has done. */
public final class ChangedOnce implements Checker {

    /** What became of a job. */
    public enum What {
        LEFT,
        CHANGED,
        RUN_AGAIN
    }

    private final Function<UUID, Optional<KeptChange>> kept;
    private final Function<UUID, Map<JobId, What>> jobs;
    private final Set<UUID> changes = new LinkedHashSet<>();

    /**
     * @param kept how a change stands
     * @param jobs the jobs that it has met, and what became of each
     */
    public ChangedOnce(Function<UUID, Optional<KeptChange>> kept, Function<UUID, Map<JobId, What>> jobs) {
        this.kept = kept;
        this.jobs = jobs;
    }

    @Override
    public String invariant() {
        return "a change of many jobs changes each once";
    }

    /** Somebody is about to begin it. */
    public void begun(UUID change) {
        changes.add(change);
    }

    @Override
    public void look(Records records) {
        for (var id : changes) kept.apply(id).ifPresent(change -> addsUp(change, jobs.apply(id)));
    }

    private void addsUp(KeptChange change, Map<JobId, What> noted) {
        long changed = noted.values().stream().filter(what -> what != What.LEFT).count();
        require(
                change.progress().matched() == noted.size() && change.progress().changed() == changed,
                "change %s says that it met %d jobs and changed %d, and there are notes of %d and %d",
                change.change().id(),
                change.progress().matched(),
                change.progress().changed(),
                noted.size(),
                changed);
    }

    /** Each new run was begun by one of them. */
    @Override
    public void end(Records records) {
        look(records);
        var runs = new HashMap<JobId, Integer>();
        for (var id : changes)
            jobs.apply(id).forEach((job, what) -> runs.merge(job, what == What.RUN_AGAIN ? 1 : 0, Integer::sum));
        runs.forEach((job, begun) -> records.find(job)
                .ifPresent(view -> require(
                        view.run() == 1 + begun,
                        "job %s is in run %d, and changes of many have begun %d more than the first",
                        job,
                        view.run(),
                        begun)));
    }
}
