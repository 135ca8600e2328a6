package dev.millrace.simulation.store;

import static dev.millrace.store.Steering.MOST_ADJUSTED;
import static dev.millrace.store.Steering.MOST_PAUSES;

import dev.millrace.Failure;
import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.simulation.checker.Heard;
import dev.millrace.simulation.database.Snapshot;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.CancelMark;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Logged;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Lease;
import dev.millrace.store.Line;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Place;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What people say: cancel, requeue, pause. {@code V002__protocol.sql}, section operators, {@code V021__outcome_batch.sql}, and
 * {@code V030__batches.sql}.
 */
final class Steering {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int LOOKS = 100;
    private static final Heard.Words NOTHING = new Heard.Words(Set.of(), Set.of());

    /** So late nodes hear, where that is a bug. */
    private static final Duration LATE = Duration.ofSeconds(3);

    private final Tables tables;
    private final Fences fences;
    private final Claiming claiming;
    private final Waits waiting;
    private final Batches batches;
    private final FleetSharing fleet;
    private final BiConsumer<Transaction, Wakeup> hints;

    /** A requeue holds it, so that twice at once is once. */
    record JobLock(JobId job) {}

    Steering(
            Tables tables,
            Fences fences,
            Claiming claiming,
            Waits waiting,
            Batches batches,
            FleetSharing fleet,
            BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.fences = fences;
        this.claiming = claiming;
        this.waiting = waiting;
        this.batches = batches;
        this.fleet = fleet;
        this.hints = hints;
    }

    Optional<State> cancel(Transaction tx, JobId job, String reason) {
        tx.lockTimeout(PATIENCE);
        for (int look = 0; look < LOOKS; look++) {
            if (endWait(tx, job, "cancelled", reason, null)) return withdrawn(tx);
            tx.statement();
            var row = newest(tx, job);
            if (row == null) {
                if (known(tx, job)) continue; // it is on its way from one table to another
                return Optional.empty();
            }
            tx.statement();
            var key = DeliveryKey.of(row.place());
            var outcome = tables.ending(tx, key);
            if (outcome != null && !tables.planted(Bug.CANCEL_LOOKS_AT_NOTHING)) {
                if (outcome.last()) return Optional.of(outcome.state());
                continue;
            }
            tables.outcomes.awaitWriter(tx, key); // without locks: a handler may leave its transaction open
            holdOff(tx, row.place());
            tx.statement();
            if (tables.ending(tx, key) != null && !tables.planted(Bug.CANCEL_LOOKS_AT_NOTHING)) continue;
            tx.meanwhile();
            var mine = new Outcome(key, job, "cancelled", tables.now(), null, null, null, null, reason, null, null);
            if (!tables.outcomes.insertIfAbsent(tx, key, mine)) {
                if (tables.planted(Bug.CANCEL_LOOKS_AT_NOTHING)) return withdrawn(tx);
                continue;
            }
            tables.cancelMarks.insertIfAbsent(tx, key, new CancelMark(row.place(), tx.xid()));
            batches.endedApart(tx, row.turn().run(), row.asked().headers(), mine.state());
            return withdrawn(tx);
        }
        throw Raised.wrongTransaction("job %s moved too fast to be cancelled".formatted(job));
    }

    /**
     * What is not claimed is not claimed meanwhile, and what is claimed its node does not flush meanwhile. If it turns out to be claimed behind the
     * stream's lock, the database gives that back first; here it is kept, which is stricter.
     */
    private void holdOff(Transaction tx, Place place) {
        tx.statement();
        if (!claiming.claimed(tx, place) && !tables.planted(Bug.CANCEL_WITHOUT_STREAM_LOCK)) {
            tx.statement();
            tx.lock(new Claiming.StreamLock(place.stream()));
        }
        tx.statement();
        var claim = claiming.claimOf(tx, place);
        if (claim == null || claim.lease() == null || tables.planted(Bug.CANCEL_WITHOUT_ENDINGS_LOCK)) return;
        fences.lockEndings(tx, claim.lease().node());
    }

    /** Ends a job that no node has, and no other; whether it did: {@code end_waiting} of {@code V026__unique_keys.sql}. */
    boolean endWaiting(Transaction tx, JobId job, String word, @Nullable String reason, @Nullable Failure failure) {
        if (endWait(tx, job, word, reason, failure)) return true;
        tx.statement();
        var row = newest(tx, job);
        if (row == null || claiming.claimed(tx, row.place())) return false;
        var key = DeliveryKey.of(row.place());
        tx.statement();
        if (tables.ending(tx, key) != null) return false;
        tx.lock(new Claiming.StreamLock(row.place().stream()));
        tx.statement();
        if (claiming.claimed(tx, row.place())) return false;
        tx.meanwhile();
        var mine = new Outcome(key, job, word, tables.now(), null, null, null, null, reason, failure, null);
        if (!tables.outcomes.insertIfAbsent(tx, key, mine)) return false;
        tables.cancelMarks.insertIfAbsent(tx, key, new CancelMark(row.place(), tx.xid()));
        batches.endedApart(tx, row.turn().run(), row.asked().headers(), mine.state());
        return true;
    }

    private Optional<State> withdrawn(Transaction tx) {
        hints.accept(tx, new Wakeup.Command());
        return Optional.of(State.CANCELLED);
    }

    private boolean endWait(
            Transaction tx, JobId job, String word, @Nullable String reason, @Nullable Failure failure) {
        tx.statement();
        for (var timer : tables.timers.by(tx, tables.timersByJob, job)) {
            if (tables.timers.delete(tx, timer.id(), any -> true) == null) continue;
            waiting.endUnclaimed(tx, timer.asked(), timer.turn(), word, reason, failure);
            return true;
        }
        tx.statement();
        for (var parked : tables.parked.by(tx, tables.parkedByJob, job)) {
            if (tables.parked.delete(tx, parked.id(), any -> true) == null) continue;
            waiting.endUnclaimed(tx, parked.asked(), parked.turn(), word, reason, failure);
            return true;
        }
        return false;
    }

    private boolean known(Transaction tx, JobId job) {
        return newest(tx, job) != null
                || !tables.timers.by(tx, tables.timersByJob, job).isEmpty()
                || !tables.parked.by(tx, tables.parkedByJob, job).isEmpty();
    }

    boolean isClaimed(Transaction tx, Place place) {
        return claiming.claimed(tx, place);
    }

    @Nullable
    Logged newest(Transaction tx, JobId job) {
        @Nullable Logged newest = null;
        for (var row : tables.log.by(tx, tables.logByJob, job))
            if (newest == null || newest.turn().before(row.turn())) newest = row;
        return newest;
    }

    Optional<State> requeue(Transaction tx, JobId job) {
        tx.lockTimeout(PATIENCE);
        tx.statement();
        tx.lock(new JobLock(job));
        tx.statement();
        for (var timer : tables.timers.by(tx, tables.timersByJob, job))
            return Optional.of(timer.retry() ? State.RETRYABLE : State.SCHEDULED);
        if (!tables.parked.by(tx, tables.parkedByJob, job).isEmpty()) return Optional.of(State.AVAILABLE);
        tx.statement();
        var row = newest(tx, job);
        if (row == null) return Optional.empty();
        var outcome = tables.ending(tx, DeliveryKey.of(row.place()));
        if (outcome == null) return Optional.of(claiming.claimed(tx, row.place()) ? State.RUNNING : State.AVAILABLE);
        if (!outcome.last()) return Optional.of(State.AVAILABLE);
        tx.statement();
        var asked = tables.anew(tx, row.asked().withoutExpiry()); // it has been decided anew that it shall run
        tables.append(
                tx,
                tables.meta(tx).currentPart(),
                asked.stream(),
                asked,
                Turn.first(row.turn().run() + 1));
        hints.accept(tx, new Wakeup.Work(asked.queue()));
        return Optional.of(outcome.state());
    }

    boolean pause(Transaction tx, Scope scope, String reason, String by, @Nullable Instant until) {
        tx.statement();
        if (scope instanceof Scope.OfSchedule(var schedule)) {
            tables.schedules.lock(tx, schedule, any -> true); // who fires it is at its end, or sees this
            tx.statement();
        }
        if (tables.paused(tx).size() >= MOST_PAUSES && tables.pause(tx, scope) == null) return false;
        var pause = new Pause(scope, reason, by, tables.now(), until);
        if (!tables.pauses.insertIfAbsent(tx, scope, pause)) {
            tx.statement();
            tables.pauses.update(tx, scope, any -> true, old -> pause);
        }
        hints.accept(tx, new Wakeup.Command());
        return true;
    }

    boolean adjust(Transaction tx, Adjustment adjustment, String reason, String by) {
        tx.statement();
        var key = key(adjustment.of(), adjustment.name());
        var kept = new Adjustment.Kept(adjustment, reason, by, tables.now());
        if (tables.adjustments.keys(tx).size() >= MOST_ADJUSTED && tables.adjustments.get(tx, key) == null)
            return false;
        if (!tables.adjustments.insertIfAbsent(tx, key, kept)) {
            tx.statement();
            tables.adjustments.update(tx, key, any -> true, old -> kept);
        }
        hints.accept(tx, new Wakeup.Command());
        return true;
    }

    boolean reset(Transaction tx, Adjustment.Of of, String name) {
        tx.statement();
        if (tables.adjustments.delete(tx, key(of, name), any -> true) == null) return false;
        hints.accept(tx, new Wakeup.Command());
        return true;
    }

    List<Adjustment.Kept> adjustments(Transaction tx) {
        tx.statement();
        return List.copyOf(tables.adjustments.all(tx));
    }

    static String key(Adjustment.Of of, String name) {
        return of.name() + " " + name;
    }

    void resume(Transaction tx, Scope scope) {
        tx.statement();
        if (tables.pauses.delete(tx, scope, any -> true) != null) hints.accept(tx, new Wakeup.Command());
    }

    private static boolean isYoung(@Nullable Pause pause, Instant old) {
        var since = pause == null ? null : pause.since();
        return since != null && since.isAfter(old);
    }

    /** What is committed, for who checks, and is no transaction. */
    Heard.Words said() {
        if (tables.pauses.changes() + tables.adjustments.changes() == 0) return NOTHING;
        var now = tables.now();
        return new Heard.Words(
                tables.pauses.committed().stream()
                        .filter(pause -> !pause.isOver(now))
                        .map(Pause::scope)
                        .collect(Collectors.toSet()),
                tables.adjustments.committed().stream()
                        .map(Adjustment.Kept::adjustment)
                        .collect(Collectors.toSet()));
    }

    /** All by which a job could be paused. */
    static List<Scope> scopes(Asked asked) {
        var scopes = new ArrayList<Scope>(List.of(Scope.queue(asked.queue()), Scope.kind(asked.kind())));
        var tenant = asked.headers().get(Delivery.TENANT);
        if (tenant != null) scopes.add(Scope.tenant(tenant));
        var line = Line.of(asked.headers());
        var order = line == null ? null : line.order();
        if (order != null) scopes.add(new Scope.Key(asked.queue(), order));
        var limit = line == null ? null : line.limit();
        if (limit == null) return scopes;
        scopes.add(new Scope.OfLimit(limit.name(), null));
        scopes.add(new Scope.OfLimit(limit.name(), limit.key()));
        return scopes;
    }

    /** Everything that was cancelled since the cursor, by transaction: a slow one is not skipped. */
    Control control(Transaction tx, Lease lease, String cursor) {
        fences.prove(tx, lease);
        tx.statement();
        var now = tx.snapshot();
        var cancelled = new HashSet<Place>();
        if (!cursor.equals(Control.START)) {
            var since = Snapshot.parse(cursor);
            for (var mark : tables.cancelMarks.all(tx)) if (!since.sees(mark.marked())) cancelled.add(mark.place());
        }
        var paused = new HashSet<>(tables.paused(tx));
        var adjusted = new HashSet<Adjustment>();
        for (var kept : tables.adjustments.all(tx)) adjusted.add(kept.adjustment());
        if (tables.planted(Bug.OPERATORS_HEARD_LATE)) {
            var old = tables.now().minus(LATE);
            paused.removeIf(scope -> isYoung(tables.pauses.get(tx, scope), old));
        }
        adjusted.addAll(fleet.coded(tx));
        return new Control(
                now.toString(),
                cancelled,
                paused,
                adjusted,
                tables.schedules.all(tx).stream().anyMatch(row -> row.setting() != null),
                tables.parked.all(tx).stream().anyMatch(parked -> parked.parking() != Parking.BEHIND));
    }
}
