package dev.millrace.node;

import dev.millrace.JobEvent;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Claim;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.PartOf;
import dev.millrace.store.Place;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A joined node: its lease, everything it holds, and the loops that work on it.
 *
 * <p>An incarnation ends once: when any of its steps is refused because it was deposed, or when it has left. Then nothing of it is
 * written any more, its handlers are interrupted, and whoever turns it throws it away whole; a node that goes on does so as a new
 * incarnation with a new id. That is simpler to trust than a node that is mended: there is no state to be carried over wrongly.
 *
 * <p>The loops share it like this. The claimer adds deliveries, the starter gives them slots, attempts end on threads of their own,
 * the finisher writes outcomes and only then frees the slots. What two of them touch is atomic or concurrent; nobody holds a lock
 * while talking to the storage.
 */
public final class Incarnation {

    private static final Logger LOG = System.getLogger(Incarnation.class.getName());

    private final Storage storage;
    private final World world;
    private final NodePlan plan;
    private final Attempts attempts;
    private final Tally tally;
    private final Events events;
    private final Lease lease;

    private final Map<String, KindLine> kinds = new TreeMap<>(); // in an order: a simulation must replay it
    private final Map<Long, Batch> batches = new ConcurrentHashMap<>();
    private final AtomicLong openChanges = new AtomicLong();
    private volatile long settledOrdinal;
    private final Set<HeldDelivery> seated = ConcurrentHashMap.newKeySet();
    private final AtomicInteger freeSlots;
    private volatile int shutSlots; // nothing is started in so many of them
    private final AtomicLong slotsFreed = new AtomicLong();

    private final Beater beater;
    private final Claimer claimer;
    private final Starter starter;
    private final Lines lines;
    private final Finisher finisher;
    private final Marker marker;
    private final Clerk clerk;
    private final Controller controller;
    private final Promoter promoter;
    private final Rescuer rescuer;
    private final Reporter reporter;
    private final OwnShares shares;
    private final Closer closer;

    private final Bell beat = new Bell();
    private final Bell claim = new Bell();
    private final Bell start = new Bell();
    private final Bell flush = new Bell();
    private final Bell watch = new Bell();
    private final Bell mark = new Bell();
    private final Bell write = new Bell();
    private final Bell control = new Bell();
    private final Bell promote = new Bell();
    private final Bell release = new Bell();
    private final Bell rescue = new Bell();
    private final Bell report = new Bell();
    private final Bell close = new Bell();
    private final Bell schedule = new Bell();
    private final Bell share = new Bell();
    private final List<Duty> duties;
    private final Duty.Edge edge = new Edge();

    private final Map<String, Instant> warned = new ConcurrentHashMap<>();

    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile boolean closing;
    private volatile boolean leaving;
    private volatile long graceEnd;
    private volatile boolean leftClean;

    /** Joins, and is a node. For those who turn its duties themselves; everybody else starts a {@code NodeShell}. */
    public static Incarnation join(Storage storage, World world, NodePlan plan, Attempts attempts, NodeCard card) {
        return join(storage, world, plan, attempts, card, new Tally(), Events.NOBODY);
    }

    /** The same, with an ear: told what happens in the middle of a turn, it must neither block nor throw. */
    public static Incarnation join(
            Storage storage, World world, NodePlan plan, Attempts attempts, NodeCard card, Consumer<JobEvent> ear) {
        return join(storage, world, plan, attempts, card, new Tally(), Events.to(ear));
    }

    static Incarnation join(
            Storage storage, World world, NodePlan plan, Attempts attempts, NodeCard card, Tally tally, Events events) {
        long asked = world.nanoTime();
        var lease = storage.join(card);
        return new Incarnation(storage, world, plan, attempts, tally, events, lease, asked);
    }

    private Incarnation(
            Storage storage,
            World world,
            NodePlan plan,
            Attempts attempts,
            Tally tally,
            Events events,
            Lease lease,
            long joined) {
        this.storage = storage;
        this.world = world;
        this.plan = plan;
        this.attempts = attempts;
        this.tally = tally;
        this.events = events;
        this.lease = lease;
        var limits = plan.limits();
        freeSlots = new AtomicInteger(limits.slots());
        for (var kind : plan.kinds().values()) kinds.put(kind.kind(), new KindLine(kind, limits.slots(), joined));

        shares = new OwnShares(this);
        beater = new Beater(this, joined);
        lines = new Lines(this);
        claimer = new Claimer(this);
        starter = new Starter(this);
        finisher = new Finisher(this);
        marker = new Marker(this);
        clerk = new Clerk(this);
        controller = new Controller(this);
        promoter = new Promoter(this);
        rescuer = new Rescuer(this);
        reporter = new Reporter(this);
        closer = new Closer(this);
        var soon = Duration.ofSeconds(1);
        var later = Duty.LONGEST_BACK_OFF;
        var all = new ArrayList<>(List.of(
                duty("beater", Duty.Seat.BEAT, beater, beat, least(soon, limits.beat())),
                duty("claimer", Duty.Seat.CLAIM, claimer, claim, later),
                duty("starter", Duty.Seat.START, starter, start, soon),
                duty("finisher", Duty.Seat.FLUSH, finisher, flush, soon),
                duty("deadlines", Duty.Seat.WATCH, new Deadlines(this), watch, soon),
                duty("marker", Duty.Seat.DESK, marker, mark, soon),
                duty("clerk", Duty.Seat.DESK, clerk, write, soon),
                duty("controller", Duty.Seat.DESK, controller, control, later),
                duty("manifester", Duty.Seat.DESK, new Manifester(this), new Bell(), later),
                duty("promoter", Duty.Seat.DESK, promoter, promote, later),
                duty("releaser", Duty.Seat.DESK, new Releaser(this), release, later),
                duty("rescuer", Duty.Seat.RESCUE, rescuer, rescue, later),
                duty("reporter", Duty.Seat.DESK, reporter, report, later),
                duty("sharer", Duty.Seat.DESK, new Sharer(this), share, soon),
                duty("keeper", Duty.Seat.KEEP, new Keeper(this), new Bell(), later),
                duty("closer", Duty.Seat.DESK, closer, close, soon)));
        if (!plan.schedules().isEmpty() || plan.setSchedules() != null)
            all.add(duty("scheduler", Duty.Seat.SCHEDULE, new Scheduler(this), schedule, later));
        if (!plan.schemas().isEmpty())
            all.add(duty("publisher", Duty.Seat.DESK, new Publisher(this), new Bell(), later));
        duties = List.copyOf(all);
    }

    private Duty duty(String name, Duty.Seat seat, Loop loop, Bell bell, Duration longestBackOff) {
        return new Duty(name, seat, loop, bell, edge, world, longestBackOff);
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    // ---- for whoever turns it

    /** Its loops. Those of one seat are turned by one thread. */
    public List<Duty> duties() {
        return duties;
    }

    public Lease lease() {
        return lease;
    }

    /** Whether it has ended: then its duties are not turned any more. */
    public boolean over() {
        return over.get();
    }

    /** Waits for its end. */
    void awaitEnd() throws InterruptedException {
        end.await();
    }

    /** Ends it: nothing is flushed, handlers are interrupted. Once; again does nothing. */
    public void end(String why) {
        if (!over.compareAndSet(false, true)) return;
        LOG.log(Level.DEBUG, () -> "Node %s (%s) has ended: %s.".formatted(plan.name(), lease.node(), why));
        for (var held : seated) {
            held.tell(HeldDelivery.Stop.LEASE_LOST, world.nanoTime());
            if (held.end() == HeldDelivery.Stage.RUNNING) held.interrupt();
            held.unsettled();
        }
        clerk.refuseAll();
        end.countDown();
        for (var duty : duties) duty.bell().ring();
    }

    /** It has left, nothing was interrupted, and all that it held had been flushed. */
    public boolean leftClean() {
        return leftClean;
    }

    void left(boolean clean) {
        leftClean = clean;
        end("left");
    }

    /** Begins to close it: no new work, unstarted work goes back, running handlers have so long before they are interrupted. */
    public void close(Duration grace) {
        if (closing) return;
        graceEnd = world.nanoTime() + grace.toNanos();
        closing = true;
        for (var duty : duties) duty.bell().ring();
    }

    /** A queue has new work, perhaps. */
    public void hint(String queue) {
        if (plan.queues().contains(queue)) claimer.hint();
    }

    /** A queue has streams that it had not, perhaps. */
    public void hintStreams(String queue) {
        if (plan.queues().contains(queue)) claimer.hintStreams();
    }

    /** An operator has spoken, perhaps. */
    public void command() {
        control.ring();
    }

    /** Somebody knows for certain that this node is dead: its work is taken over without waiting for its lease. */
    public void deposeAtOnce(NodeId dead) {
        rescuer.condemn(dead);
        rescue.ring();
    }

    /** Before it is turned: this is what the same process was before it was deposed. */
    void succeeds(NodeId former) {
        rescuer.adopt(former);
    }

    /** How it stands. */
    public NodeStatus status(long eventsDropped) {
        long now = world.nanoTime();
        int running = 0;
        @Nullable Duration oldest = null;
        for (var held : seated) {
            if (!held.is(HeldDelivery.Stage.RUNNING)) continue;
            running++;
            var age = held.age(now);
            if (oldest == null || age.compareTo(oldest) > 0) oldest = age;
        }
        return new NodeStatus(
                over() ? null : lease.node(),
                over() ? null : lease.epoch(),
                !over() && beater.trusted(),
                plan.limits().slots(),
                running,
                claimer.unread() + starter.buffered(),
                lines.waiting(),
                finisher.awaiting(),
                tally.stuckThreads(),
                oldest,
                beater.sinceBeat(),
                counters(tally, eventsDropped));
    }

    /**
     * In how many nanoseconds the store's clock lets a job start that waits for the rate of its limit: the soonest one. 0 if one waits for a rate that is counted
     * here, by {@link World#nanoTime}; negative if none waits. For who lets time pass.
     */
    public long untilGranted() {
        return lines.untilGranted();
    }

    static NodeStatus.Counters counters(Tally tally, long eventsDropped) {
        return new NodeStatus.Counters(
                tally.claimed.sum(),
                tally.started.sum(),
                tally.completed.sum(),
                tally.failed.sum(),
                tally.rescued.sum(),
                tally.deposed.sum(),
                tally.refusedWrites.sum(),
                tally.lostOutcomes.sum(),
                eventsDropped,
                tally.notesDropped.sum(),
                tally.loopFailures.sum());
    }

    // ---- what the loops share

    Storage storage() {
        return storage;
    }

    World world() {
        return world;
    }

    NodePlan plan() {
        return plan;
    }

    NodePlan.Limits limits() {
        return plan.limits();
    }

    Attempts attempts() {
        return attempts;
    }

    Tally tally() {
        return tally;
    }

    Beater beater() {
        return beater;
    }

    Starter starter() {
        return starter;
    }

    Lines lines() {
        return lines;
    }

    Claimer claimer() {
        return claimer;
    }

    Finisher finisher() {
        return finisher;
    }

    Marker marker() {
        return marker;
    }

    Clerk clerk() {
        return clerk;
    }

    Reporter reporter() {
        return reporter;
    }

    Controller controller() {
        return controller;
    }

    OwnShares shares() {
        return shares;
    }

    /** The kind that a share is of; null if it is a queue's. */
    @Nullable
    KindLine kindOf(OwnShare its) {
        return its.of() == Adjustment.Of.FLEET_KIND ? kinds.get(its.name()) : null;
    }

    Collection<KindLine> kinds() {
        return kinds.values();
    }

    Set<HeldDelivery> seated() {
        return seated;
    }

    boolean closing() {
        return closing;
    }

    /** Its good-bye is on its way: from here on nothing else is said to the storage. */
    void leaving() {
        leaving = true;
    }

    boolean isLeaving() {
        return leaving;
    }

    /** When running handlers of a closing node are interrupted. */
    long graceEnd() {
        return graceEnd;
    }

    Bell claimBell() {
        return claim;
    }

    Bell startBell() {
        return start;
    }

    Bell flushBell() {
        return flush;
    }

    Bell watchBell() {
        return watch;
    }

    Bell markBell() {
        return mark;
    }

    Bell writeBell() {
        return write;
    }

    Bell promoteBell() {
        return promote;
    }

    Bell releaseBell() {
        return release;
    }

    Bell reportBell() {
        return report;
    }

    Bell scheduleBell() {
        return schedule;
    }

    Bell shareBell() {
        return share;
    }

    Bell closeBell() {
        return close;
    }

    // ---- what it holds

    /** The kind that runs a delivery here; null if this build has no handler for it, or an older one. */
    @Nullable
    KindLine kindOf(Delivery delivery) {
        var kind = kinds.get(delivery.kind());
        return kind == null || kind.plan().version() < delivery.kindVersion() ? null : kind;
    }

    /** A claim was answered: its deliveries are open from here on. Claims are registered in the order of their ordinals. */
    Batch register(Claim claim) {
        var batch = new Batch(claim);
        if (!claim.places().isEmpty()) {
            batches.put(claim.ordinal(), batch);
            openChanges.incrementAndGet();
            tally.claimed.add(claim.places().size());
        }
        settledOrdinal = claim.ordinal(); // only now: a manifest that covers this ordinal finds the batch
        return batch;
    }

    /** All claims up to here are registered. Read it before {@link #copyOpen}. */
    long settledOrdinal() {
        return settledOrdinal;
    }

    /** Changes with the set of open deliveries. */
    long openChanges() {
        return openChanges.get();
    }

    void copyOpen(Collection<Place> into) {
        for (var batch : batches.values()) batch.copyOpen(into);
    }

    int open() {
        int open = 0;
        for (var batch : batches.values()) open += batch.open();
        return open;
    }

    private void close(HeldDelivery held) {
        if (held.batch().close(held.index())) batches.remove(held.batch().ordinal());
        openChanges.incrementAndGet();
    }

    // ---- the life of a delivery

    int freeSlots() {
        return freeSlots.get() - shutSlots;
    }

    /** Runs at most so many attempts at once from now on: 0 to the slots of its plan. What runs goes on. */
    public void atMost(int slots) {
        int before = shutSlots;
        shutSlots = plan.limits().slots() - slots;
        if (shutSlots >= before) return;
        start.ring();
        claimer.hint();
    }

    /** How many slots were freed so far. */
    long slotsFreed() {
        return slotsFreed.get();
    }

    /** For the starter: gives it a slot. */
    boolean seat(HeldDelivery held) {
        if (!held.seat()) {
            shares.release(held);
            return false;
        }
        freeSlots.decrementAndGet();
        held.kind().started();
        seated.add(held);
        if (over() && held.end() != null) return false; // end() may have looked before it sat down
        if (controller.cancelled(held.delivery().place()) && held.endUnlaunched()) { // and so may a cancel
            drop(held);
            return false;
        }
        return true;
    }

    void started(HeldDelivery held) {
        tally.started.increment();
        if (!events.wanted()) return;
        var delivery = held.delivery();
        var waited = Duration.between(delivery.enqueuedAt(), world.now()); // two clocks: to be shown only
        events.happened(new JobEvent.Started(
                delivery.job(),
                delivery.kind(),
                delivery.queue(),
                delivery.attempt(),
                waited.isNegative() ? Duration.ZERO : waited));
    }

    /** Why this node can't run a delivery for which it has no handler. */
    String unknownKind(Delivery delivery) {
        var known = plan.kinds().get(delivery.kind());
        return known == null
                ? "node %s has no handler for kind %s".formatted(plan.name(), delivery.kind())
                : "node %s knows kind %s up to version %d, and this is version %d"
                        .formatted(plan.name(), delivery.kind(), known.version(), delivery.kindVersion());
    }

    /** It is decided how it ends; the outcome goes to the finisher. */
    void finish(HeldDelivery held, Ending ending) {
        if (over()) return;
        held.endsWith(ending);
        finisher.add(held);
    }

    /** Its outcome was committed with its own transaction. */
    void committed(HeldDelivery held, Ending ending) {
        if (over()) return;
        held.endsWith(ending);
        settle(held, Settled.WON, ending);
        if (isPart(held)) promoter.expectBatch();
        slotFreed();
    }

    /** Whether its batch has to be looked at by who promotes: who ended it in a transaction of its own has only counted it. */
    private static boolean isPart(HeldDelivery held) {
        return PartOf.batch(held.delivery().headers()) != null;
    }

    /** Its outcome is durable, or does not count. Frees its slot, if it has one; the caller rings for slots afterwards. */
    void settle(HeldDelivery held, Settled settled, Ending ending) {
        if ((settled == Settled.REPEATED || held.outcome().contested()) && isPart(held)) promoter.expectBatch();
        close(held);
        unseat(held);
        if (held.stand() != null) lines.ended(held, comesBack(held, settled, ending));
        switch (settled) {
            case WON, REPEATED -> settledAs(held, ending);
            case LOST -> {
                held.lost();
                if (held.stop() == HeldDelivery.Stop.CANCELLED) announceCancelled(held);
                else tally.lostOutcomes.increment();
            }
        }
    }

    /** Whether its job goes on, as far as is known: of what is not known the lines ask. */
    private static boolean comesBack(HeldDelivery held, Settled settled, Ending ending) {
        return switch (settled) {
            case WON -> Lines.comesBack(ending);
            case REPEATED ->
                held.outcome().contested() || Lines.comesBack(ending); // this flush's before, or the handler's own?
            case LOST -> held.stop() != HeldDelivery.Stop.CANCELLED;
        };
    }

    /** It was cancelled before it ran: the outcome exists already. */
    void drop(HeldDelivery held) {
        letGo(held);
        announceCancelled(held);
    }

    /** It has an outcome already that is nothing to this node. */
    void letGo(HeldDelivery held) {
        close(held);
        unseat(held);
        if (held.stand() != null) lines.ended(held, false);
    }

    private void unseat(HeldDelivery held) {
        if (!seated.remove(held)) return;
        held.kind().ended();
        shares.release(held);
        slotsFreed.incrementAndGet();
        freeSlots.incrementAndGet();
    }

    /** Some slots are free: the next deliveries may start. */
    void slotFreed() {
        start.ring();
        if (closing) close.ring();
    }

    private void settledAs(HeldDelivery held, Ending ending) {
        switch (ending) {
            case Ending.Done done -> tally.completed.increment();
            case Ending.Retry retry -> {
                tally.failed.increment();
                promoter.expect(retry.delay());
            }
            case Ending.TimedOut late -> {
                tally.failed.increment();
                promoter.expect(late.delay());
            }
            case Ending.Discarded discarded -> {
                if (held.outcome().startedAt() != null) tally.failed.increment();
            }
            case Ending.Snoozed snoozed -> promoter.expect(snoozed.delay());
            case Ending.Cancelled cancelled -> {}
            case Ending.HandedBack back -> {}
            case Ending.Parked parked -> {
                var queue = held.parkedFor();
                if (queue != null) queue.parkedSome(true);
                else if (parked.parking() == Ending.Parking.LIMIT) held.kind().parkedSome(true);
            }
        }
        held.settled(ending);
        if (events.wanted()) announce(held, ending);
    }

    private void announce(HeldDelivery held, Ending ending) {
        var delivery = held.delivery();
        var job = delivery.job();
        var kind = delivery.kind();
        var queue = delivery.queue();
        int attempt = delivery.attempt();
        var took = held.outcome().took();
        if (held.stop() == HeldDelivery.Stop.DEADLINE)
            events.happened(new JobEvent.TimedOut(
                    job, kind, queue, attempt, held.kind().plan().deadline()));
        switch (ending) {
            case Ending.Done done ->
                events.happened(new JobEvent.Ended(job, kind, queue, State.COMPLETED, attempt, took, null));
            case Ending.Retry(var failure, var delay) ->
                events.happened(new JobEvent.Retrying(job, kind, queue, failure, delay));
            case Ending.TimedOut(var failure, var delay) ->
                events.happened(new JobEvent.Retrying(job, kind, queue, failure, delay));
            case Ending.Snoozed(var delay, var reason) ->
                events.happened(new JobEvent.Snoozed(job, kind, queue, delay));
            case Ending.Cancelled cancelled ->
                events.happened(new JobEvent.Ended(job, kind, queue, State.CANCELLED, attempt, took, null));
            case Ending.Discarded(var failure) ->
                events.happened(new JobEvent.Ended(job, kind, queue, State.DISCARDED, attempt, took, failure));
            case Ending.HandedBack back -> {} // nothing happened to the job
            case Ending.Parked(var parking, var detail) ->
                events.happened(new JobEvent.Parked(job, kind, queue, detail));
        }
    }

    private void announceCancelled(HeldDelivery held) {
        if (!events.wanted()) return;
        var delivery = held.delivery();
        events.happened(new JobEvent.Ended(
                delivery.job(),
                delivery.kind(),
                delivery.queue(),
                State.CANCELLED,
                delivery.attempt(),
                Duration.ZERO,
                null));
    }

    void announce(JobEvent event) {
        if (events.wanted()) events.happened(event);
    }

    /** Whether operators let nothing of this delivery start now, so that it is parked; the reason if so. A paused key stays in line instead: see {@link Lines}. */
    @Nullable
    String pausedBecause(Delivery delivery) {
        var paused = controller.paused();
        if (paused.isEmpty()) return null;
        if (paused.contains(Scope.queue(delivery.queue()))) return "queue " + delivery.queue() + " is paused";
        if (paused.contains(Scope.kind(delivery.kind()))) return "kind " + delivery.kind() + " is paused";
        var tenant = controller.pausesTenants() ? delivery.tenant() : null;
        return tenant != null && paused.contains(Scope.tenant(tenant)) ? "tenant " + tenant + " is paused" : null;
    }

    /**
     * A step of a handler was refused. That may mean this delivery only, so it ends nothing; but it may mean the lease, so the next
     * beat comes at once and tells.
     */
    void doubted() {
        tally.refusedWrites.increment();
        beat.ring();
    }

    // ---- failures

    /** A step failed, and its duty goes on: the turn did not fail as a whole, but counts as one that did. */
    void failedInPart() {
        tally.loopFailures.increment();
    }

    /** Says that something failed that concerns one delivery only: its duty goes on with others, and comes back to it. */
    void troubled(String duty, String what, RuntimeException why) {
        if (mayWarn(duty + " " + why.getClass().getName()))
            LOG.log(
                    Level.WARNING,
                    "The %s of node %s could not %s: %s. It goes on with others, and tries this again; nothing is lost."
                            .formatted(duty, plan.name(), what, why));
    }

    private final class Edge implements Duty.Edge {
        @Override
        public void fenced(String duty, StoreException.Fenced fenced) {
            tally.refusedWrites.increment();
            if (!over())
                LOG.log(
                        Level.WARNING,
                        "Node %s was deposed: its %s was refused (%s). What it held runs elsewhere; it joins anew. If this repeats, look for long pauses of this process or of its network."
                                .formatted(plan.name(), duty, fenced.getMessage()));
            end("deposed");
        }

        @Override
        public void failed(String duty, Throwable failure, int inARow, Duration rest) {
            tally.loopFailures.increment();
            var message = "The %s of node %s failed, %d in a row: %s. It tries again in %d ms; nothing is lost."
                    .formatted(duty, plan.name(), inARow, failure, rest.toMillis());
            if (failure instanceof StoreException) {
                if (mayWarn(duty)) LOG.log(Level.WARNING, message);
            } else if (mayWarn(duty)) LOG.log(Level.ERROR, message, failure);
        }
    }

    /** One line per duty in ten seconds. */
    private boolean mayWarn(String duty) {
        var now = Instant.EPOCH.plusNanos(world.nanoTime());
        var last = warned.get(duty);
        if (last != null && Duration.between(last, now).toSeconds() < 10) return false;
        warned.put(duty, now);
        return true;
    }
}
