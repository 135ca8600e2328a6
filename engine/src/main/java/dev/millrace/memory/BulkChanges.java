package dev.millrace.memory;

import dev.millrace.Deletion;
import dev.millrace.FailureGroup;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.memory.Standing.Parked;
import dev.millrace.memory.Standing.Timer;
import dev.millrace.store.Bulk;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Editable;
import dev.millrace.store.Bulk.Edited;
import dev.millrace.store.Bulk.FailurePiece;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Bulk.PayloadPiece;
import dev.millrace.store.Bulk.Piece;
import dev.millrace.store.Bulk.Progress;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Bulk.Stepped;
import dev.millrace.store.Bulk.Stopped;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.PartOf;
import dev.millrace.store.Payload;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
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

    private static final String HAS_RUN = "it has run, or a node has it";
    private static final String CHANGED_AGAIN = "it has run, or was changed again since";
    private static final String A_NODE_HAS_IT = "a node has it, or it has ended";
    private static final String IN_LINE = "it stands in line behind others of its key, and would lose its place";

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

        @Nullable
        Stopped stopped;

        Known(Change change, Instant at) {
            this.change = change;
            this.at = at;
        }

        Progress progress() {
            return new Progress(matched, changed.size(), endedAt != null);
        }

        /** @param before null if it was left as it is */
        void result(JobId job, @Nullable Before before, String leftBecause) {
            result(job, before == null ? new Done.Left(leftBecause) : new Done.Changed(before));
        }

        void result(JobId job, Done done) {
            matched++;
            switch (done) {
                case Done.Changed(var before) -> changed.put(job, before);
                case Done.Left(var because) -> left.merge(because, 1L, Long::sum);
            }
        }
    }

    /**
     * How a changed job was before, and what it became.
     *
     * @param run its last run
     * @param outcome how that had ended; null if it had not
     * @param runAt the time it waited for; null if for none
     * @param became the delivery that it is since, or becomes when its wait is over; null where that is not asked
     * @param setTo the time it waits for since; null if for none
     * @param payload what it was asked for, if that has become something else
     * @param edited what it is asked for since
     */
    private record Before(
            int run,
            @Nullable Outcome outcome,
            @Nullable Instant runAt,
            @Nullable Turn became,
            @Nullable Instant setTo,
            @Nullable Payload payload,
            @Nullable Payload edited,
            Instant at) {

        static Before of(int run, @Nullable Outcome outcome, @Nullable Instant runAt, Instant now) {
            return new Before(run, outcome, runAt, null, null, null, null, now);
        }

        static Before waited(@Nullable Instant runAt, Turn became, @Nullable Instant setTo, Instant now) {
            return new Before(became.run(), null, runAt, became, setTo, null, null, now);
        }

        static Before edited(
                int run, @Nullable Outcome outcome, Turn became, Payload old, Payload edited, Instant now) {
            return new Before(run, outcome, null, became, null, old, edited, now);
        }
    }

    /** What became of one job. */
    private sealed interface Done {
        record Changed(Before before) implements Done {}

        record Left(String because) implements Done {}
    }

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
        if (job.state() != s.state() || job.isDeleted()) return false;
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

    FailurePiece failures(Selection selection, @Nullable JobId before, int look, Instant now) {
        var groups = new HashMap<String, List<KeptJob>>();
        var piece = select(selection, before, look, now);
        for (var id : piece.jobs()) {
            var job = Objects.requireNonNull(ledger.jobs.get(id));
            if (job.failure != null)
                groups.computeIfAbsent(job.failure.fingerprint(), first -> new ArrayList<>())
                        .add(job);
        }
        return new FailurePiece(groups.values().stream().map(BulkChanges::group).toList(), piece.next());
    }

    PayloadPiece payloads(Selection selection, @Nullable JobId before, int look, int most) {
        var selected = new ArrayList<Editable>();
        @Nullable JobId last = null;
        int looked = 0;
        long bytes = 0;
        for (var job : older(before).values()) {
            if (looked++ == look || selected.size() == most) break;
            boolean isSelected = isSelected(job, selection);
            if (isSelected) bytes += job.payload.bytes();
            if (!selected.isEmpty() && bytes > Bulk.PAYLOAD_BYTES) break;
            last = job.id;
            if (!isSelected) continue;
            var turn = job.standing().turn();
            selected.add(new Editable(job.id, job.kind, job.kindVersion, turn.run(), turn.no(), job.payload));
        }
        return new PayloadPiece(List.copyOf(selected), last);
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
        var needed = new HashSet<UUID>(); // by what takes it back, and is not done
        for (var known : all.values())
            if (known.endedAt == null && known.change.undoes() != null) needed.add(known.change.undoes());
        var oldest = all.values().iterator();
        while (all.size() > REMEMBERED && oldest.hasNext()) {
            var known = oldest.next();
            if (known.endedAt != null && !needed.contains(known.change.id())) oldest.remove();
        }
    }

    Optional<Progress> goOn(UUID id, int most, Instant now) {
        var known = all.get(id);
        if (known == null) return Optional.empty();
        if (known.endedAt == null && known.change.action() == Action.EDIT && known.change.undoes() == null)
            throw new IllegalStateException("The change " + id + " edits payloads: it is done by edit(…)");
        if (known.endedAt == null
                && !(known.change.undoes() == null ? some(known, most, now) : someUndone(known, most, now)))
            known.endedAt = now;
        return Optional.of(known.progress());
    }

    boolean stop(UUID id, Stopped stopped, Instant now) {
        var known = all.get(id);
        if (known == null || known.endedAt != null) return false;
        known.endedAt = now;
        known.stopped = stopped;
        return true;
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
                case RESCHEDULE -> known.result(id, rescheduled(job, known.change.details(), now));
                case DELETE -> known.result(id, deleted(job, known.change, now));
                case EDIT -> throw new IllegalStateException("an edit is done by edit(…)");
            }
        }
        return true;
    }

    private boolean someUndone(Known known, int most, Instant now) {
        var undone = all.get(Objects.requireNonNull(known.change.undoes()));
        var changed = undone == null ? Collections.<JobId, Before>emptyNavigableMap() : undone.changed;
        var left = (known.cursor == null ? changed : changed.headMap(known.cursor, false)).descendingMap();
        long bytes = 0;
        int looked = 0;
        for (var entry : new ArrayList<>(left.entrySet())) {
            var old = entry.getValue().payload();
            if (old != null) bytes += old.bytes();
            if (looked == most || (looked > 0 && bytes > Bulk.PAYLOAD_BYTES)) break;
            looked++;
            known.cursor = entry.getKey();
            var job = ledger.jobs.get(entry.getKey());
            if (job == null) known.result(entry.getKey(), null, "it is past retention");
            else undo(known, job, entry.getValue(), now);
        }
        return looked > 0;
    }

    private void undo(Known known, KeptJob job, Before before, Instant now) {
        var undone = Objects.requireNonNull(known.change.undoes());
        int run = job.standing().turn().run();
        switch (known.change.action()) {
            case CANCEL -> {
                if (run != before.run() + 1) known.result(job.id, null, "it has been requeued again since");
                else known.result(job.id, unrequeued(job, before, now), HAS_RUN);
            }
            case REQUEUE -> {
                if (run != before.run() || job.state() != State.CANCELLED) {
                    known.result(job.id, null, "it runs again, or has run again since");
                    return;
                }
                var expiresAt = job.expiresAt;
                ledger.reopen(job, before.runAt(), now);
                job.expiresAt = expiresAt; // as if it had never been cancelled
                if (Ledger.NO_TIME.equals(before.runAt())) {
                    batches.waitsAgain(job.id, now);
                    ledger.dependencies().waitsAgain(job.id, now);
                }
                known.result(job.id, Before.of(run, null, null, now), "");
            }
            case RESCHEDULE -> known.result(job.id, unrescheduled(job, before, now));
            case EDIT -> known.result(job.id, unedited(job, before, now), CHANGED_AGAIN);
            case DELETE -> {
                var deleted = job.deleted;
                if (deleted == null || !deleted.deletion().operation().equals(undone)) {
                    known.result(job.id, null, "it was brought back, or deleted again since");
                    return;
                }
                job.deleted = null;
                known.result(job.id, Before.of(run, null, null, now), "");
            }
        }
    }

    private @Nullable Before requeued(KeptJob job, Change change, Instant now) {
        if (!job.state().ended()) return null;
        if (job.isDeleted()) return null;
        var before = Before.of(
                job.standing().turn().run(), job.standing() instanceof Row row ? row.outcome : null, null, now);
        var priority = change.details().priority();
        if (priority != null) job.moveTo(priority);
        ledger.reopen(job, null, now);
        return before;
    }

    private @Nullable Before cancelled(KeptJob job, String reason, Instant now) {
        if (!UniqueKeys.waits(job)) return null;
        var runAt = job.standing() instanceof Timer timer ? timer.runAt() : null;
        int run = job.standing().turn().run();
        endings.cancel(job.id, reason, now);
        return Before.of(run, null, runAt, now);
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
        return Before.of(run, null, null, now);
    }

    // ---- another time

    private Done rescheduled(KeptJob job, Details details, Instant now) {
        if (!UniqueKeys.waits(job)) return new Done.Left(A_NODE_HAS_IT);
        var before = job.standing() instanceof Timer timer ? timer.runAt() : null;
        if (Ledger.NO_TIME.equals(before)) return new Done.Left("it waits for other jobs to end");
        var delay = details.delay();
        var at = details.runAt() != null || delay == null
                ? Objects.requireNonNull(details.runAt())
                : (before == null ? now : before).plus(delay);
        if (job.expired(at)) return new Done.Left("it would have expired by then");
        if (before == null && !at.isAfter(now)) return new Done.Left("it waits for no time");
        return waits(job, before, at, now);
    }

    private Done unrescheduled(KeptJob job, Before before, Instant now) {
        if (!UniqueKeys.waits(job) || !job.standing().turn().equals(before.became())) return new Done.Left(HAS_RUN);
        var at = job.standing() instanceof Timer timer ? timer.runAt() : null;
        if (at != null && !at.equals(before.setTo())) return new Done.Left("it got another time since");
        var back = before.runAt() == null ? now : before.runAt();
        if (at == null && !back.isAfter(now)) return new Done.Left("it waits for no time any more");
        return waits(job, at, back, now);
    }

    /** A job that no node has waits for a time, or for none if it has come. */
    private Done waits(KeptJob job, @Nullable Instant before, Instant at, Instant now) {
        var standing = job.standing();
        if (!(standing instanceof Timer) && job.stream.info.keyed()) return new Done.Left(IN_LINE);
        var turn = standing instanceof Row ? standing.turn().again() : standing.turn();
        if (!at.isAfter(now)) {
            ledger.stopWaiting(standing);
            ledger.append(job, turn, job.streamOf(turn), now);
            return new Done.Changed(Before.waited(before, turn, null, now));
        }
        switch (standing) {
            case Timer timer -> {
                ledger.stopWaiting(timer);
                ledger.startTimer(job, turn, at, timer.state(), timer.reason());
            }
            case Parked parked -> {
                ledger.stopWaiting(parked);
                ledger.startTimer(job, turn, at, State.SCHEDULED, null);
            }
            case Row row -> {
                ledger.settle(row, Outcome.moved("it was rescheduled", now));
                ledger.startTimer(job, turn, at, State.SCHEDULED, null);
            }
        }
        return new Done.Changed(Before.waited(before, turn, at, now));
    }

    // ---- another payload

    Optional<Stepped> edit(UUID id, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs, Instant now) {
        var known = all.get(id);
        if (known == null) return Optional.empty();
        if (known.endedAt == null && Objects.equals(known.cursor, cursor)) {
            if (next == null) known.endedAt = now;
            else known.cursor = next;
            for (var edited : jobs) known.result(edited.job(), edited(edited, known.change, now));
        }
        return Optional.of(new Stepped(known.progress(), known.cursor));
    }

    private Done edited(Edited to, Change change, Instant now) {
        var payload = to.payload();
        if (payload == null) return new Done.Left(Objects.requireNonNull(to.leftBecause()));
        var job = ledger.jobs.get(to.job());
        if (job == null) return new Done.Left("it is past retention");
        var turn = job.standing().turn();
        var read = to.read();
        if (turn.run() != read.run() || turn.no() != read.no())
            return new Done.Left("it has changed since it was read");
        var old = job.payload;
        if (!old.equals(read.payload()) || !job.kind.equals(read.kind()) || job.kindVersion != read.kindVersion())
            return new Done.Left("its payload has changed since it was read");
        if (Objects.requireNonNull(change.selection()).state().ended()) {
            if (job.state() != State.DISCARDED || job.isDeleted() || !(job.standing() instanceof Row row))
                return new Done.Left("it runs again, or has run again since");
            job.payload = payload;
            ledger.reopen(job, null, now);
            return new Done.Changed(
                    Before.edited(turn.run(), row.outcome, job.standing().turn(), old, payload, now));
        }
        return UniqueKeys.waits(job) ? put(job, payload, now) : new Done.Left(A_NODE_HAS_IT);
    }

    /** A job that no node has gets another payload; what no node could read is tried again. */
    private Done put(KeptJob job, Payload payload, Instant now) {
        var old = job.payload;
        var turn = job.standing().turn();
        if (job.standing() instanceof Row && job.stream.info.keyed()) return new Done.Left(IN_LINE);
        job.payload = payload;
        if (job.standing() instanceof Parked parked && parked.parking() != Parking.BEHIND) {
            ledger.stopWaiting(parked);
            ledger.append(job, turn, job.streamOf(turn), now);
        }
        return new Done.Changed(Before.edited(turn.run(), null, turn, old, payload, now));
    }

    private @Nullable Before unedited(KeptJob job, Before before, Instant now) {
        var old = Objects.requireNonNull(before.payload());
        if (!UniqueKeys.waits(job)
                || !job.standing().turn().equals(before.became())
                || !job.payload.equals(before.edited())) return null;
        if (before.outcome() == null) return put(job, old, now) instanceof Done.Changed(var changed) ? changed : null;
        var done = unrequeued(job, before, now);
        if (done != null) job.payload = old;
        return done;
    }

    // ---- not told of any more

    private Done deleted(KeptJob job, Change change, Instant now) {
        if (!job.state().ended()) return new Done.Left("it runs again");
        if (job.isDeleted()) return new Done.Left("it is deleted already");
        var batch = PartOf.batch(job.headers);
        var follower = batch == null ? null : ledger.jobs.get(batch);
        if (follower != null && !follower.state().ended())
            return new Done.Left("it is part of a batch, and the job that follows will ask how it ended");
        int run = job.standing().turn().run();
        job.deleted = new KeptJob.Deleted(new Deletion(change.id(), change.by(), change.reason(), now), run);
        return new Done.Changed(Before.of(run, null, null, now));
    }

    Optional<Deletion> deletion(JobId id) {
        return Optional.ofNullable(ledger.jobs.get(id))
                .filter(KeptJob::isDeleted)
                .map(job -> Objects.requireNonNull(job.deleted).deletion());
    }

    // ---- looking

    /** What changed a job, in its order. */
    List<JobHistory.Change> changesOf(JobId job) {
        var changes = new ArrayList<JobHistory.Change>();
        for (var known : all.values()) {
            var before = known.changed.get(job);
            if (before != null) changes.add(known.change.told(before.at()));
        }
        changes.sort(Comparator.comparing(JobHistory.Change::at));
        return List.copyOf(changes);
    }

    Optional<KeptChange> change(UUID id) {
        return Optional.ofNullable(all.get(id)).map(BulkChanges::kept);
    }

    List<KeptChange> newest(int limit) {
        var changes = new ArrayList<KeptChange>();
        for (var known : all.values()) changes.add(kept(known));
        Collections.reverse(changes);
        return List.copyOf(changes.subList(0, Math.min(limit, changes.size())));
    }

    List<KeptChange> unfinished(int limit) {
        return all.values().stream()
                .filter(known -> known.endedAt == null)
                .limit(limit)
                .map(BulkChanges::kept)
                .toList();
    }

    private static KeptChange kept(Known known) {
        return new KeptChange(
                known.change,
                known.at,
                known.endedAt,
                known.progress(),
                Map.copyOf(known.left),
                known.cursor,
                known.stopped);
    }
}
