package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Records;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A batch is followed when all of its parts have ended, once, whoever ends the last ones; at each moment it has counted what has ended of it, no more and
 * no less; and it takes all of the parts that come together, or none.
 */
public final class FollowedOnce implements Checker {

    /**
     * A batch as all see it now: what is committed, seen without letting time pass.
     *
     * @param count how many parts it says that it has
     * @param followed whether it says that all have ended
     * @param waits whether the job that follows still waits for them
     * @param begun how often that job's first run was begun
     * @param ended the parts whose first run has ended, as far as that is kept
     * @param open the parts of whose first run something is kept, and not that it has ended
     */
    public record Sight(
            long count,
            List<JobId> parts,
            long completed,
            long discarded,
            long cancelled,
            boolean followed,
            boolean waits,
            int begun,
            Map<JobId, State> ended,
            Set<JobId> open) {}

    private final Supplier<Map<JobId, Sight>> batches;
    private final Predicate<JobId> perhapsWithdrawn;
    private final Set<JobId> sent = new HashSet<>();
    private final Map<JobId, State> ended = new HashMap<>();
    private final Set<JobId> letGo = new HashSet<>();
    private final Map<JobId, Set<JobId>> taken = new LinkedHashMap<>();
    private final Set<JobId> refused = new LinkedHashSet<>();
    private int failovers;

    /**
     * @param batches all there are, each by the job that follows
     * @param perhapsWithdrawn whether anybody has tried to cancel this job
     */
    public FollowedOnce(Supplier<Map<JobId, Sight>> batches, Predicate<JobId> perhapsWithdrawn) {
        this.batches = batches;
        this.perhapsWithdrawn = perhapsWithdrawn;
    }

    @Override
    public String invariant() {
        return "a batch is followed once, when all of its parts have ended";
    }

    // ---- what senders are told

    /**
     * Somebody is about to send a batch, or parts of one that was sent.
     *
     * @return what an answer has to be given with: one that comes after a failover says nothing
     */
    public int sending(JobId batch) {
        sent.add(batch);
        return failovers;
    }

    /** It was answered that these are parts of it now. */
    public void taken(int asked, JobId batch, Collection<JobId> parts) {
        if (asked == failovers)
            taken.computeIfAbsent(batch, first -> new LinkedHashSet<>()).addAll(parts);
    }

    /**
     * It was answered that a batch takes no more parts.
     *
     * @param jobs that were to be taken; there is none of them
     */
    public void refused(int asked, JobId batch, Collection<JobId> jobs) {
        if (asked != failovers) return;
        refused.addAll(jobs);
        var now = batches.get().get(batch);
        require(
                now == null || !now.waits() || perhapsWithdrawn.test(batch),
                "batch %s takes no more parts, and the job that follows waits for some",
                batch);
    }

    // ---- what is promised

    @Override
    public void see(TraceEvent event) {
        if (!(event instanceof TraceEvent.Started(var at, var token, var held)) || !sent.contains(held.job())) return;
        var now = batches.get().get(held.job());
        if (now != null) hold(held.job(), now);
    }

    @Override
    public void look(Records records) {
        var all = batches.get();
        all.forEach(this::hold);
        taken.forEach((batch, parts) -> {
            var now = all.get(batch);
            require(now != null, "batch %s was taken, and is not there", batch);
            require(
                    now == null || new HashSet<>(now.parts()).containsAll(parts),
                    "batch %s has taken parts that it does not have",
                    batch);
        });
        for (var job : refused)
            require(
                    !all.containsKey(job) && records.find(job).isEmpty(),
                    "job %s was to be a part of a batch that takes no more, and is there",
                    job);
    }

    private void hold(JobId batch, Sight now) {
        require(
                now.count() == now.parts().size(),
                "batch %s says that it has %d parts, and has %d",
                batch,
                now.count(),
                now.parts().size());
        learn(now);
        // What nothing is kept of has ended, and went with its partition before anybody looked here how.
        long gone = now.parts().stream()
                .filter(part -> !ended.containsKey(part) && !now.open().contains(part))
                .count();
        long counted = now.completed() + now.discarded() + now.cancelled();
        long known = ended(now, State.COMPLETED) + ended(now, State.DISCARDED) + ended(now, State.CANCELLED);
        require(
                counted == known + gone
                        && now.completed() >= ended(now, State.COMPLETED)
                        && now.discarded() >= ended(now, State.DISCARDED)
                        && now.cancelled() >= ended(now, State.CANCELLED),
                "of batch %s are counted %d completed, %d discarded, %d cancelled; and there have ended so %d, %d, %d, and %d in some way",
                batch,
                now.completed(),
                now.discarded(),
                now.cancelled(),
                ended(now, State.COMPLETED),
                ended(now, State.DISCARDED),
                ended(now, State.CANCELLED),
                gone);
        long open = now.parts().stream().filter(now.open()::contains).count();
        require(
                open == 0 || (!now.followed() && now.begun() == 0),
                "batch %s is followed, and %d of its %d parts have not ended",
                batch,
                open,
                now.count());
        require(now.begun() < 2, "batch %s was followed %d times", batch, now.begun());
        require(!now.followed() || !now.waits(), "batch %s is followed, and the job that follows waits on", batch);
        if (now.begun() > 0) letGo.add(batch);
    }

    /** How a part ended is remembered: it may be gone before its batch is at its end. */
    private void learn(Sight now) {
        ended.keySet().removeAll(now.open()); // a failover has lost that it had ended
        ended.putAll(now.ended());
    }

    private long ended(Sight now, State state) {
        return now.parts().stream().filter(part -> ended.get(part) == state).count();
    }

    @Override
    public void end(Records records) {
        look(records);
        batches.get().forEach((batch, now) -> {
            require(
                    now.followed(),
                    "all parts of batch %s have ended, and it was never followed: %d of %d are counted",
                    batch,
                    now.completed() + now.discarded() + now.cancelled(),
                    now.count());
            require(
                    letGo.contains(batch) || perhapsWithdrawn.test(batch),
                    "batch %s was followed, and the job that follows was never let go",
                    batch);
        });
    }

    @Override
    public void forget() {
        failovers++;
        taken.clear();
    }
}
