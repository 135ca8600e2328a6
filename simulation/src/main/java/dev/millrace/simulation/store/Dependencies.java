package dev.millrace.simulation.store;

import dev.millrace.IfFailed;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.UnknownBlocker;
import dev.millrace.Why.Blocker;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Dependency;
import dev.millrace.simulation.store.Rows.Dependent;
import dev.millrace.simulation.store.Rows.Dependent.Wait;
import dev.millrace.simulation.store.Rows.Logged;
import dev.millrace.simulation.store.Rows.LookAfter;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.Expiry;
import dev.millrace.store.NewJob.Due.After;
import dev.millrace.store.Records.Blockers;
import dev.millrace.store.Storage.Wakeup;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Jobs that run after others: {@code V036__after.sql}. */
final class Dependencies {

    /** Blockers that a look takes; there a thousand. */
    private static final int SOME = 3;

    /** How often a look goes on with what it has cancelled itself. */
    private static final int ROUNDS = 100;

    private final Tables tables;
    private final Waits waits;
    private final BiConsumer<Transaction, Wakeup> hints;

    /** Who looks at blockers has it. */
    private record LookLock() {}

    Dependencies(Tables tables, Waits waits, BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.waits = waits;
        this.hints = hints;
    }

    // ---- coming

    /** Of a job that this transaction has enqueued for no time. */
    void waitFor(Transaction tx, JobId job, After after) {
        tx.statement();
        tx.xid(); // before it reads the clock
        var now = tables.now();
        var ended = new TreeMap<JobId, End>();
        for (var blocker : after.blockers()) {
            var end = endOf(tx, blocker);
            if (end instanceof Gone) throw new UnknownBlocker(blocker);
            if (end != null) ended.put(blocker, end);
        }
        tx.statement();
        for (var blocker : after.blockers()) {
            if (ended.containsKey(blocker)) continue;
            var row = new Dependency(blocker, job);
            tables.dependencies.insert(tx, row, row);
        }
        boolean runs = after.ifFailed() == IfFailed.RUN;
        var why = runs ? null : whyCancelled(ended);
        boolean over = why != null || ended.size() == after.blockers().size();
        tx.statement();
        tables.dependents.insert(
                tx,
                job,
                new Dependent(
                        job, runs, Sending.due(after.time(), now), after.text(), why, over ? Wait.OVER : Wait.OPEN));
        tx.statement();
        var timer = waiting(tx, job);
        if (timer != null) tables.timers.update(tx, timer.id(), any -> true, row -> row.saying(after.text()));
        if (over) letGo(tx, List.of(job));
    }

    private static @Nullable String whyCancelled(Map<JobId, End> ended) {
        for (var entry : ended.entrySet()) {
            var why = entry.getValue().why(entry.getKey());
            if (why != null) return why;
        }
        return null;
    }

    // ---- how one has ended

    private sealed interface End {
        @Nullable
        String why(JobId blocker);
    }

    private record EndedAs(State state) implements End {
        @Override
        public @Nullable String why(JobId blocker) {
            return state == State.COMPLETED ? null : After.whyCancelled(blocker, state);
        }
    }

    private record Gone() implements End {
        @Override
        public String why(JobId blocker) {
            return After.whyCancelled(blocker);
        }
    }

    /** As the current statement sees it; null while it has not. */
    private @Nullable End endOf(Transaction tx, JobId job) {
        boolean careless = tables.planted(Bug.BLOCKER_RETRIES_TAKEN_FOR_ENDS);
        if (!careless && !tables.timers.by(tx, tables.timersByJob, job).isEmpty()) return null;
        if (!tables.parked.by(tx, tables.parkedByJob, job).isEmpty()) return null;
        @Nullable Logged newest = null;
        for (var row : tables.log.by(tx, tables.logByJob, job))
            if (newest == null || newest.turn().before(row.turn())) newest = row;
        if (newest == null) return tables.timers.by(tx, tables.timersByJob, job).isEmpty() ? new Gone() : null;
        var outcome = tables.ending(tx, DeliveryKey.of(newest.place()));
        if (outcome == null || (!outcome.last() && !careless)) return null;
        boolean done = !outcome.last() || tables.planted(Bug.BLOCKER_FAILURES_IGNORED);
        return new EndedAs(done ? State.COMPLETED : outcome.state());
    }

    // ---- looking

    /** The first word of a promotion, which has just fenced: looks at some blockers, behind those of the last look. Answers how many jobs it has let go. */
    int look(Transaction tx, int limit) {
        // and no statement: seeds without such jobs play as they did
        if (tables.dependents.keys(tx).isEmpty()) return 0;
        if (!tx.tryLock(new LookLock())) return 0;
        tx.statement();
        var from = tables.dependencyLook.get(tx, Tables.ONE);
        var last = from == null ? null : from.blocker();
        var blockers = new TreeSet<JobId>();
        for (var row : tables.dependencies.all(tx)) {
            if (last != null && row.blocker().compareTo(last) <= 0) continue;
            blockers.add(row.blocker());
            if (blockers.size() == SOME) break;
        }
        var ended = new LinkedHashMap<JobId, End>();
        for (var blocker : blockers) {
            var end = endOf(tx, blocker);
            if (end != null) ended.put(blocker, end);
        }
        int moved = follow(tx, ended, limit);
        var next = new LookAfter(
                blockers.size() < SOME || tables.planted(Bug.BLOCKERS_LOOKED_AT_FROM_THE_FIRST)
                        ? null
                        : blockers.last());
        if (!next.equals(from == null ? new LookAfter(null) : from)) {
            tx.statement();
            if (!tables.dependencyLook.insertIfAbsent(tx, Tables.ONE, next)) {
                tx.statement();
                tables.dependencyLook.update(tx, Tables.ONE, any -> true, before -> next);
            }
        }
        return moved;
    }

    private int follow(Transaction tx, Map<JobId, End> first, int limit) {
        int moved = 0;
        var ended = first;
        for (int round = 0; round < ROUNDS; round++) {
            var jobs = waitingFor(tx, ended.keySet(), limit);
            tx.statement();
            for (var entry : ended.entrySet()) told(tx, entry.getKey(), entry.getValue(), jobs);
            tx.statement();
            for (var job : jobs)
                if (isOver(tx, job, ended.keySet()))
                    tables.dependents.update(tx, job, any -> true, row -> row.as(Wait.OVER));
            tx.statement();
            var over = tables.dependents.all(tx).stream()
                    .filter(row -> row.waits() == Wait.OVER)
                    .map(Dependent::job)
                    .limit(limit)
                    .toList();
            if (over.isEmpty()) break;
            var gone = letGo(tx, over);
            moved += gone.moved();
            ended = new LinkedHashMap<>();
            tx.statement();
            for (var job : gone.ended()) {
                var end = endOf(tx, job);
                if (end != null
                        && !tables.dependencies
                                .by(tx, tables.dependenciesByBlocker, job)
                                .isEmpty()) ended.put(job, end);
            }
            if (ended.isEmpty()) break;
        }
        return moved;
    }

    /** The jobs that wait for these, as far as nobody has locked them. */
    private List<JobId> waitingFor(Transaction tx, Collection<JobId> blockers, int limit) {
        tx.statement();
        var jobs = new TreeSet<JobId>();
        for (var blocker : blockers)
            for (var row : tables.dependencies.by(tx, tables.dependenciesByBlocker, blocker))
                if (jobs.size() < limit) jobs.add(row.job());
        var free = new ArrayList<JobId>();
        for (var job : jobs) {
            tx.meanwhile();
            if (tables.dependents.lockUnlessLocked(tx, job, any -> true) != null) free.add(job);
        }
        return free;
    }

    private void told(Transaction tx, JobId blocker, End end, List<JobId> jobs) {
        for (var job : jobs) {
            if (tables.dependencies.delete(tx, new Dependency(blocker, job), any -> true) == null) continue;
            var why = end.why(blocker);
            if (why == null) continue;
            tables.dependents.update(tx, job, row -> !row.runs() && row.why() == null, row -> row.failed(why));
        }
    }

    private boolean isOver(Transaction tx, JobId job, Collection<JobId> ended) {
        var row = tables.dependents.get(tx, job);
        if (row == null || row.waits() != Wait.OPEN) return false;
        return row.why() != null
                || tables.dependencies.by(tx, tables.dependenciesByJob, job).isEmpty()
                || (tables.planted(Bug.DEPENDENT_LET_GO_BY_THE_FIRST) && !ended.isEmpty());
    }

    // ---- letting go

    /**
     * @param moved how many were let go or ended
     * @param ended those that were ended
     */
    private record LetGo(int moved, List<JobId> ended) {}

    private LetGo letGo(Transaction tx, List<JobId> over) {
        tx.statement();
        var mine = new ArrayList<JobId>();
        for (var job : over) {
            tx.meanwhile();
            if (tables.dependents.lockUnlessLocked(tx, job, any -> true) != null) mine.add(job);
        }
        int moved = 0;
        var ended = new ArrayList<JobId>();
        for (var job : mine) {
            tx.statement();
            var row = tables.dependents.get(tx, job);
            if (row == null) continue;
            var timer = waiting(tx, job);
            if (timer == null) {
                tables.dependents.update(tx, job, any -> true, before -> before.as(Wait.WITHDRAWN));
                continue;
            }
            if (tables.timers.lockUnlessLocked(tx, timer.id(), any -> true) == null) continue;
            moved++;
            if (go(tx, row, timer)) ended.add(job);
        }
        return new LetGo(moved, ended);
    }

    /** Whether it was ended. */
    private boolean go(Transaction tx, Dependent row, Timer timer) {
        tx.statement();
        for (var open : tables.dependencies.by(tx, tables.dependenciesByJob, row.job()))
            tables.dependencies.delete(tx, open, any -> true);
        tx.statement();
        tx.xid(); // before it reads the clock
        var now = tables.now();
        tables.dependents.delete(tx, row.job(), any -> true);
        var notBefore = row.notBefore();
        if (row.why() == null && notBefore != null && notBefore.isAfter(now)) {
            tables.timers.update(tx, timer.id(), any -> true, waiting -> waiting.at(notBefore));
            return false;
        }
        var gone = tables.timers.delete(tx, timer.id(), any -> true);
        if (gone == null) return false;
        var asked = gone.asked();
        var turn = gone.turn();
        if (row.why() != null) {
            waits.endUnclaimed(tx, asked, turn, "cancelled", row.why(), null);
            return true;
        }
        if (asked.expired(now)) {
            var failure = Expiry.failure(turn.no(), turn.attempt(), turn.rescues());
            waits.endUnclaimed(tx, asked, turn, "discarded", null, failure);
            return true;
        }
        tx.statement();
        tables.append(tx, tables.meta(tx).currentPart(), asked.stream(), asked, turn);
        hints.accept(tx, new Wakeup.Work(asked.queue()));
        return false;
    }

    private @Nullable Timer waiting(Transaction tx, JobId job) {
        for (var timer : tables.timers.by(tx, tables.timersByJob, job)) if (timer.forNoTime()) return timer;
        return null;
    }

    /** The withdrawal of one is taken back. All may have ended since: a promotion looks. What it says while it waits; null if it waits for no others. */
    @Nullable
    String waitsAgain(Transaction tx, JobId job) {
        if (tables.dependents.keys(tx).isEmpty()) return null;
        tx.statement();
        var row = tables.dependents.lock(tx, job, any -> true);
        if (row == null) return null;
        tx.statement();
        if (!tables.planted(Bug.DEPENDENT_PUT_BACK_WITHOUT_A_LOOK))
            tables.dependents.update(tx, job, one -> one.waits() == Wait.WITHDRAWN, one -> one.as(Wait.OVER));
        return row.text();
    }

    // ---- telling

    Blockers blockers(Transaction tx, JobId job, Function<JobId, @Nullable State> stateOf) {
        tx.statement();
        if (tables.dependents.get(tx, job) == null) return Blockers.NONE;
        var open = tables.dependencies.by(tx, tables.dependenciesByJob, job);
        var some = open.stream()
                .map(Dependency::blocker)
                .limit(Blockers.TOLD)
                .map(blocker -> new Blocker(blocker, stateOf.apply(blocker)))
                .toList();
        return new Blockers(true, open.size(), Objects.requireNonNull(some));
    }
}
