package dev.millrace.node;

import dev.millrace.LogLevel;
import dev.millrace.MillraceException;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.Payload;
import dev.millrace.store.Protocol;
import dev.millrace.store.StoreException;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One delivery on this node, from the read to the acknowledged outcome, and what its handler holds in its hands.
 *
 * <p>Its stage changes by compare-and-set only, so that exactly one decides how it ends: the handler's return, the deadline, a cancel
 * that was not heeded, the shutdown, or the lost lease. Whoever moves it to {@code ENDED} owns what follows; everybody else, such as
 * a handler that comes back long after its deadline, is too late and changes nothing.
 */
final class HeldDelivery implements Held, Runnable, Group.Ready {

    enum Stage {
        /** Waits for a slot. */
        WAITING,
        /** Has a slot; its start may have to be marked first. */
        MARKING,
        /** Its handler runs. */
        RUNNING,
        /** How it ends is decided. */
        ENDED
    }

    /** Why a handler was told to stop. */
    enum Stop {
        CANCELLED,
        DEADLINE,
        SHUTDOWN,
        LEASE_LOST
    }

    /** An attempt whose body broke, which no retry policy has judged, is repeated so often at most. */
    private static final int BROKEN_ATTEMPTS = 10;

    /** So often the storage may refuse an outcome before it is taken for one that can't be written. */
    private static final int REFUSALS = 3;

    private final Incarnation node;
    private final Delivery delivery;
    private final Batch batch;
    private final int index;
    private final @Nullable KindLine kind;
    private final long readAt;
    private final long expiresIn;
    private long since; // the starter's own
    private @Nullable String paused; // the starter's own
    private volatile boolean letGo;
    private volatile int aside; // a side shard's number, or 0
    private double turn; // the starter's own
    private long arrival; // the starter's own
    private boolean comes;
    private @Nullable OwnShare comesTo; // handed over with the delivery
    private OwnShares.@Nullable Counted counted;
    private volatile boolean isCounted;
    private @Nullable OwnShare parkedFor; // written before the finisher's queue, read behind it

    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);
    private volatile @Nullable Stop stop;
    private volatile long interruptAt;
    private volatile Attempts.@Nullable Running thread;
    private volatile boolean interrupted;
    private volatile boolean threadEnded;

    private volatile @Nullable Instant startedAt;
    private volatile long startedNanos;
    private volatile long deadlineAt;
    private volatile @Nullable Ending completing;
    private boolean tolerated; // the watch's own: the deadline was put off once for a commit under way

    private int refusals; // the finisher's own
    private long flushesBefore;
    private @Nullable Ended ended; // written before the finisher's queue, read behind it
    private int logLines; // guarded by the reporter
    private @Nullable Stand stand; // guarded by the lines

    HeldDelivery(Incarnation node, Delivery delivery, Batch batch, int index, @Nullable KindLine kind, long nanoTime) {
        this.node = node;
        this.delivery = delivery;
        this.batch = batch;
        this.index = index;
        this.kind = kind;
        this.readAt = nanoTime;
        this.since = nanoTime;
        this.expiresIn = left(delivery.expiresAt(), node);
    }

    private static long left(@Nullable Instant expiresAt, Incarnation node) {
        if (expiresAt == null) return Long.MAX_VALUE;
        var left = Duration.between(node.world().now(), expiresAt);
        return left.isPositive() && left.toDays() < 365 ? left.toNanos() : Long.MAX_VALUE;
    }

    Delivery delivery() {
        return delivery;
    }

    Batch batch() {
        return batch;
    }

    int index() {
        return index;
    }

    KindLine kind() {
        return Objects.requireNonNull(kind, "a delivery of an unknown kind is parked, never started");
    }

    /** Whether this node has a handler for it. */
    boolean known() {
        return kind != null;
    }

    /** A rate has let it go: it counts from now on as started. */
    void isLetGo() {
        letGo = true;
    }

    /** Whether a rate has let it go. */
    boolean letGo() {
        return letGo;
    }

    /** It came from this side shard, or comes back of what did. */
    void isAside(int stream) {
        aside = stream;
    }

    /** Whether it came from a side shard: its tenant has more than a few jobs. */
    boolean aside() {
        return aside != 0;
    }

    /** The side shard. */
    int asideFrom() {
        return aside;
    }

    /** Whether it has not been given a slot. */
    boolean waitsForSlot() {
        return is(Stage.WAITING);
    }

    /** When its turn is among those that are set aside. */
    void takesTurn(double turn, long arrival) {
        this.turn = turn;
        this.arrival = arrival;
    }

    double turn() {
        return turn;
    }

    /** Tells those of one turn apart. */
    long arrival() {
        return arrival;
    }

    /** Its turn came while it was paused, and took nothing of its rate. */
    void isPaused(String because) {
        paused = because;
    }

    /** Why its turn must not lead to a start, whatever was said since; null if it may. */
    @Nullable
    String paused() {
        return paused;
    }

    /** Whether its kind counts it among those that wait for a slot. */
    boolean countsAsComing() {
        return comes;
    }

    void countsAsComing(boolean does) {
        comes = does;
    }

    /** The share of its queue that counts it among those that wait for a slot. */
    @Nullable
    OwnShare comesTo() {
        return comesTo;
    }

    void comesTo(@Nullable OwnShare share) {
        comesTo = share;
    }

    /** Whether a share counts it as running. */
    boolean isCounted() {
        return isCounted;
    }

    synchronized void counts(OwnShares.Counted by) {
        counted = by;
        isCounted = true;
    }

    /** One more share counts it, that was not known when it began. */
    synchronized void isCounted(OwnShare by) {
        counted = (counted == null ? new OwnShares.Counted(null, null) : counted).with(by);
        isCounted = true;
    }

    /** The shares that counted it; null if that was told before. */
    synchronized OwnShares.@Nullable Counted countsNoMore() {
        var by = counted;
        counted = null;
        isCounted = false;
        return by;
    }

    /** It is parked since its queue runs as often as it may; null if for another reason. */
    @Nullable
    OwnShare parkedFor() {
        return parkedFor;
    }

    void isParkedFor(OwnShare share) {
        parkedFor = share;
    }

    /** Where it stands in line; null if it waits for nobody. */
    @Nullable
    Stand stand() {
        return stand;
    }

    void stands(@Nullable Stand where) {
        stand = where;
    }

    /** It has left its line: from now on it waits for a slot. */
    void leavesLine(long nanoTime) {
        since = nanoTime;
    }

    /** Since when it waits for a slot. */
    long since() {
        return since;
    }

    /**
     * Whether it may have expired since it was read, when the store said that it had not. What is left then is told by two clocks: a node whose own is so
     * far ahead that nothing would be left takes the store's word.
     */
    boolean mayHaveExpired(long nanoTime) {
        return nanoTime - readAt >= expiresIn;
    }

    /** How much payload it holds, roughly. */
    long bytes() {
        return delivery.payload() instanceof Payload.Text(var text) ? text.length() : 0;
    }

    long readAt() {
        return readAt;
    }

    /** Rescued before: its start is marked, so that the death of this node would be charged to it. */
    boolean suspect() {
        return delivery.rescues() > 0;
    }

    /** A node died soon after it had started: it may be what killed it. */
    boolean charged() {
        return delivery.charged() > 0;
    }

    /** One more such death discards it: it runs alone at first, so that the death tells on it and on nobody else. */
    boolean lastChance() {
        return delivery.charged() >= Protocol.YOUNG_DEATHS - 1;
    }

    // ---- stages

    boolean is(Stage wanted) {
        return stage.get() == wanted;
    }

    boolean ended() {
        return stage.get() == Stage.ENDED;
    }

    /** It gets a slot; from here on the slot is freed by whoever closes it. */
    boolean seat() {
        return stage.compareAndSet(Stage.WAITING, Stage.MARKING);
    }

    /** Starts the handler of a seated delivery. */
    void launch() {
        startedNanos = node.world().nanoTime();
        deadlineAt = startedNanos + kind().plan().deadline().toNanos();
        startedAt = node.world().now();
        if (!stage.compareAndSet(Stage.MARKING, Stage.RUNNING)) return; // the lease was lost, or it was cancelled
        node.started(this);
        if (letGo && node.lines().begun(this)) node.startBell().ring();
        try {
            thread = node.attempts().start(delivery, this);
        } catch (RuntimeException | Error noThread) {
            if (stage.compareAndSet(Stage.RUNNING, Stage.ENDED)) node.finish(this, broken(noThread));
            else threadEnded();
            return;
        }
        if (interrupted) interrupt();
    }

    /** The attempt, on its own thread. */
    @Override
    public void run() {
        if (!is(Stage.RUNNING)) { // decided before its thread had begun
            threadEnded();
            return;
        }
        Ending ending;
        boolean committed = false;
        try {
            switch (kind().plan().body().run(delivery, this)) {
                // One that was told to stop may have stopped half way: what it says of its end does not count.
                case Body.Verdict.ToFlush(var verdict) -> ending = stop == Stop.SHUTDOWN ? putOff() : verdict;
                case Body.Verdict.Committed(var verdict) -> {
                    ending = verdict;
                    committed = true;
                }
            }
        } catch (InterruptedException told) {
            ending = afterInterrupt(told);
        } catch (Throwable bug) {
            ending = broken(bug);
        }
        if (!stage.compareAndSet(Stage.RUNNING, Stage.ENDED)) {
            threadEnded(); // somebody decided earlier, and counted this thread
            return;
        }
        if (committed) node.committed(this, ending);
        else node.finish(this, ending);
    }

    private Ending afterInterrupt(InterruptedException told) {
        var why = stop;
        if (why == null) return broken(told);
        return switch (why) {
            case CANCELLED -> cancelled("It was cancelled while it ran.");
            case SHUTDOWN -> putOff();
            case DEADLINE, LEASE_LOST -> broken(told); // decided already: this one does not count
        };
    }

    private static Ending cancelled(String reason) {
        return new Ending.Cancelled(reason);
    }

    private static Ending putOff() {
        return new Ending.Snoozed(Duration.ZERO, "Its node was shut down while it ran; it costs no attempt.");
    }

    /** The body threw: a fault of the engine, since handlers' own exceptions become endings inside of it. */
    private Ending broken(Throwable bug) {
        var failure = Failures.engine(bug, delivery.attempt());
        if (delivery.attempt() >= BROKEN_ATTEMPTS) return new Ending.Discarded(failure);
        return new Ending.Retry(failure, Duration.ofSeconds(1L << (delivery.attempt() - 1)));
    }

    /**
     * Somebody other than the handler decides. Counts its thread as stuck until it has ended.
     *
     * @return the stage it was in; null if it had ended already
     */
    @Nullable
    Stage end() {
        if (stage.compareAndSet(Stage.WAITING, Stage.ENDED)) return Stage.WAITING;
        if (stage.compareAndSet(Stage.MARKING, Stage.ENDED)) return Stage.MARKING;
        if (stage.compareAndSet(Stage.RUNNING, Stage.ENDED)) {
            node.tally().isStuck(this, node.world().nanoTime());
            if (threadEnded) node.tally().isStuckNoMore(this); // it ended meanwhile, and found nothing to take back
            return Stage.RUNNING;
        }
        return null;
    }

    /** Its thread has come to its end after somebody else had decided: first this, then the look; end() does it the other way round. */
    private void threadEnded() {
        threadEnded = true;
        node.tally().isStuckNoMore(this);
    }

    /** Ends it if its handler has not been started. */
    boolean endUnlaunched() {
        return stage.compareAndSet(Stage.MARKING, Stage.ENDED);
    }

    // ---- what others tell it

    /** Tells the handler to stop, and when it will be interrupted if it has not. The first word counts. */
    void tell(Stop why, long interruptAt) {
        if (stop != null) return;
        this.interruptAt = interruptAt;
        stop = why;
    }

    @Nullable
    Stop stop() {
        return stop;
    }

    void interrupt() {
        interrupted = true; // first this, then the look: launch() does it the other way round
        var running = thread;
        if (running != null) running.interrupt();
    }

    /**
     * A look at the clock: ends it if its time is over.
     *
     * @return in how many nanoseconds to look again
     */
    long look(long now) {
        if (!is(Stage.RUNNING)) return Long.MAX_VALUE;
        var why = stop;
        if (why == Stop.CANCELLED) {
            if (interruptAt - now > 0) return interruptAt - now;
            if (end() != null) {
                interrupt();
                node.finish(this, cancelled("It was cancelled while it ran."));
            }
            return Long.MAX_VALUE;
        }
        long left = deadlineAt - now;
        if (left > 0) return left;
        if (completing != null && !tolerated) {
            tolerated =
                    true; // its outcome is in a transaction that is about to commit: a flush would only wait for that
            deadlineAt = now + NodePlan.Limits.COMMIT_GRACE.toNanos();
            return NodePlan.Limits.COMMIT_GRACE.toNanos();
        }
        if (end() == null) return Long.MAX_VALUE;
        stop = Stop.DEADLINE;
        interrupt();
        node.finish(this, timedOut());
        return Long.MAX_VALUE;
    }

    private Ending timedOut() {
        var deadline = kind().plan().deadline();
        try {
            return kind().plan().body().timedOut(delivery, deadline);
        } catch (RuntimeException | Error bug) {
            return broken(bug);
        }
    }

    /** The shutdown's patience is over: whatever the handler does now, the job goes on elsewhere. */
    void giveUp() {
        if (end() == null) return;
        interrupt();
        node.finish(this, putOff());
    }

    // ---- the outcome on its way

    void endsWith(Ending ending) {
        ended = ended(ending);
    }

    Ended outcome() {
        return Objects.requireNonNull(ended, "only a decided delivery is flushed");
    }

    /**
     * The storage has failed to write its outcome, alone. Returns whether it is time to give it up: it failed often enough, and between
     * one failure and the next other outcomes were written, so that it is not the storage that is away from time to time.
     *
     * @param flushes how many flushes have gone through so far
     */
    boolean unwritable(long flushes) {
        if (refusals > 0 && flushes == flushesBefore) return false;
        flushesBefore = flushes;
        return ++refusals >= REFUSALS;
    }

    /** It is durable that it ended so. */
    void settled(Ending ending) {
        if (kind == null) return;
        try {
            kind.plan().body().settled(delivery, ending);
        } catch (RuntimeException | Error bug) {
            node.tally().loopFailures.increment(); // who listens must not break what is told
        }
    }

    /** Somebody else has ended it. */
    void lost() {
        if (kind == null) return;
        try {
            kind.plan().body().lost(delivery);
        } catch (RuntimeException | Error bug) {
            node.tally().loopFailures.increment();
        }
    }

    /** Its node will never hear how it ended. */
    void unsettled() {
        if (kind == null) return;
        try {
            kind.plan().body().unsettled(delivery);
        } catch (RuntimeException | Error bug) {
            node.tally().loopFailures.increment();
        }
    }

    /** The ending that its own transaction may have committed. */
    @Nullable
    Ending completing() {
        return completing;
    }

    /** How long its handler has been running. */
    Duration age(long now) {
        return Duration.ofNanos(Math.max(0, now - startedNanos));
    }

    /** The same in every run of a simulation, as an identity's would not be: it decides the order in sets. */
    @Override
    public int hashCode() {
        return Long.hashCode(delivery.place().seq());
    }

    /** Guarded by the reporter. */
    int countLogLine() {
        return ++logLines;
    }

    // ---- what its handler sees

    @Override
    public boolean cancelled() {
        return stop != null || !is(Stage.RUNNING);
    }

    @Override
    public void heartbeat() {
        deadlineAt = node.world().nanoTime() + kind().plan().deadline().toNanos();
    }

    @Override
    public void progress(long done, long total) {
        if (is(Stage.RUNNING)) node.reporter().progress(this, done, total);
    }

    @Override
    public boolean keeps(LogLevel level) {
        return level.isAtLeast(node.plan().logLevel());
    }

    @Override
    public void log(LogLevel level, String line) {
        if (is(Stage.RUNNING) && keeps(level)) node.reporter().line(this, level, line);
    }

    @Override
    public void checkpoint(Payload value) {
        node.clerk().checkpoint(this, value);
    }

    @Override
    public Optional<Payload> checkpoint() {
        return node.clerk().checkpointOf(this);
    }

    @Override
    public void checkpoint(Connection tx, Payload value) {
        requireHeld();
        try {
            node.storage().checkpoint(tx, lease(), delivery, value);
        } catch (StoreException.Fenced fenced) {
            node.doubted();
            throw fenced;
        }
    }

    @Override
    public void complete(Connection tx, Ending ending) {
        var before = completing;
        completing = ending; // first: who decides meanwhile sees that, or this here sees that it was decided
        try {
            requireHeld();
        } catch (StoreException.Fenced taken) {
            completing = before;
            throw taken;
        }
        try {
            node.storage().complete(tx, lease(), ended(ending));
        } catch (StoreException.Fenced fenced) {
            node.doubted();
            throw fenced;
        }
    }

    /** For a handler that writes: it may not once somebody else has decided. */
    void requireHeld() {
        if (!is(Stage.RUNNING)) throw taken();
    }

    StoreException.Fenced taken() {
        return new StoreException.Fenced(
                "Job %s was taken away from its handler (%s). What it writes now would not count: roll back, and return."
                        .formatted(delivery.job(), reason()));
    }

    MillraceException interruptedWhile(String doing) {
        Thread.currentThread().interrupt();
        return new MillraceException("The handler of job %s was interrupted while it %s (%s). Let it end."
                .formatted(delivery.job(), doing, reason()));
    }

    private String reason() {
        var why = stop;
        if (why == null) return "it has ended";
        return switch (why) {
            case CANCELLED -> "it was cancelled";
            case DEADLINE -> "its deadline passed";
            case SHUTDOWN -> "its node is shutting down";
            case LEASE_LOST -> "its node was deposed";
        };
    }

    @Override
    public Lease lease() {
        return node.lease();
    }

    @Override
    public Ended ended(Ending ending) {
        var began = startedAt;
        var took = began == null
                ? Duration.ZERO
                : Duration.ofNanos(Math.max(0, node.world().nanoTime() - startedNanos));
        return new Ended(delivery, ending, began, took, completing != null);
    }
}
