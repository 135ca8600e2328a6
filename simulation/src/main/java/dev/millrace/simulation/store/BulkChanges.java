package dev.millrace.simulation.store;

import dev.millrace.Deletion;
import dev.millrace.FailureGroup;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.BulkJob;
import dev.millrace.simulation.store.Rows.BulkJobKey;
import dev.millrace.simulation.store.Rows.BulkRow;
import dev.millrace.simulation.store.Rows.CancelMark;
import dev.millrace.simulation.store.Rows.DeletedRow;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Logged;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Parked;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.Bulk;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
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
import dev.millrace.store.Storage.Wakeup;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Changes of many jobs: {@code V028__bulk_changes.sql}, {@code V030__batches.sql}, {@code V038__more_bulk_changes.sql},
 * {@code V043__surer_operations.sql}. */
final class BulkChanges {

    private static final Comparator<JobId> NEWEST_FIRST =
            Comparator.comparing(JobId::value).reversed();

    private final Tables tables;
    private final Steering steering;
    private final Looking looking;
    private final Batches batches;
    private final Dependencies dependencies;
    private final BiConsumer<Transaction, Wakeup> hints;

    BulkChanges(
            Tables tables,
            Steering steering,
            Looking looking,
            Batches batches,
            Dependencies dependencies,
            BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.steering = steering;
        this.looking = looking;
        this.batches = batches;
        this.dependencies = dependencies;
        this.hints = hints;
    }

    // ---- which jobs

    Piece select(Transaction tx, Selection selection, @Nullable JobId before, int look) {
        tx.statement();
        var selected = new ArrayList<JobId>();
        @Nullable JobId last = null;
        for (var job : some(tx, before, look)) {
            last = job;
            if (looking.find(tx, job)
                    .filter(view -> isSelected(view, selection))
                    .isPresent()) selected.add(job);
        }
        return new Piece(List.copyOf(selected), last, tables.now());
    }

    private List<JobId> some(Transaction tx, @Nullable JobId before, int look) {
        NavigableSet<JobId> all = new TreeSet<>(NEWEST_FIRST);
        for (var row : tables.log.all(tx)) all.add(row.asked().job());
        for (var row : tables.timers.all(tx)) all.add(row.asked().job());
        for (var row : tables.parked.all(tx)) all.add(row.asked().job());
        var older = before == null ? all : all.tailSet(before, false);
        return older.stream().limit(look).toList();
    }

    FailurePiece failures(Transaction tx, Selection selection, @Nullable JobId before, int look) {
        var groups = new HashMap<String, List<JobView>>();
        var piece = select(tx, selection, before, look);
        for (var id : piece.jobs()) {
            var job = looking.find(tx, id).orElseThrow();
            if (job.failure() != null)
                groups.computeIfAbsent(job.failure().fingerprint(), first -> new ArrayList<>())
                        .add(job);
        }
        return new FailurePiece(groups.values().stream().map(BulkChanges::group).toList(), piece.next());
    }

    PayloadPiece payloads(Transaction tx, Selection selection, @Nullable JobId before, int look, int most) {
        tx.statement();
        var selected = new ArrayList<Bulk.Editable>();
        @Nullable JobId last = null;
        long bytes = 0;
        for (var job : some(tx, before, look)) {
            if (looking.find(tx, job)
                    .filter(view -> isSelected(view, selection))
                    .isPresent()) {
                var asked = asked(tx, job);
                bytes += asked.payload().bytes();
                if (selected.size() == most || (!selected.isEmpty() && bytes > Bulk.PAYLOAD_BYTES)) break;
                selected.add(asked);
            }
            last = job;
        }
        return new PayloadPiece(List.copyOf(selected), last);
    }

    private Bulk.Editable asked(Transaction tx, JobId job) {
        for (var timer : tables.timers.by(tx, tables.timersByJob, job)) return asked(timer.asked(), timer.turn());
        for (var parked : tables.parked.by(tx, tables.parkedByJob, job)) return asked(parked.asked(), parked.turn());
        var row = Objects.requireNonNull(steering.newest(tx, job));
        return asked(row.asked(), row.turn());
    }

    private static Bulk.Editable asked(Asked asked, Turn turn) {
        return new Bulk.Editable(
                asked.job(), asked.kind(), asked.kindVersion(), turn.run(), turn.no(), asked.payload());
    }

    private static FailureGroup group(List<JobView> jobs) {
        var newest = Collections.max(jobs, Comparator.comparing(BulkChanges::at));
        var failure = Objects.requireNonNull(newest.failure());
        return new FailureGroup(
                failure.fingerprint(),
                failure.type(),
                failure.message(),
                jobs.size(),
                jobs.stream().map(JobView::kind).distinct().sorted().toList(),
                newest.id(),
                at(newest));
    }

    private static Instant at(JobView job) {
        return job.endedAt() == null ? job.enqueuedAt() : job.endedAt();
    }

    private static boolean isSelected(JobView job, Selection s) {
        if (job.state() != s.state()) return false;
        var at = at(job);
        var failure = job.failure();
        return (s.queue() == null || s.queue().equals(job.queue()))
                && (s.kind() == null || s.kind().equals(job.kind()))
                && (s.tenant() == null || s.tenant().equals(job.headers().get("tenant")))
                && (s.tag() == null
                        || Arrays.asList(job.headers().getOrDefault("tags", "").split(",", -1))
                                .contains(s.tag()))
                && (s.failedWith() == null || (failure != null && s.failedWith().equals(failure.type())))
                && (s.fingerprint() == null
                        || (failure != null && s.fingerprint().equals(failure.fingerprint())))
                && (s.text() == null || contains(job, s.text()))
                && (s.since() == null || !at.isBefore(s.since()))
                && (s.upto() == null || !at.isAfter(s.upto()));
    }

    private static boolean contains(JobView job, String text) {
        var wanted = text.toLowerCase(Locale.ROOT);
        var payload = String.valueOf(job.payload());
        return (!new Payload.Text(payload).isEncoded()
                        && payload.toLowerCase(Locale.ROOT).contains(wanted))
                || (job.failure() != null
                        && job.failure().message().toLowerCase(Locale.ROOT).contains(wanted));
    }

    // ---- doing

    void begin(Transaction tx, Change change) {
        tx.statement();
        if (!tables.bulkChanges.insertIfAbsent(
                tx, change.id(), new BulkRow(change, tables.now(), null, 0, 0, null, null))) return;
        if (change.undoes() == null) return;
        tx.statement();
        tables.bulkChanges.update(tx, change.undoes(), row -> row.endedAt() == null, row -> row.ended(tables.now()));
    }

    Optional<Progress> goOn(Transaction tx, UUID id, int most) {
        tx.statement();
        var row = tables.planted(Bug.CHANGE_WITHOUT_LOCK)
                ? tables.bulkChanges.get(tx, id)
                : tables.bulkChanges.lock(tx, id, any -> true);
        if (row == null) return Optional.empty();
        if (row.endedAt() != null) return Optional.of(progress(row));
        if (row.change().action() == Action.EDIT && row.change().undoes() == null)
            throw new IllegalStateException("The change " + id + " edits payloads: it is done by edit(…)");
        if (row.change().action() == Action.RESCHEDULE || row.change().action() == Action.EDIT)
            tx.xid(); // before it reads the clock
        var then = row.change().undoes() == null ? some(tx, row, most) : someUndone(tx, row, most);
        tx.statement();
        tables.bulkChanges.update(tx, id, any -> true, any -> then);
        return Optional.of(progress(then));
    }

    boolean stop(Transaction tx, UUID id, Stopped stopped) {
        tx.statement();
        return tables.bulkChanges.update(
                        tx, id, row -> row.endedAt() == null, row -> row.stopped(stopped, tables.now()))
                != null;
    }

    private static Progress progress(BulkRow row) {
        return new Progress(row.matched(), row.changed(), row.endedAt() != null);
    }

    private BulkRow some(Transaction tx, BulkRow row, int most) {
        var change = row.change();
        var selection = Objects.requireNonNull(change.selection());
        var piece = select(tx, selection, row.cursor(), most);
        if (piece.next() == null) return row.ended(tables.now());
        var runs = new HashMap<JobId, Integer>();
        for (var job : piece.jobs())
            runs.put(job, looking.find(tx, job).map(JobView::run).orElse(0)); // as it was selected
        if (change.action() == Action.CANCEL
                || (change.action() == Action.RESCHEDULE && selection.state() == State.AVAILABLE))
            lockStreams(tx, piece.jobs());
        int changed = 0;
        for (var job : piece.jobs()) {
            int run = Objects.requireNonNull(runs.get(job));
            var done = switch (change.action()) {
                case REQUEUE ->
                    requeue(tx, job, run, selection.state(), change.details().priority(), null, false, null);
                case CANCEL -> cancel(tx, job, change.reason());
                case RESCHEDULE -> reschedule(tx, job, change.details());
                case DELETE -> delete(tx, job, run, change.id());
                case EDIT -> throw new IllegalStateException("an edit is done by edit(…)");
            };
            if (done != null) changed++;
            note(tx, change.id(), job, done, "it could not be changed any more");
        }
        return row.upTo(piece.next(), piece.jobs().size(), changed);
    }

    private BulkRow someUndone(Transaction tx, BulkRow row, int most) {
        var change = row.change();
        tx.statement();
        var all = tables.bulkJobs.all(tx).stream()
                .filter(job -> job.key().change().equals(change.undoes()) && job.leftBecause() == null)
                .sorted(Comparator.comparing(job -> job.key().job(), NEWEST_FIRST))
                .filter(job ->
                        row.cursor() == null || NEWEST_FIRST.compare(job.key().job(), row.cursor()) > 0)
                .limit(most)
                .toList();
        var left = fitting(all);
        if (left.isEmpty()) return row.ended(tables.now());
        if (change.action() != Action.REQUEUE && change.action() != Action.DELETE)
            lockStreams(tx, left.stream().map(before -> before.key().job()).toList());
        int changed = 0;
        for (var before : left) {
            var job = before.key().job();
            var done = switch (change.action()) {
                case CANCEL -> unrequeue(tx, job, before);
                case REQUEUE -> requeue(tx, job, before.run(), State.CANCELLED, null, before.runAt(), true, null);
                case RESCHEDULE -> unreschedule(tx, job, before);
                case EDIT ->
                    before.became() == null
                            ? unrequeue(tx, job, before)
                            : put(
                                    tx,
                                    job,
                                    before.became().run(),
                                    before.became().no(),
                                    Objects.requireNonNull(before.payload()),
                                    before.edited(),
                                    null);
                case DELETE -> undelete(tx, job, before.run(), Objects.requireNonNull(change.undoes()));
            };
            if (done != null) changed++;
            note(tx, change.id(), job, done, "it has run since, or a node has it");
        }
        return row.upTo(left.getLast().key().job(), left.size(), changed);
    }

    /** As many as one step puts back: of payloads so many bytes, at least one. */
    private static List<BulkJob> fitting(List<BulkJob> all) {
        long bytes = 0;
        for (int n = 0; n < all.size(); n++) {
            var old = all.get(n).payload();
            if (old != null) bytes += old.bytes();
            if (n > 0 && bytes > Bulk.PAYLOAD_BYTES) return all.subList(0, n);
        }
        return all;
    }

    /** In their order: who changes others at the same time waits, and for nobody else. */
    private void lockStreams(Transaction tx, List<JobId> jobs) {
        tx.statement();
        var streams = new TreeSet<Integer>();
        for (var job : jobs) {
            var newest = steering.newest(tx, job);
            if (newest != null) streams.add(newest.place().stream());
        }
        for (int stream : streams) tx.lock(new Claiming.StreamLock(stream));
    }

    /** How a job was before, whether another run was begun, and what it became. */
    private record Before(
            int run,
            boolean begun,
            @Nullable Instant runAt,
            @Nullable Turn became,
            @Nullable Instant setTo,
            @Nullable Payload payload,
            @Nullable Payload edited) {

        Before(int run, boolean begun, @Nullable Instant runAt) {
            this(run, begun, runAt, null, null, null, null);
        }
    }

    private void note(Transaction tx, UUID change, JobId job, @Nullable Before done, String why) {
        var key = new BulkJobKey(change, job);
        tables.bulkJobs.insertIfAbsent(
                tx,
                key,
                done == null
                        ? new BulkJob(key, 0, false, null, null, null, null, null, tables.now(), why)
                        : new BulkJob(
                                key,
                                done.run(),
                                done.begun(),
                                done.runAt(),
                                done.became(),
                                done.setTo(),
                                done.payload(),
                                done.edited(),
                                tables.now(),
                                null));
    }

    /** @param back whether a cancel is taken back: then it expires when it would have */
    private @Nullable Before requeue(
            Transaction tx,
            JobId job,
            int run,
            State endedAs,
            @Nullable Priority priority,
            @Nullable Instant runAt,
            boolean back,
            @Nullable Payload payload) {
        lockJob(tx, job);
        if (!tables.timers.by(tx, tables.timersByJob, job).isEmpty()
                || !tables.parked.by(tx, tables.parkedByJob, job).isEmpty()) return null;
        var newest = steering.newest(tx, job);
        if (newest == null || newest.turn().run() != run) return null;
        var ending = tables.ending(tx, DeliveryKey.of(newest.place()));
        if (ending == null || !ending.last() || ending.state() != endedAs || isDeleted(tx, job, run)) return null;
        tx.statement();
        var asked = back ? newest.asked() : newest.asked().withoutExpiry();
        if (tables.keyed(tx, asked.stream()) != null) asked = tables.anew(tx, asked); // it has no other priority
        else if (priority != null) asked = asked.withPriority(priority, streamOf(tx, asked, priority));
        if (payload != null) asked = asked.withPayload(payload);
        var turn = Turn.first(newest.turn().run() + 1);
        @Nullable String says = null;
        if (Rows.NO_TIME.equals(runAt)) {
            batches.waitsAgain(tx, job);
            says = dependencies.waitsAgain(tx, job);
        }
        tx.xid(); // before it reads the clock
        if (runAt != null && runAt.isAfter(tables.now())) {
            long id = tables.nextNumber();
            tables.timers.insert(tx, id, new Timer(id, runAt, false, says, null, asked, turn));
        } else {
            tables.append(tx, tables.meta(tx).currentPart(), asked.stream(), asked, turn);
        }
        hints.accept(tx, new Wakeup.Work(asked.queue()));
        return new Before(
                run,
                true,
                null,
                null,
                null,
                payload == null ? null : newest.asked().payload(),
                payload);
    }

    private void lockJob(Transaction tx, JobId job) {
        tx.statement();
        if (!tables.planted(Bug.REQUEUED_WITHOUT_LOCK)) tx.lock(new Steering.JobLock(job));
        tx.statement();
    }

    private int streamOf(Transaction tx, Asked asked, Priority priority) {
        var own = tables.stream(tx, asked.stream());
        int shard = own.aside() && own.priority() != priority ? 0 : own.shard();
        return tables.streams.all(tx).stream()
                .filter(stream -> stream.queue().equals(asked.queue())
                        && stream.priority() == priority
                        && stream.shard() == shard)
                .findFirst()
                .orElseThrow()
                .id();
    }

    private @Nullable Before cancel(Transaction tx, JobId job, String reason) {
        lockJob(tx, job);
        if (isWaitingHeld(tx, job)) return null;
        @Nullable Instant runAt = null;
        for (var timer : tables.timers.by(tx, tables.timersByJob, job)) runAt = timer.runAt();
        if (!steering.endWaiting(tx, job, "cancelled", reason, null)) return null;
        tx.statement();
        return new Before(
                Objects.requireNonNull(steering.newest(tx, job)).turn().run(), false, runAt);
    }

    /**
     * Whether somebody else holds the row in which a job waits: {@code is_waiting_held}. It is not waited for him: he may wait himself, for the row
     * of a job that was withdrawn here.
     */
    private boolean isWaitingHeld(Transaction tx, JobId job) {
        boolean all = true;
        for (var timer : tables.timers.by(tx, tables.timersByJob, job))
            all &= tables.timers.lockUnlessLocked(tx, timer.id(), any -> true) != null;
        for (var parked : tables.parked.by(tx, tables.parkedByJob, job))
            all &= tables.parked.lockUnlessLocked(tx, parked.id(), any -> true) != null;
        if (all) return false;
        tx.statement(); // it may have gone before this one began
        return !tables.timers.by(tx, tables.timersByJob, job).isEmpty()
                || !tables.parked.by(tx, tables.parkedByJob, job).isEmpty();
    }

    /** A run that has not been started ends as, and when, the run before it had ended. The stream is locked. */
    private @Nullable Before unrequeue(Transaction tx, JobId job, BulkJob note) {
        lockJob(tx, job);
        int run = note.run();
        if (!tables.timers.by(tx, tables.timersByJob, job).isEmpty()
                || !tables.parked.by(tx, tables.parkedByJob, job).isEmpty()) return null;
        var newest = steering.newest(tx, job);
        if (newest == null || newest.turn().run() != run + 1 || newest.turn().no() != 1) return null;
        if (steering.isClaimed(tx, newest.place())) return null;
        var key = DeliveryKey.of(newest.place());
        if (tables.ending(tx, key) != null) return null;
        var old = note.payload();
        if (old != null && !newest.asked().payload().equals(note.edited())) return null;
        Rows.@Nullable Logged last = null;
        for (var row : tables.log.by(tx, tables.logByJob, job))
            if (row.turn().run() == run && (last == null || last.turn().before(row.turn()))) last = row;
        var before = last == null ? null : tables.ending(tx, DeliveryKey.of(last.place()));
        if (before == null) return null;
        tx.meanwhile();
        if (old == null) {
            if (!tables.outcomes.insertIfAbsent(tx, key, again(key, job, before))) return null;
        } else {
            if (!tables.outcomes.insertIfAbsent(tx, key, moved(key, job, "its payload is what it was"))) return null;
            var asked = newest.asked().withPayload(old);
            var place = tables.append(
                    tx,
                    tables.meta(tx).currentPart(),
                    tables.endedOf(tx, asked),
                    asked,
                    newest.turn().again());
            tables.outcomes.insert(tx, DeliveryKey.of(place), again(DeliveryKey.of(place), job, before));
        }
        tables.cancelMarks.insertIfAbsent(tx, key, new CancelMark(newest.place(), tx.xid()));
        return new Before(run + 1, false, null);
    }

    private static Outcome again(DeliveryKey key, JobId job, Outcome before) {
        return new Outcome(
                key, job, before.word(), before.at(), null, null, null, null, before.reason(), before.failure(), null);
    }

    private Outcome moved(DeliveryKey key, JobId job, String reason) {
        return new Outcome(key, job, "moved", tables.now(), null, null, null, null, reason, null, null);
    }

    // ---- where it waits: V038

    /** How a job waits that no node has. */
    private record Waits(
            Asked asked,
            Turn turn,
            @Nullable Timer timer,
            @Nullable Parked parked,
            @Nullable Logged row) {
        @Nullable
        Instant runAt() {
            return timer == null ? null : timer.runAt();
        }
    }

    /** Null if a node has it, it has ended, or another transaction is about to change it: {@code waiting_of}. */
    private @Nullable Waits waiting(Transaction tx, JobId job) {
        if (isWaitingHeld(tx, job)) return null;
        tx.statement();
        for (var timer : tables.timers.by(tx, tables.timersByJob, job))
            return new Waits(timer.asked(), timer.turn(), timer, null, null);
        for (var parked : tables.parked.by(tx, tables.parkedByJob, job))
            return new Waits(parked.asked(), parked.turn(), null, parked, null);
        var row = steering.newest(tx, job);
        if (row == null || tables.ending(tx, DeliveryKey.of(row.place())) != null) return null;
        return steering.isClaimed(tx, row.place()) ? null : new Waits(row.asked(), row.turn(), null, null, row);
    }

    /** Whether a delivery ended that no node has: {@code move_away}. */
    private boolean moveAway(Transaction tx, JobId job, Logged row, String reason) {
        if (tables.keyed(tx, row.place().stream()) != null) return false;
        tx.statement();
        tx.lock(new Claiming.StreamLock(row.place().stream()));
        tx.statement();
        var key = DeliveryKey.of(row.place());
        if (steering.isClaimed(tx, row.place()) || tables.ending(tx, key) != null) return false;
        tx.meanwhile();
        if (!tables.outcomes.insertIfAbsent(tx, key, moved(key, job, reason))) return false;
        tables.cancelMarks.insertIfAbsent(tx, key, new CancelMark(row.place(), tx.xid()));
        return true;
    }

    private @Nullable Before reschedule(Transaction tx, JobId job, Details details) {
        lockJob(tx, job);
        var waits = waiting(tx, job);
        if (waits == null) return null;
        var before = waits.runAt();
        if (Rows.NO_TIME.equals(before)) return null;
        var now = tables.now();
        var delay = details.delay();
        var at = delay == null ? Objects.requireNonNull(details.runAt()) : (before == null ? now : before).plus(delay);
        if (waits.asked().expired(at) || (before == null && !at.isAfter(now))) return null;
        return waitUntil(tx, waits, before, at);
    }

    private @Nullable Before unreschedule(Transaction tx, JobId job, BulkJob note) {
        lockJob(tx, job);
        var waits = waiting(tx, job);
        if (waits == null || !waits.turn().equals(note.became())) return null;
        var at = waits.runAt();
        if (at != null && !at.equals(note.setTo())) return null;
        var now = tables.now();
        var back = note.runAt() == null ? now : note.runAt();
        if (at == null && !back.isAfter(now)) return null;
        return waitUntil(tx, waits, at, back);
    }

    /** {@code wait_until}. */
    private @Nullable Before waitUntil(Transaction tx, Waits waits, @Nullable Instant before, Instant at) {
        boolean later = at.isAfter(tables.now());
        var asked = waits.asked();
        if (waits.parked() != null && tables.keyed(tx, asked.stream()) != null) return null;
        var turn = waits.row() == null ? waits.turn() : waits.turn().again();
        var timer = waits.timer();
        if (timer != null && later) {
            tables.timers.update(
                    tx,
                    timer.id(),
                    any -> true,
                    old -> new Timer(old.id(), at, old.retry(), old.reason(), old.failure(), old.asked(), old.turn()));
            return new Before(turn.run(), false, before, turn, at, null, null);
        }
        if (timer != null) tables.timers.delete(tx, timer.id(), any -> true);
        if (waits.parked() != null) tables.parked.delete(tx, waits.parked().id(), any -> true);
        if (waits.row() != null && !moveAway(tx, asked.job(), waits.row(), "it was rescheduled")) return null;
        tx.statement();
        if (later) {
            long id = tables.nextNumber();
            tables.timers.insert(tx, id, new Timer(id, at, false, null, null, asked, turn));
        } else {
            tables.append(tx, tables.meta(tx).currentPart(), asked.stream(), asked, turn);
            hints.accept(tx, new Wakeup.Work(asked.queue()));
        }
        return new Before(turn.run(), false, before, turn, later ? at : null, null, null);
    }

    // ---- another payload

    Optional<Stepped> edit(Transaction tx, UUID id, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs) {
        tx.statement();
        var row = tables.bulkChanges.lock(tx, id, any -> true);
        if (row == null) return Optional.empty();
        if (row.endedAt() != null || !Objects.equals(row.cursor(), cursor))
            return Optional.of(new Stepped(progress(row), row.cursor()));
        tx.xid(); // before it reads the clock
        var state = Objects.requireNonNull(row.change().selection()).state();
        if (state == State.AVAILABLE)
            lockStreams(tx, jobs.stream().map(Edited::job).toList());
        int changed = 0;
        for (var edited : jobs) {
            var payload = edited.payload();
            var done = payload == null
                    ? null
                    : state.ended()
                            ? requeue(tx, edited.job(), edited.read().run(), state, null, null, false, payload)
                            : edit(tx, edited, payload);
            if (done != null) changed++;
            note(
                    tx,
                    id,
                    edited.job(),
                    done,
                    edited.leftBecause() == null ? "it could not be changed any more" : edited.leftBecause());
        }
        var upTo = next == null
                ? new BulkRow(
                        row.change(),
                        row.at(),
                        cursor,
                        row.matched() + jobs.size(),
                        row.changed() + changed,
                        tables.now(),
                        null)
                : row.upTo(next, jobs.size(), changed);
        tx.statement();
        tables.bulkChanges.update(tx, id, any -> true, any -> upTo);
        return Optional.of(new Stepped(progress(upTo), upTo.cursor()));
    }

    private @Nullable Before edit(Transaction tx, Edited edited, Payload payload) {
        var read = edited.read();
        return put(tx, read.job(), read.run(), read.no(), payload, read.payload(), read);
    }

    /**
     * {@code edit_one}.
     *
     * @param instead what it must be now
     * @param read of which kind and version; null if that is not asked
     */
    private @Nullable Before put(
            Transaction tx,
            JobId job,
            int run,
            int no,
            Payload payload,
            @Nullable Payload instead,
            Bulk.@Nullable Editable read) {
        lockJob(tx, job);
        var waits = waiting(tx, job);
        if (waits == null || waits.turn().run() != run || waits.turn().no() != no) return null;
        var old = waits.asked().payload();
        if (instead != null && !old.equals(instead)) return null;
        if (read != null
                && (!waits.asked().kind().equals(read.kind()) || waits.asked().kindVersion() != read.kindVersion()))
            return null;
        var asked = waits.asked().withPayload(payload);
        var turn = waits.row() == null ? waits.turn() : waits.turn().again();
        if (waits.timer() != null) {
            tables.timers.update(
                    tx,
                    waits.timer().id(),
                    any -> true,
                    was -> new Timer(was.id(), was.runAt(), was.retry(), was.reason(), was.failure(), asked, turn));
        } else if (waits.parked() != null && waits.parked().parking() == Parking.BEHIND) {
            tables.parked.update(tx, waits.parked().id(), any -> true, was -> was.withAsked(asked));
        } else {
            if (waits.parked() != null) tables.parked.delete(tx, waits.parked().id(), any -> true);
            if (waits.row() != null && !moveAway(tx, job, waits.row(), "its payload was edited")) return null;
            tx.statement();
            int stream = waits.row() == null ? asked.stream() : waits.row().place().stream();
            tables.append(tx, tables.meta(tx).currentPart(), stream, asked, turn);
            hints.accept(tx, new Wakeup.Work(asked.queue()));
        }
        return new Before(run, false, null, turn, null, old, payload);
    }

    // ---- not told of any more

    private boolean isDeleted(Transaction tx, JobId job, int run) {
        var mark = tables.deleted.get(tx, job);
        return mark != null && mark.run() == run;
    }

    private @Nullable Before delete(Transaction tx, JobId job, int run, UUID change) {
        lockJob(tx, job);
        if (!tables.timers.by(tx, tables.timersByJob, job).isEmpty()
                || !tables.parked.by(tx, tables.parkedByJob, job).isEmpty()) return null;
        var newest = steering.newest(tx, job);
        if (newest == null || newest.turn().run() != run) return null;
        var ending = tables.ending(tx, DeliveryKey.of(newest.place()));
        if (ending == null || !ending.last() || isDeleted(tx, job, run)) return null;
        var batch = PartOf.batch(newest.asked().headers());
        if (batch != null
                && looking.find(tx, batch).filter(view -> !view.state().ended()).isPresent()) return null;
        var mark = new DeletedRow(job, run, change, tables.now());
        if (!tables.deleted.insertIfAbsent(tx, job, mark)) {
            tx.statement();
            if (tables.deleted.update(tx, job, old -> old.run() != run, old -> mark) == null) return null;
        }
        return new Before(run, false, null);
    }

    private @Nullable Before undelete(Transaction tx, JobId job, int run, UUID undone) {
        tx.statement();
        return tables.deleted.delete(tx, job, mark -> mark.change().equals(undone)) == null
                ? null
                : new Before(run, false, null);
    }

    Optional<Deletion> deletion(Transaction tx, JobId job) {
        tx.statement();
        var mark = tables.deleted.get(tx, job);
        if (mark == null || looking.find(tx, job).isPresent()) return Optional.empty();
        var row = Objects.requireNonNull(tables.bulkChanges.get(tx, mark.change()));
        return Optional.of(
                new Deletion(mark.change(), row.change().by(), row.change().reason(), mark.at()));
    }

    // ---- looking

    List<KeptChange> changes(Transaction tx) {
        tx.statement();
        return tables.bulkChanges.all(tx).stream()
                .sorted(Comparator.comparing(BulkRow::at).reversed())
                .map(row -> kept(tx, row))
                .toList();
    }

    List<KeptChange> unfinished(Transaction tx) {
        tx.statement();
        return tables.bulkChanges.all(tx).stream()
                .filter(row -> row.endedAt() == null)
                .sorted(Comparator.comparing(BulkRow::at))
                .map(row -> kept(tx, row))
                .toList();
    }

    private KeptChange kept(Transaction tx, BulkRow row) {
        var left = new HashMap<String, Long>();
        for (var job : tables.bulkJobs.all(tx))
            if (job.key().change().equals(row.change().id()) && job.leftBecause() != null)
                left.merge(job.leftBecause(), 1L, Long::sum);
        return new KeptChange(row.change(), row.at(), row.endedAt(), progress(row), left, row.cursor(), row.stopped());
    }
}
