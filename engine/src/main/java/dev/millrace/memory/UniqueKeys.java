package dev.millrace.memory;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.memory.Standing.Parked;
import dev.millrace.memory.Standing.Timer;
import dev.millrace.store.Accepted;
import dev.millrace.store.NewJob;
import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which job has which unique key. Nothing hangs on a job's end: who finds a key taken looks at its holder. Guarded by the lock of {@link Memory}. */
final class UniqueKeys {

    /** Holders that are looked at with each key that comes, so that those that hold nothing go. */
    private static final int SWEPT = 2;

    /** So long a holder is known though it holds nothing any more: somebody may ask for a window. */
    private static final Duration KNOWN = Duration.ofDays(1);

    /** Holders that are known though they hold nothing. */
    private static final int MOST = 100_000;

    private final Ledger ledger;
    private final Endings endings;
    private final Map<String, Holder> holders = new LinkedHashMap<>();

    UniqueKeys(Ledger ledger, Endings endings) {
        this.ledger = ledger;
        this.endings = endings;
    }

    /** @param until the end of a window, if it was taken for one */
    private record Holder(
            JobId job, Instant since, @Nullable Instant until) {}

    /**
     * Enqueues a job unless its key is held.
     *
     * @param withdraws whether a job that has not started may be withdrawn for it
     */
    Accepted enqueue(NewJob job, boolean withdraws, Instant now) {
        var unique = job.unique();
        if (unique != null) {
            sweep(now);
            var holder = holders.get(unique.key());
            if (holder != null && holder.job().equals(job.id())) return new Accepted(job.id(), false); // sent again
            if (holder != null && holds(holder, job, unique.policy(), withdraws, now))
                return new Accepted(holder.job(), true);
        }
        ledger.enqueue(List.of(job), now);
        if (unique != null) {
            holders.remove(unique.key()); // to the end of their order
            holders.put(unique.key(), new Holder(job.id(), now, until(unique.policy(), now)));
        }
        return new Accepted(job.id(), false);
    }

    private static @Nullable Instant until(UniqueKey.Policy policy, Instant now) {
        return policy instanceof UniqueKey.Within(var window) ? now.plus(window) : null;
    }

    private boolean holds(Holder holder, NewJob job, UniqueKey.Policy policy, boolean withdraws, Instant now) {
        if (waitsForNoTime(holder.job())) return true;
        return switch (policy) {
            case UniqueKey.UntilEnded until -> unended(holder.job());
            case UniqueKey.Within(var window) -> holder.since().plus(window).isAfter(now);
            case UniqueKey.Replace replace -> replaced(holder.job(), job, withdraws, now);
            case UniqueKey.Debounce(var atMost) ->
                become(holder.job(), job, holder.since().plus(atMost), now);
        };
    }

    /** Whether it runs after others: it is not changed before they have ended. */
    private boolean waitsForNoTime(JobId id) {
        var job = ledger.jobs.get(id);
        return job != null
                && job.standing() instanceof Timer timer
                && timer.runAt().equals(Ledger.NO_TIME);
    }

    private boolean unended(JobId id) {
        var job = ledger.jobs.get(id);
        return job != null && !job.state().ended();
    }

    private boolean replaced(JobId id, NewJob by, boolean withdraws, Instant now) {
        if (become(id, by, Instant.MAX, now)) return true;
        var job = ledger.jobs.get(id);
        if (withdraws && job != null && waits(job)) endings.cancel(id, "replaced by job " + by.id(), now);
        return false;
    }

    /** Whether it waits for its first time to run, and has become what is asked for now. */
    private boolean become(JobId id, NewJob other, Instant latest, Instant now) {
        var job = ledger.jobs.get(id);
        if (job == null
                || !(job.standing() instanceof Timer timer)
                || timer.turn().no() > 1) return false;
        var due = Ledger.due(other.due(), now);
        ledger.become(timer, other, due == null || due.isBefore(latest) ? due : latest, now);
        return true;
    }

    /** Whether no node has it. */
    static boolean waits(KeptJob job) {
        if (job.state().ended()) return false;
        return switch (job.standing()) {
            case Timer timer -> true;
            case Parked parked -> true;
            case Row row -> job.state() == State.AVAILABLE;
        };
    }

    /** The oldest are looked at: what holds nothing is forgotten, what does comes later again. */
    private void sweep(Instant now) {
        for (int i = 0; i < SWEPT && !holders.isEmpty(); i++) {
            var oldest = holders.entrySet().iterator().next();
            var holder = holders.remove(oldest.getKey());
            if (holder == null) return;
            boolean open = holder.until() != null && holder.until().isAfter(now);
            boolean lately = holder.since().plus(KNOWN).isAfter(now) && holders.size() < MOST;
            if (open || lately || unended(holder.job())) holders.put(oldest.getKey(), holder);
        }
    }
}
