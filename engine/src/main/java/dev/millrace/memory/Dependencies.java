package dev.millrace.memory;

import dev.millrace.IfFailed;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.UnknownBlocker;
import dev.millrace.Why.Blocker;
import dev.millrace.memory.Standing.Timer;
import dev.millrace.store.Expiry;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due.After;
import dev.millrace.store.Records.Blockers;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Jobs that run after others: while one of these has not ended they wait at a timer for no time. Guarded by the lock of {@link Memory}.
 */
final class Dependencies {

    /** Those that are known are looked at with each one that comes, so that those whose jobs are forgotten go. */
    private static final int SWEPT = 2;

    private final Ledger ledger;
    private final Map<JobId, Dependent> dependents = new LinkedHashMap<>();
    private final Map<JobId, Set<JobId>> byBlocker = new HashMap<>();

    /** Jobs that have come to the end of their wait: one that is cancelled may be waited for itself, by thousands in a row. */
    private final Deque<JobId> over = new ArrayDeque<>();

    private boolean letsGo;

    Dependencies(Ledger ledger) {
        this.ledger = ledger;
        ledger.onEnd(this::ended);
    }

    /** A job that waits, or was withdrawn while it did. */
    private static final class Dependent {
        final Set<JobId> open;
        final IfFailed ifFailed;
        final @Nullable Instant notBefore;
        final String text;

        /** Why it is cancelled. */
        @Nullable
        String failed;

        Dependent(After after, @Nullable Instant notBefore) {
            this.open = new TreeSet<>(after.blockers());
            this.ifFailed = after.ifFailed();
            this.notBefore = notBefore;
            this.text = after.text();
        }

        void ended(JobId blocker, State state) {
            open.remove(blocker);
            if (state != State.COMPLETED && ifFailed == IfFailed.CANCEL && failed == null)
                failed = After.whyCancelled(blocker, state);
        }

        boolean isOver() {
            return open.isEmpty() || failed != null;
        }
    }

    // ---- coming

    void refuseUnknown(Collection<NewJob> all) {
        for (var job : all)
            if (job.due() instanceof After after)
                for (var blocker : after.blockers())
                    if (!ledger.jobs.containsKey(blocker)) throw new UnknownBlocker(blocker);
    }

    void enqueue(KeptJob job, After after, Instant now) {
        sweep();
        var dependent = new Dependent(after, Ledger.due(after.time(), now));
        dependents.put(job.id, dependent);
        ledger.startTimer(job, Turn.first(1), Ledger.NO_TIME, State.SCHEDULED, after.text());
        for (var blocker : after.blockers()) {
            var other = ledger.jobs.get(blocker);
            if (other == null) throw new IllegalStateException("job " + blocker + " went away");
            if (other.state().ended()) dependent.ended(blocker, other.state());
            else
                byBlocker
                        .computeIfAbsent(blocker, first -> new LinkedHashSet<>())
                        .add(job.id);
        }
        if (dependent.isOver()) letGo(job.id, now);
    }

    // ---- ending

    private void ended(KeptJob blocker, State state, int run, Instant now) {
        var waiting = byBlocker.remove(blocker.id);
        if (waiting == null) return;
        for (var id : waiting) {
            var dependent = dependents.get(id);
            if (dependent == null || !dependent.open.contains(blocker.id)) continue;
            dependent.ended(blocker.id, state);
            if (dependent.isOver()) letGo(id, now);
        }
    }

    /** One by one, however long the row of those is that wait for each other. */
    private void letGo(JobId id, Instant now) {
        over.add(id);
        if (letsGo) return;
        letsGo = true;
        try {
            for (var next = over.poll(); next != null; next = over.poll()) go(next, now);
        } finally {
            letsGo = false;
        }
    }

    private void go(JobId id, Instant now) {
        var dependent = dependents.get(id);
        var timer = waiting(id);
        if (dependent == null || timer == null) return; // it was withdrawn, and may be put back
        forget(id, dependent);
        var job = timer.job();
        if (dependent.failed != null) {
            ledger.endJob(job, State.CANCELLED, Outcome.cancelled(dependent.failed, now), now);
        } else if (job.expired(now)) {
            var turn = timer.turn();
            var failure = Expiry.failure(turn.no(), turn.attempt(), turn.rescues());
            ledger.endJob(job, State.DISCARDED, Outcome.discarded(null, failure, now), now);
        } else {
            ledger.stopWaiting(timer);
            var notBefore = dependent.notBefore;
            if (notBefore != null && notBefore.isAfter(now))
                ledger.startTimer(job, timer.turn(), notBefore, State.SCHEDULED, dependent.text);
            else ledger.append(job, timer.turn(), job.stream, now);
        }
    }

    private void forget(JobId id, Dependent dependent) {
        dependents.remove(id);
        for (var blocker : dependent.open) {
            var waiting = byBlocker.get(blocker);
            if (waiting == null) continue;
            waiting.remove(id);
            if (waiting.isEmpty()) byBlocker.remove(blocker);
        }
    }

    private @Nullable Timer waiting(JobId id) {
        var job = ledger.jobs.get(id);
        return job != null
                        && !job.state().ended()
                        && job.standing() instanceof Timer timer
                        && timer.runAt().equals(Ledger.NO_TIME)
                ? timer
                : null;
    }

    /** It was withdrawn, and waits again: perhaps there is nothing to wait for any more. */
    void waitsAgain(JobId id, Instant now) {
        var dependent = dependents.get(id);
        var timer = waiting(id);
        if (dependent == null || timer == null) return;
        ledger.stopWaiting(timer);
        ledger.startTimer(timer.job(), timer.turn(), timer.runAt(), timer.state(), dependent.text);
        if (dependent.isOver()) letGo(id, now);
    }

    // ---- looking

    Blockers blockers(JobId id) {
        var dependent = dependents.get(id);
        if (dependent == null) return Blockers.NONE;
        var some = dependent.open.stream()
                .limit(Blockers.TOLD)
                .map(blocker -> {
                    var job = ledger.jobs.get(blocker);
                    return new Blocker(blocker, job == null ? null : job.state());
                })
                .toList();
        return new Blockers(true, dependent.open.size(), some);
    }

    /** The oldest are looked at: what is known comes later again. */
    private void sweep() {
        for (int i = 0; i < SWEPT && !dependents.isEmpty(); i++) {
            var oldest = dependents.entrySet().iterator().next();
            var id = oldest.getKey();
            var dependent = oldest.getValue();
            if (!ledger.jobs.containsKey(id)) {
                forget(id, dependent);
            } else {
                dependents.remove(id);
                dependents.put(id, dependent);
            }
        }
    }
}
