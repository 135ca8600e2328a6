package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.KeyHolder;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.NewJob;
import dev.millrace.store.UniqueKey;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One job of a key: {@code V026__unique_keys.sql} and {@code V036__after.sql}. */
final class UniqueKeys {

    private final Tables tables;
    private final Steering steering;

    UniqueKeys(Tables tables, Steering steering) {
        this.tables = tables;
        this.steering = steering;
    }

    /**
     * Who has the key of a job; null if it is the job's own from now on, and it is to be enqueued.
     *
     * @param stream where the job belongs
     * @param withdraws whether what has not started may be withdrawn for it
     */
    @Nullable
    JobId holder(Transaction tx, NewJob job, UniqueKey unique, int stream, boolean withdraws) {
        if (refusedAtOnce(tx, job, unique))
            return Objects.requireNonNull(tables.uniqueKeys.get(tx, unique.key()))
                    .job();
        tx.statement();
        tx.xid(); // before it reads the clock: who looks for what is due later than that knows that this is open
        if (tables.uniqueKeys.insertIfAbsent(tx, unique.key(), taken(job, unique))) return null;
        tx.statement();
        var holder = tables.planted(Bug.KEY_TAKEN_OVER_WITHOUT_LOCK)
                ? tables.uniqueKeys.get(tx, unique.key())
                : tables.uniqueKeys.lock(tx, unique.key(), any -> true);
        if (holder == null) throw Raised.wrongTransaction("the unique key " + unique.key() + " went away");
        if (holder.job().equals(job.id())) return job.id(); // sent again
        if (!tables.planted(Bug.HOLDER_LOOKED_AT_WITH_ITS_LOCK)) tx.statement();
        if (holds(tx, holder, job, unique, stream, withdraws)) return holder.job();
        tx.statement();
        tables.uniqueKeys.update(tx, unique.key(), any -> true, before -> taken(job, unique));
        return null;
    }

    /** Without a lock: to be refused is as if it had been asked a moment sooner. */
    private boolean refusedAtOnce(Transaction tx, NewJob job, UniqueKey unique) {
        tx.statement();
        var holder = tables.uniqueKeys.get(tx, unique.key());
        if (holder == null) return false;
        return switch (unique.policy()) {
            case UniqueKey.UntilEnded until -> holder.job().equals(job.id()) || unended(tx, holder.job());
            case UniqueKey.Within(var window) ->
                holder.job().equals(job.id())
                        || holder.since().plus(window).isAfter(tables.now())
                        || waitsForNoTime(tx, holder.job());
            case UniqueKey.Replace replace -> false;
            case UniqueKey.Debounce debounce -> false;
        };
    }

    private KeyHolder taken(NewJob job, UniqueKey unique) {
        var now = tables.now();
        return new KeyHolder(
                job.id(), now, unique.policy() instanceof UniqueKey.Within(var window) ? now.plus(window) : null);
    }

    private boolean holds(
            Transaction tx, KeyHolder holder, NewJob job, UniqueKey unique, int stream, boolean withdraws) {
        if (waitsForNoTime(tx, holder.job())) return true;
        return switch (unique.policy()) {
            case UniqueKey.UntilEnded until -> unended(tx, holder.job());
            case UniqueKey.Within(var window) -> holder.since().plus(window).isAfter(tables.now());
            case UniqueKey.Replace replace -> {
                if (become(tx, holder.job(), job, stream, Instant.MAX)) yield true;
                if (withdraws) steering.endWaiting(tx, holder.job(), "cancelled", "replaced by job " + job.id(), null);
                yield false;
            }
            case UniqueKey.Debounce(var atMost) ->
                become(tx, holder.job(), job, stream, holder.since().plus(atMost));
        };
    }

    /** Whether it runs after others: it is not changed before they have ended. */
    private boolean waitsForNoTime(Transaction tx, JobId job) {
        return tables.timers.by(tx, tables.timersByJob, job).stream().anyMatch(Timer::forNoTime);
    }

    /** In one snapshot: on its way from one table to another it is in either. */
    private boolean unended(Transaction tx, JobId job) {
        if (tables.planted(Bug.KEY_NEVER_GIVEN_UP)) return true;
        boolean waits = !tables.timers.by(tx, tables.timersByJob, job).isEmpty()
                || !tables.parked.by(tx, tables.parkedByJob, job).isEmpty();
        if (waits && !tables.planted(Bug.HOLDER_THAT_WAITS_TAKEN_FOR_GONE)) return true;
        var newest = steering.newest(tx, job);
        if (newest == null) return false;
        var ending = tables.ending(tx, DeliveryKey.of(newest.place()));
        return ending == null || (!ending.last() && !tables.planted(Bug.HOLDER_THAT_WAITS_TAKEN_FOR_GONE));
    }

    /** Whether it waits for its first time to run, and has become what is asked for now. */
    private boolean become(Transaction tx, JobId holder, NewJob job, int stream, Instant latest) {
        for (var timer : tables.timers.by(tx, tables.timersByJob, holder)) {
            if (timer.turn().no() > 1) continue;
            var now = tables.now();
            var due = Sending.due(job.due(), now);
            var asked = due == null ? now : due;
            var runAt = asked.isAfter(latest) ? latest : asked;
            var changed = runAt.isAfter(now)
                    ? tables.timers.update(
                            tx,
                            timer.id(),
                            any -> true,
                            old -> new Timer(
                                    old.id(),
                                    runAt,
                                    false,
                                    null,
                                    null,
                                    old.asked().become(Asked.of(job, stream, now)),
                                    old.turn()))
                    : tables.timers.delete(tx, timer.id(), any -> true);
            if (changed == null) return tables.planted(Bug.CHANGES_WHAT_HAS_GONE);
            if (!runAt.isAfter(now))
                tables.append(
                        tx,
                        tables.meta(tx).currentPart(),
                        stream,
                        changed.asked().become(Asked.of(job, stream, now)),
                        changed.turn());
            return true;
        }
        return false;
    }
}
