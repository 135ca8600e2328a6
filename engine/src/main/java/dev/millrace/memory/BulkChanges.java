package dev.millrace.memory;

import dev.millrace.FailureGroup;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.memory.Standing.Timer;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Bulk.Piece;
import dev.millrace.store.Bulk.Progress;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Payload;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Changes of many jobs, and what became of each job. Guarded by the lock of {@link Memory}. */
final class BulkChanges {

    /** Changes that are kept; then the oldest are forgotten. */
    private static final int REMEMBERED = 1_000;

    private final Ledger ledger;
    private final Endings endings;
    private final Batches batches;
    private final Map<UUID, Known> all = new LinkedHashMap<>();

    BulkChanges(Ledger ledger, Endings endings, Batches batches) {
        this.ledger = ledger;
        this.endings = endings;
        this.batches = batches;
    }

    private static final class Known {
        final Change change;
        final Instant at;
        final NavigableMap<JobId, Before> changed = new TreeMap<>();
        final Map<String, Long> left = new HashMap<>();

        @Nullable
        JobId cursor;

        long matched;

        @Nullable
        Instant endedAt;

        Known(Change change, Instant at) {
            this.change = change;
            this.at = at;
        }

        Progress progress() {
            return new Progress(matched, changed.size(), endedAt != null);
        }

        /** @param before null if it was left as it is */
        void result(JobId job, @Nullable Before before, String leftBecause) {
            matched++;
            if (before != null) changed.put(job, before);
            else left.merge(leftBecause, 1L, Long::sum);
        }
    }

    /** How a changed job was before: its last run, how that had ended, and the time that it waited for. */
    private record Before(
            int run, @Nullable Outcome outcome, @Nullable Instant runAt) {}

    // ---- which jobs

    Piece select(Selection selection, @Nullable JobId before, int look, Instant now) {
        var selected = new ArrayList<JobId>();
        @Nullable JobId last = null;
        int looked = 0;
        for (var job : older(before).values()) {
            if (looked++ == look) break;
            last = job.id;
            if (isSelected(job, selection)) selected.add(job.id);
        }
        return new Piece(List.copyOf(selected), last, now);
    }

    private NavigableMap<JobId, KeptJob> older(@Nullable JobId than) {
        return (than == null ? ledger.jobs : ledger.jobs.headMap(than, false)).descendingMap();
    }

    private static boolean isSelected(KeptJob job, Selection s) {
        if (job.state() != s.state()) return false;
        var at = at(job);
        return (s.queue() == null || s.queue().equals(job.queue.name))
                && (s.kind() == null || s.kind().equals(job.kind))
                && (s.tenant() == null || s.tenant().equals(job.headers.get("tenant")))
                && (s.tag() == null
                        || Arrays.asList(job.headers.getOrDefault("tags", "").split(",", -1))
                                .contains(s.tag()))
                && (s.failedWith() == null
                        || (job.failure != null && s.failedWith().equals(job.failure.type())))
                && (s.fingerprint() == null
                        || (job.failure != null && s.fingerprint().equals(job.failure.fingerprint())))
                && (s.text() == null || contains(job, s.text()))
                && (s.since() == null || !at.isBefore(s.since()))
                && (s.upto() == null || !at.isAfter(s.upto()));
    }

    List<FailureGroup> failures(Selection selection, int look, int most, Instant now) {
        var groups = new HashMap<String, List<KeptJob>>();
        for (var id : select(selection, null, look, now).jobs()) {
            var job = Objects.requireNonNull(ledger.jobs.get(id));
            if (job.failure != null)
                groups.computeIfAbsent(job.failure.fingerprint(), first -> new ArrayList<>())
                        .add(job);
        }
        return groups.values().stream()
                .map(BulkChanges::group)
                .sorted(Comparator.comparingLong(FailureGroup::jobs)
                        .reversed()
                        .thenComparing(FailureGroup::fingerprint))
                .limit(most)
                .toList();
    }

    private static FailureGroup group(List<KeptJob> jobs) {
        var newest = Collections.max(jobs, Comparator.comparing(BulkChanges::at));
        var failure = Objects.requireNonNull(newest.failure);
        return new FailureGroup(
                failure.fingerprint(),
                failure.type(),
                failure.message(),
                jobs.size(),
                jobs.stream().map(job -> job.kind).distinct().sorted().toList(),
                newest.id,
                at(newest));
    }

    private static Instant at(KeptJob job) {
        return job.state().ended() && job.standing() instanceof Row row && row.outcome != null
                ? row.outcome.at()
                : job.enqueuedAt;
    }

    private static boolean contains(KeptJob job, String text) {
        var wanted = text.toLowerCase(Locale.ROOT);
        return searched(job.payload).toLowerCase(Locale.ROOT).contains(wanted)
                || (job.failure != null
                        && job.failure.message().toLowerCase(Locale.ROOT).contains(wanted));
    }

    private static String searched(Payload payload) {
        if (!(payload instanceof Payload.Text text)) return String.valueOf(payload);
        return text.isEncoded() ? "" : text.text();
    }

    // ---- doing

    void begin(Change change, Instant now) {
        if (all.putIfAbsent(change.id(), new Known(change, now)) != null) return;
        var undone = change.undoes() == null ? null : all.get(change.undoes());
        if (undone != null && undone.endedAt == null) undone.endedAt = now;
        var oldest = all.values().iterator();
        while (all.size() > REMEMBERED && oldest.hasNext()) {
            if (oldest.next().endedAt != null) oldest.remove();
        }
    }

    Optional<Progress> goOn(UUID id, int most, Instant now) {
        var known = all.get(id);
        if (known == null) return Optional.empty();
        if (known.endedAt == null
                && !(known.change.undoes() == null ? some(known, most, now) : someUndone(known, most, now)))
            known.endedAt = now;
        return Optional.of(known.progress());
    }

    /** Whether there was anything to look at. */
    private boolean some(Known known, int most, Instant now) {
        var selection = Objects.requireNonNull(known.change.selection());
        var piece = select(selection, known.cursor, most, now);
        if (piece.next() == null) return false;
        known.cursor = piece.next();
        for (var id : piece.jobs()) {
            var job = Objects.requireNonNull(ledger.jobs.get(id));
            switch (known.change.action()) {
                case REQUEUE ->
                    known.result(id, requeued(job, known.change, now), "it runs again, or has run again since");
                case CANCEL ->
                    known.result(id, cancelled(job, known.change.reason(), now), "a node has it, or it has ended");
            }
        }
        return true;
    }

    private boolean someUndone(Known known, int most, Instant now) {
        var undone = all.get(Objects.requireNonNull(known.change.undoes()));
        var changed = undone == null ? Collections.<JobId, Before>emptyNavigableMap() : undone.changed;
        var left = (known.cursor == null ? changed : changed.headMap(known.cursor, false)).descendingMap();
        var some = new ArrayList<>(left.entrySet()).subList(0, Math.min(most, left.size()));
        for (var entry : some) {
            known.cursor = entry.getKey();
            var job = ledger.jobs.get(entry.getKey());
            if (job == null) known.result(entry.getKey(), null, "it is past retention");
            else undo(known, job, entry.getValue(), now);
        }
        return !some.isEmpty();
    }

    private void undo(Known known, KeptJob job, Before before, Instant now) {
        int run = job.standing().turn().run();
        if (known.change.action() == Action.CANCEL) {
            if (run != before.run() + 1) known.result(job.id, null, "it has been requeued again since");
            else known.result(job.id, unrequeued(job, before, now), "it has run, or a node has it");
        } else if (run != before.run() || job.state() != State.CANCELLED) {
            known.result(job.id, null, "it runs again, or has run again since");
        } else {
            var expiresAt = job.expiresAt;
            ledger.reopen(job, before.runAt(), now);
            job.expiresAt = expiresAt; // as if it had never been cancelled
            if (Ledger.NO_TIME.equals(before.runAt())) {
                batches.waitsAgain(job.id, now);
                ledger.dependencies().waitsAgain(job.id, now);
            }
            known.result(job.id, new Before(run, null, null), "");
        }
    }

    private @Nullable Before requeued(KeptJob job, Change change, Instant now) {
        if (!job.state().ended()) return null;
        var before =
                new Before(job.standing().turn().run(), job.standing() instanceof Row row ? row.outcome : null, null);
        if (change.priority() != null) job.moveTo(change.priority());
        ledger.reopen(job, null, now);
        return before;
    }

    private @Nullable Before cancelled(KeptJob job, String reason, Instant now) {
        if (!UniqueKeys.waits(job)) return null;
        var runAt = job.standing() instanceof Timer timer ? timer.runAt() : null;
        int run = job.standing().turn().run();
        endings.cancel(job.id, reason, now);
        return new Before(run, null, runAt);
    }

    /** Ends a run that no node has, as the run before it had ended. */
    private @Nullable Before unrequeued(KeptJob job, Before before, Instant now) {
        if (!(job.standing() instanceof Row row) || row.turn().no() > 1 || row.claim != null || row.outcome != null)
            return null;
        if (before.outcome() == null) return null;
        int run = job.standing().turn().run();
        var outcome = before.outcome();
        var again = new Outcome(
                outcome.word(), outcome.at(), null, null, null, null, outcome.reason(), outcome.failure(), null);
        ledger.endJob(job, outcome.word().equals("cancelled") ? State.CANCELLED : State.DISCARDED, again, now);
        return new Before(run, null, null);
    }

    // ---- looking

    Optional<KeptChange> change(UUID id) {
        return Optional.ofNullable(all.get(id)).map(BulkChanges::kept);
    }

    List<KeptChange> newest(int limit) {
        var changes = new ArrayList<KeptChange>();
        for (var known : all.values()) changes.add(kept(known));
        Collections.reverse(changes);
        return List.copyOf(changes.subList(0, Math.min(limit, changes.size())));
    }

    private static KeptChange kept(Known known) {
        return new KeptChange(known.change, known.at, known.endedAt, known.progress(), Map.copyOf(known.left));
    }
}
