package dev.millrace.memory;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.memory.Standing.Parked;
import dev.millrace.memory.Standing.Timer;
import dev.millrace.store.Adjustment;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Control;
import dev.millrace.store.Crowds;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Place;
import dev.millrace.store.Steering;
import dev.millrace.store.Storage.Wakeup;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tables, and the few ways in which they change: a delivery is appended, a delivery ends, a job waits. Who may do so, and when, is
 * decided by the duties above. Guarded by the lock of {@link Memory}.
 */
final class Ledger {

    /** Deliveries of one job that are kept. */
    static final int MAX_DELIVERIES = 1_000;

    /** When a job runs that waits for its batch, or for other jobs. */
    static final Instant NO_TIME = Instant.MAX;

    /** The log has one partition here: there is nothing to drop. */
    private static final int PART = 1;

    final NavigableMap<JobId, KeptJob> jobs = new TreeMap<>();
    final NavigableMap<String, KeptQueue> queues = new TreeMap<>();
    final Map<Integer, KeptQueue.Stream> streams = new HashMap<>();
    final Map<ClaimToken, Claimed> claims = new HashMap<>();
    final NavigableSet<Timer> timers =
            new TreeSet<>(Comparator.comparing(Timer::runAt).thenComparingLong(Timer::number));
    final NavigableMap<Long, Parked> parked = new TreeMap<>();
    final NavigableMap<Long, Place> withdrawn = new TreeMap<>();
    final Map<Scope, Pause> pauses = new LinkedHashMap<>();

    /** The first of their ends; null if none has one. */
    private @Nullable Instant pausesEnd;

    final NavigableMap<String, Adjustment.Kept> adjustments = new TreeMap<>(); // by what they are of and its name

    private final Crowds crowds = new Crowds();
    private final Set<KeptJob> ended = new LinkedHashSet<>();
    private final Set<Wakeup> hints = new LinkedHashSet<>();
    private final int maxEnded;
    private final List<Ending> endings = new ArrayList<>();
    private final Dependencies dependencies;
    private long xid;
    private long seq;
    private long number;

    Ledger(int maxEnded) {
        this.maxEnded = maxEnded;
        this.dependencies = new Dependencies(this);
    }

    Dependencies dependencies() {
        return dependencies;
    }

    /** Hears of each run that ends. */
    interface Ending {
        void ended(KeptJob job, State state, int run, Instant now);
    }

    /** Who hears of them, in this order. */
    final void onEnd(Ending ending) {
        endings.add(ending);
    }

    /** Each step of the protocol is a transaction of its own. */
    void begin() {
        xid++;
    }

    /** What to tell the listeners once the step is over. */
    List<Wakeup> takeHints() {
        var all = List.copyOf(hints);
        hints.clear();
        return all;
    }

    void hint(Wakeup hint) {
        hints.add(hint);
    }

    /** Orders what happens, finer than a clock. */
    long nextNumber() {
        return ++number;
    }

    // ---- coming

    KeptQueue queue(String name) {
        var known = queues.get(name);
        if (known != null) return known;
        var queue = new KeptQueue(name, streams.size() + 1);
        made(queue.streams());
        queues.put(name, queue);
        return queue;
    }

    /** Where a job waits for its first attempt; made if it is not there. It is about to be enqueued: its tenant's jobs are counted. */
    private KeptQueue.Stream home(NewJob job, Instant now) {
        var queue = queue(job.queue());
        if (Line.of(job.headers()) != null) made(queue.makeKeyed(streams.size() + 1));
        var tenant = Crowds.tenant(job);
        if (tenant == null) return queue.home(job);
        var load = crowds.add(job, tenant, Duration.between(Instant.EPOCH, now).toNanos());
        if (load == Crowds.Load.MUCH) made(queue.setAside(job.priority(), tenant, streams.size() + 1, now));
        var alone = queue.sideOf(job.priority(), tenant, now);
        if (alone != null) return alone;
        if (load == Crowds.Load.FEW) return queue.home(job);
        made(queue.makeSharedSides(job.priority(), streams.size() + 1));
        return queue.sharedSide(job.priority(), tenant);
    }

    private void made(List<KeptQueue.Stream> some) {
        for (var stream : some) {
            streams.put(stream.info.id(), stream);
            hint(new Wakeup.Streams(stream.queue.name));
        }
    }

    KeptQueue.Stream stream(int id) {
        var stream = streams.get(id);
        if (stream == null) {
            throw new MillraceException(
                    "There is no stream %d. Ask for the streams of a queue before claiming from them.".formatted(id));
        }
        return stream;
    }

    List<StreamInfo> streams(Collection<String> names) {
        var all = new ArrayList<StreamInfo>();
        for (var name : names) for (var stream : queue(name).streams()) all.add(stream.info);
        return all;
    }

    /** All of them or, if one of them is here already, none. */
    void enqueue(List<NewJob> all, Instant now) {
        refuseKnown(all);
        dependencies.refuseUnknown(all);
        for (var asked : all) enqueue(asked, now);
    }

    void refuseKnown(List<NewJob> all) {
        var ids = new HashSet<JobId>();
        for (var asked : all) {
            if (jobs.containsKey(asked.id()) || !ids.add(asked.id())) {
                throw new MillraceException("""
                        Job %s is here already; nothing was enqueued. Ids are drawn anew for each job. \
                        To send one job safely twice, give it an idempotency key.""".formatted(asked.id()));
            }
        }
    }

    private void enqueue(NewJob asked, Instant now) {
        var job = new KeptJob(asked, home(asked, now), now);
        jobs.put(job.id, job);
        if (asked.due() instanceof NewJob.Due.After after) {
            dependencies.enqueue(job, after, now);
            return;
        }
        var due = due(asked.due(), now);
        if (due == null) append(job, Turn.first(1), job.stream, now);
        else startTimer(job, Turn.first(1), due, State.SCHEDULED, null);
    }

    /** A job that waits until it is told to wait no more. */
    void enqueueForNoTime(NewJob asked, Instant now) {
        var job = new KeptJob(asked, home(asked, now), now);
        jobs.put(job.id, job);
        startTimer(job, Turn.first(1), NO_TIME, State.SCHEDULED, null);
    }

    /** When it may run; null if that is now. */
    static @Nullable Instant due(NewJob.@Nullable Due due, Instant now) {
        var moment = switch (due) {
            case null -> now;
            case NewJob.Due.In(var delay) -> now.plus(delay);
            case NewJob.Due.At(var at) -> at;
            case NewJob.Due.After after ->
                throw new IllegalArgumentException("a job that waits for others replaces none: " + after);
        };
        return moment.isAfter(now) ? moment : null;
    }

    // ---- being available

    void append(KeptJob job, Turn turn, KeptQueue.Stream stream, Instant now) {
        appendSilently(job, turn, stream, now);
        hint(new Wakeup.Work(stream.queue.name));
    }

    /** Nobody is told: whoever asked for it knows, and others may not be able to run it. */
    void appendSilently(KeptJob job, Turn turn, KeptQueue.Stream stream, Instant now) {
        var row = record(job, turn, stream, now);
        stream.pending.addLast(row);
        job.move(State.AVAILABLE, row);
    }

    /** A delivery that nobody can claim: the place for the outcome of a job that ends while it waits. */
    private Row record(KeptJob job, Turn turn, KeptQueue.Stream stream, Instant now) {
        var row = new Row(new Place(PART, stream.info.id(), xid, ++seq), job, turn, now);
        if (turn.no() == 1) job.first = new Line.Position(row.place.xid(), row.place.seq());
        job.rows.addLast(row);
        if (job.rows.size() > MAX_DELIVERIES) forget(job.rows.removeFirst());
        return row;
    }

    // ---- waiting

    void startTimer(KeptJob job, Turn turn, Instant runAt, State state, @Nullable String reason) {
        var timer = new Timer(job, turn, runAt, nextNumber(), state, reason);
        timers.add(timer);
        job.move(state, timer);
    }

    /**
     * A job that waits for its first time to run becomes what another one asks for.
     *
     * @param runAt the time that it waits for; null, or one that has come, is now
     */
    void become(Timer timer, NewJob other, @Nullable Instant runAt, Instant now) {
        var job = timer.job();
        stopWaiting(timer);
        job.become(other, home(other, now), now);
        if (runAt != null && runAt.isAfter(now)) startTimer(job, timer.turn(), runAt, State.SCHEDULED, null);
        else append(job, timer.turn(), job.stream, now);
    }

    void park(KeptJob job, Turn turn, Parking parking, String detail, Instant now) {
        var waiting = new Parked(job, turn, nextNumber(), parking, detail, now);
        parked.put(waiting.number(), waiting);
        job.move(State.AVAILABLE, waiting);
    }

    /** The wait is over: the job is on its way into the log. */
    void stopWaiting(Standing waiting) {
        switch (waiting) {
            case Timer timer -> timers.remove(timer);
            case Parked parking -> parked.remove(parking.number());
            case Row row -> throw new IllegalStateException("job " + row.job().id + " does not wait");
        }
    }

    // ---- ending

    /** Ends a job wherever it stands: in the log by its outcome, else by a delivery that is made for it. */
    Row endJob(KeptJob job, State state, Outcome outcome, Instant now) {
        var row = job.standing() instanceof Row inLog ? inLog : leaveWait(job, now);
        settle(row, outcome);
        job.move(state, row);
        ended.add(job);
        for (var ending : endings) ending.ended(job, state, row.turn().run(), now);
        if (ended.size() > maxEnded) forgetOldest();
        return row;
    }

    private Row leaveWait(KeptJob job, Instant now) {
        stopWaiting(job.standing());
        return record(job, job.standing().turn(), job.stream, now);
    }

    void settle(Row row, Outcome outcome) {
        row.outcome = outcome;
        if (outcome.failure() != null) row.job().failure = outcome.failure();
    }

    /** @param runAt the time that it waits for; null, or one that has passed, is now */
    void reopen(KeptJob job, @Nullable Instant runAt, Instant now) {
        ended.remove(job);
        job.failure = null;
        job.progress = null;
        job.expiresAt = null; // it has been decided anew that it shall run
        var turn = Turn.first(job.standing().turn().run() + 1);
        if (runAt != null && runAt.isAfter(now)) startTimer(job, turn, runAt, State.SCHEDULED, null);
        else append(job, turn, job.streamOf(turn), now);
    }

    // ---- what people said

    boolean pause(Pause pause) {
        if (pauses.size() >= Steering.MOST_PAUSES && !pauses.containsKey(pause.scope())) return false;
        pauses.put(pause.scope(), pause);
        pausesEnd = nextEnd();
        hint(new Wakeup.Command());
        return true;
    }

    /** Ends those whose end has come. Each step begins with it, so that none finds one that is over. */
    void endPauses(Instant now) {
        if (pausesEnd == null || pausesEnd.isAfter(now)) return;
        pauses.values().removeIf(pause -> pause.isOver(now));
        pausesEnd = nextEnd();
        hint(new Wakeup.Command());
    }

    private @Nullable Instant nextEnd() {
        return pauses.values().stream()
                .map(Pause::until)
                .flatMap(Stream::ofNullable)
                .min(Comparator.naturalOrder())
                .orElse(null);
    }

    boolean adjust(Adjustment adjustment, String reason, String by, Instant now) {
        var key = adjustmentKey(adjustment.of(), adjustment.name());
        if (adjustments.size() >= Steering.MOST_ADJUSTED && !adjustments.containsKey(key)) return false;
        adjustments.put(key, new Adjustment.Kept(adjustment, reason, by, now));
        hint(new Wakeup.Command());
        return true;
    }

    boolean reset(Adjustment.Of of, String name) {
        if (adjustments.remove(adjustmentKey(of, name)) == null) return false;
        hint(new Wakeup.Command());
        return true;
    }

    /** What operators have set; null if nothing. */
    @Nullable
    Adjustment adjustment(Adjustment.Of of, String name) {
        var kept = adjustments.get(adjustmentKey(of, name));
        return kept == null ? null : kept.adjustment();
    }

    private static String adjustmentKey(Adjustment.Of of, String name) {
        return of.name() + " " + name;
    }

    /** Why something is paused; null if it is not. */
    @Nullable
    String pausedBecause(Scope scope) {
        var pause = pauses.get(scope);
        return pause == null ? null : pause.reason();
    }

    void resume(Scope scope) {
        if (pauses.remove(scope) != null) hint(new Wakeup.Command());
    }

    Control control(String cursor, boolean setSchedules, Set<Adjustment> coded) {
        Collection<Place> since = cursor.equals(Control.START)
                ? List.of()
                : withdrawn.tailMap(Long.parseLong(cursor), false).values();
        return new Control(
                Long.toString(number),
                Set.copyOf(since),
                Set.copyOf(pauses.keySet()),
                Stream.concat(adjustments.values().stream().map(Adjustment.Kept::adjustment), coded.stream())
                        .collect(Collectors.toUnmodifiableSet()),
                setSchedules,
                parked.values().stream().anyMatch(one -> one.parking() != Parking.BEHIND));
    }

    // ---- forgetting

    private void forgetOldest() {
        Iterator<KeptJob> oldest = ended.iterator();
        var job = oldest.next();
        oldest.remove();
        jobs.remove(job.id);
        job.queue.count(job.state(), job.standing(), -1);
        job.forgotten = true;
        job.rows.forEach(this::forget);
    }

    private void forget(Row row) {
        withdrawn.remove(row.withdrawal);
        var claim = row.claim;
        if (claim == null || row.withdrawal > 0) return; // its node may still come with an end for it
        claim.rows.remove(row.place);
        if (claim.rows.isEmpty()) claims.remove(claim.token);
    }
}
