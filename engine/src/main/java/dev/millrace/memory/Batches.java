package dev.millrace.memory;

import dev.millrace.BatchView;
import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.State;
import dev.millrace.memory.Standing.Timer;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Batches: their parts, how many of them have ended, and the job that follows them, which waits at a timer for no time. Guarded by the lock of {@link
 * Memory}.
 */
final class Batches {

    /** Parts that are told at once. */
    private static final int TOLD = 1_000;

    /** Batches are looked at with each one that comes, so that those whose jobs are forgotten go. */
    private static final int SWEPT = 2;

    private final Ledger ledger;
    private final Map<JobId, Kept> batches = new LinkedHashMap<>();

    Batches(Ledger ledger) {
        this.ledger = ledger;
        ledger.onEnd(this::ended);
    }

    /** A batch. */
    private static final class Kept {
        final List<JobId> parts = new ArrayList<>();
        long completed;
        long discarded;
        long cancelled;
        boolean followed;

        long ended() {
            return completed + discarded + cancelled;
        }
    }

    // ---- coming

    boolean enqueue(NewJob then, List<NewJob> parts, Instant now) {
        var all = new ArrayList<>(parts);
        all.add(then);
        ledger.refuseKnown(all);
        ledger.dependencies().refuseUnknown(parts);
        var outer = PartOf.batch(then.headers());
        if (outer != null && !grows(outer)) return false;
        sweep();
        var batch = new Kept();
        batches.put(then.id(), batch);
        ledger.enqueueForNoTime(then, now);
        if (outer != null) add(outer, then);
        for (var part : parts) batch.parts.add(part.id());
        ledger.enqueue(parts, now);
        followIfOver(then.id(), batch, now);
        return true;
    }

    boolean enqueueParts(JobId id, List<NewJob> parts, Instant now) {
        ledger.refuseKnown(parts);
        ledger.dependencies().refuseUnknown(parts);
        if (!grows(id)) return false;
        for (var part : parts) add(id, part);
        ledger.enqueue(parts, now);
        return true;
    }

    /** Whether it is known, and its job waits for it. */
    private boolean grows(JobId id) {
        var batch = batches.get(id);
        return batch != null && !batch.followed && waiting(id) != null;
    }

    private void add(JobId id, NewJob part) {
        var batch = batches.get(id);
        if (batch == null) throw new IllegalStateException("batch " + id + " went away");
        batch.parts.add(part.id());
    }

    // ---- ending

    /** A run of a job has ended. */
    private void ended(KeptJob job, State state, int run, Instant now) {
        var id = run == 1 ? PartOf.batch(job.headers) : null;
        var batch = id == null ? null : batches.get(id);
        if (id == null || batch == null) return;
        switch (state) {
            case COMPLETED -> batch.completed++;
            case DISCARDED -> batch.discarded++;
            case CANCELLED -> batch.cancelled++;
            default -> throw new IllegalStateException("job " + job.id + " has not ended: " + state);
        }
        followIfOver(id, batch, now);
    }

    private void followIfOver(JobId id, Kept batch, Instant now) {
        if (batch.followed || batch.ended() < batch.parts.size()) return;
        batch.followed = true;
        var timer = waiting(id);
        if (timer == null) return; // it was withdrawn
        ledger.stopWaiting(timer);
        ledger.append(timer.job(), timer.turn(), timer.job().stream, now);
    }

    /** The job that follows, while it waits for its parts. */
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
        var batch = batches.get(id);
        if (batch == null) return;
        batch.followed = false;
        followIfOver(id, batch, now);
    }

    // ---- looking

    Optional<BatchView> view(JobId id) {
        return Optional.ofNullable(batches.get(id))
                .map(batch -> new BatchView(
                        id, batch.parts.size(), batch.completed, batch.discarded, batch.cancelled, batch.followed));
    }

    List<JobId> parts(JobId id, long from) {
        if (from < 0) throw new MillraceException("Parts are counted from 0, and %,d is below.".formatted(from));
        var batch = batches.get(id);
        if (batch == null || from >= batch.parts.size()) return List.of();
        return List.copyOf(batch.parts.subList((int) from, (int) Math.min(batch.parts.size(), from + TOLD)));
    }

    /** The oldest are looked at: of what job nothing is known nothing can be told, what is known comes later again. */
    private void sweep() {
        for (int i = 0; i < SWEPT && !batches.isEmpty(); i++) {
            var oldest = batches.entrySet().iterator().next();
            var batch = batches.remove(oldest.getKey());
            if (batch != null && ledger.jobs.containsKey(oldest.getKey())) batches.put(oldest.getKey(), batch);
        }
    }
}
