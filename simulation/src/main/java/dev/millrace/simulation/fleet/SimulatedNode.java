package dev.millrace.simulation.fleet;

import dev.millrace.Scope;
import dev.millrace.node.Attempts;
import dev.millrace.node.Duty;
import dev.millrace.node.Incarnation;
import dev.millrace.node.NodePlan;
import dev.millrace.simulation.store.Bug;
import dev.millrace.simulation.time.SimulatedWorld;
import dev.millrace.simulation.time.Timeline;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TracingStorage;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A process of the fleet: turns the duties of its incarnation, each turn on a strand of its own, and plays its handlers as scripts. */
public final class SimulatedNode implements Attempts, Client {

    private static final Duration STEP = Duration.ofNanos(10_000);

    /** Slow statements included; of a slow line it is told that it {@linkplain #troubled troubled}. */
    private static final Duration LONGEST_BEAT = Duration.ofSeconds(3);

    /** Of the duties that share a thread with the one that hears operators: who takes longer keeps it from that. */
    private static final Duration QUICK_TURN = Duration.ofMillis(300);

    /** A duty that has failed rests so long at most. */
    private static final Duration LONGEST_BACK_OFF = Duration.ofSeconds(5);

    private final Fleet fleet;
    private final Timeline timeline;
    private final SimulatedWorld world;
    private final Storage storage;
    private final NodePlan plan;
    private final int no;
    private final int build;

    private @Nullable Incarnation incarnation;
    private final Map<Duty, Long> nextTurn = new HashMap<>();
    private final Map<Duty.Seat, Duty> busy = new EnumMap<>(Duty.Seat.class);
    private final Map<Duty.Seat, List<Duty>> waiting = new EnumMap<>(Duty.Seat.class);
    private final Map<Place, Played> playing = new HashMap<>();
    private boolean dead;
    private boolean closing;
    private long frozenUntil;
    private long cutOffUntil;
    private long lastBeat;
    private long beatBefore;
    private long beatBegan;
    private long lastTrouble = -1;
    private long joinedAt;
    private long deskBegan;
    private long deskWasSlow;
    private int thrown;

    SimulatedNode(Fleet fleet, int no, int build, SimulatedWorld world, NodePlan plan) {
        this.fleet = fleet;
        this.timeline = fleet.timeline();
        this.no = no;
        this.build = build;
        this.world = world;
        this.plan = plan;
        var line = new Line(
                timeline,
                fleet.weather(),
                fleet.trace(),
                this,
                world.random(),
                fleet.planted(Bug.UNKNOWN_TAKEN_FOR_ROLLED_BACK));
        this.storage = new Wire(fleet.tracedFor(this), line, this, this::hears);
    }

    /** What operators have said has come back to it. */
    private Control hears(Control control) {
        control.cancelled().forEach(fleet::withdrawn);
        var own = id();
        if (own != null) fleet.heard().hears(own, control);
        var paused = new HashSet<>(control.paused());
        if (fleet.planted(Bug.PAUSES_IGNORED)) paused.removeIf(scope -> !isOfALine(scope));
        if (fleet.planted(Bug.KEY_PAUSES_IGNORED)) paused.removeIf(SimulatedNode::isOfALine);
        return new Control(
                control.cursor(),
                control.cancelled(),
                paused,
                control.adjusted().stream()
                        .filter(set -> !fleet.planted(
                                set.of() == Adjustment.Of.LIMIT ? Bug.NUMBERS_IGNORED : Bug.KIND_NUMBERS_IGNORED))
                        .collect(Collectors.toSet()),
                control.setSchedules(),
                control.parked());
    }

    private static boolean isOfALine(Scope scope) {
        return scope instanceof Scope.Key || scope instanceof Scope.OfLimit;
    }

    public int no() {
        return no;
    }

    /** Which build of the program it runs: 1, or 2 after an upgrade. */
    public int build() {
        return build;
    }

    @Override
    public String name() {
        return "node " + no;
    }

    public boolean dead() {
        return dead;
    }

    public boolean closing() {
        return closing;
    }

    public NodePlan plan() {
        return plan;
    }

    SimulatedWorld world() {
        return world;
    }

    Fleet fleet() {
        return fleet;
    }

    /** Whether this is its identity now: not one it had, nor one under which it perhaps joined and never heard of it. */
    boolean is(NodeId id) {
        return incarnation != null && incarnation.lease().node().equals(id);
    }

    @Nullable
    NodeId id() {
        return incarnation == null ? null : incarnation.lease().node();
    }

    // ---- events of this process: none of a dead one, later ones of a frozen one

    private void in(Duration delay, Runnable what) {
        timeline.in(delay, () -> alive(what));
    }

    private void alive(Runnable what) {
        if (dead) return;
        if (frozen()) timeline.at(frozenUntil, () -> alive(what));
        else what.run();
    }

    public boolean frozen() {
        return timeline.now() < frozenUntil;
    }

    @Override
    public void awake() {
        while (!dead && frozen())
            timeline.pause(Duration.ofNanos(
                    frozenUntil - timeline.now() + world.random().nextInt(20_000_000)));
        if (dead) throw new Killed();
    }

    // ---- incarnations

    void boot() {
        if (!busy.isEmpty()) { // as the shell does: first all threads of the last incarnation have ended
            in(Duration.ofMillis(50), this::boot);
            return;
        }
        timeline.start(name() + " joins", this::join);
    }

    private void join() {
        var id = new NodeId(new UUID(world.random().nextLong(), world.random().nextLong()));
        var card = new NodeCard(
                id,
                name(),
                "simulated",
                no,
                "build " + build,
                plan.limits().slots(),
                plan.queues(),
                plan.kindsTold(),
                plan.readsTold());
        fleet.named(id, name());
        try {
            lastBeat = timeline.now();
            var joined = Incarnation.join(storage, world, plan, this, card);
            if (dead) return;
            incarnation = joined;
            joinedAt = timeline.now();
            fleet.trace().tell("node %d joins as %s", no, id);
            nextTurn.clear();
            waiting.clear();
            playing.clear();
            for (var duty : joined.duties()) {
                duty.bell().wakes(() -> rung(joined, duty));
                turnIn(joined, duty, Duration.ofNanos(world.random().nextInt(1_000_000)));
            }
        } catch (StoreException later) {
            in(Duration.ofMillis(100 + world.random().nextInt(900)), this::boot);
        } catch (Killed dead) {
            fleet.trace().tell("node %d dies as it joins", no);
        }
    }

    private void turnIn(Incarnation joined, Duty duty, Duration rest) {
        long at = timeline.now() + Math.min(rest.toNanos(), Duration.ofHours(1).toNanos());
        nextTurn.put(duty, at);
        timeline.at(at, () -> alive(() -> turn(joined, duty, at)));
    }

    private void rung(Incarnation joined, Duty duty) {
        if (incarnation != joined || duty.equals(busy.get(duty.seat())) || !duty.wakes())
            return; // in its own turn: looked at behind it
        turnIn(joined, duty, Duration.ofNanos(world.random().nextInt(200_000)));
    }

    private void turn(Incarnation joined, Duty duty, long at) {
        Long due = nextTurn.get(duty);
        if (incarnation != joined || due == null || due != at) return; // it has been turned earlier, or put off
        if (joined.over()) {
            over();
            return;
        }
        if (busy.containsKey(duty.seat())) { // its thread waits for an answer
            waiting.computeIfAbsent(duty.seat(), seat -> new ArrayList<>()).add(duty);
            return;
        }
        busy.put(duty.seat(), duty);
        if (duty.seat() == Duty.Seat.DESK) deskBegan = timeline.now();
        if (duty.seat() == Duty.Seat.BEAT) beatBegan = timeline.now();
        timeline.start(name() + " " + duty.name(), () -> turning(joined, duty));
    }

    private void turning(Incarnation joined, Duty duty) {
        try {
            var rest = duty.turn();
            if (dead || incarnation != joined) return;
            fleet.keep(() -> fleet.bounds().check(this, joined));
            if (rest == null || joined.over()) over();
            else turnIn(joined, duty, duty.wakes() ? STEP : rest.plus(STEP));
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("nobody interrupts a duty of a simulation", impossible);
        } finally {
            busy.remove(duty.seat());
            if (duty.seat() == Duty.Seat.DESK && deskIsSlow()) deskWasSlow = timeline.now();
            var next = waiting.remove(duty.seat());
            if (next != null && incarnation == joined) for (var other : next) turnIn(joined, other, STEP);
        }
    }

    private void over() {
        incarnation = null;
        nextTurn.clear();
        if (closing) {
            fleet.trace().tell("node %d has left", no);
            dead = true;
            fleet.disturbed();
            fleet.replace(this);
        } else {
            fleet.trace().tell("node %d was deposed", no);
            in(Duration.ofMillis(50 + world.random().nextInt(500)), this::boot);
        }
    }

    /** What it still holds, in words; null if nothing. */
    @Nullable
    String holds() {
        var joined = incarnation;
        if (dead || joined == null || frozen()) return null;
        var status = joined.status(0);
        return status.running() == 0 && status.buffered() == 0 && status.inLine() == 0 && status.awaitingFlush() == 0
                ? null
                : "node %d still holds something: %s".formatted(no, status);
    }

    // ---- disasters

    @Override
    public void die(String how) {
        if (dead) return;
        fleet.trace().tell("node %d is killed %s", no, how);
        dead = true;
        fleet.disturbed();
        var id = id();
        if (id != null) fleet.died(id);
        incarnation = null;
        for (var played : List.copyOf(playing.values())) played.processDied();
        fleet.replace(this);
    }

    public void kill(String how) {
        die(how);
    }

    /** All of the process stands still. */
    public void freeze(Duration time) {
        frozenUntil = Math.max(frozenUntil, timeline.now() + time.toNanos());
        lastTrouble = Math.max(lastTrouble, frozenUntil);
    }

    /** It never moves again: as bad as dead, but its connections stay. */
    public void freezeForEver() {
        var id = id();
        if (id != null) fleet.died(id);
        freeze(Duration.ofDays(1));
        fleet.replace(this);
    }

    @Override
    public void stall(Duration time) {
        freeze(time);
    }

    public void cutOff(Duration time) {
        cutOffUntil = timeline.now() + time.toNanos();
        lastTrouble = Math.max(lastTrouble, cutOffUntil);
    }

    @Override
    public boolean cutOff() {
        return timeline.now() < cutOffUntil;
    }

    @Override
    public boolean mortal() {
        return true;
    }

    /** Somebody sets its wall clock. */
    public void setClock(Duration by) {
        world.jump(by);
    }

    public void close(Duration grace) {
        var joined = incarnation;
        if (joined == null || frozen() || closing) return;
        fleet.trace().tell("node %d is told to close", no);
        closing = true;
        joined.close(grace);
    }

    void hint(String queue) {
        var joined = incarnation;
        if (joined != null && !frozen()) joined.hint(queue);
    }

    void hintStreams(String queue) {
        var joined = incarnation;
        if (joined != null && !frozen()) joined.hintStreams(queue);
    }

    void command() {
        var joined = incarnation;
        if (joined != null && !frozen()) joined.command();
    }

    @Override
    public void thrown(RuntimeException answer) {
        thrown++;
        fleet.bounds().checkThrown(answer, fleet::keep);
    }

    /** How often the store answered it with an exception. */
    int thrown() {
        return thrown;
    }

    @Override
    public void beatHeard() {
        beatBefore = lastBeat;
        lastBeat = timeline.now();
    }

    @Override
    public void troubled() {
        lastTrouble = Math.max(lastTrouble, timeline.now());
    }

    /**
     * Whether it may be deposed: it is dead, has been silent for a reason of its own, or its beat is just on its way; or came in while it
     * was being deposed.
     */
    boolean mayBeDead() {
        if (dead || lastTrouble >= lastBeat || beatIsOnItsWay()) return true;
        return lastTrouble >= beatBefore
                && timeline.now() - lastBeat < Duration.ofSeconds(1).toNanos();
    }

    /** One that waits at the store for somebody else's lock is not. */
    private boolean beatIsOnItsWay() {
        return busy.containsKey(Duty.Seat.BEAT) && timeline.now() - beatBegan < LONGEST_BEAT.toNanos();
    }

    /** Since when it has been there: joined, awake, connected. Single steps of it may go wrong. */
    long thereSince() {
        if (dead || incarnation == null || closing) return Long.MAX_VALUE;
        return Math.max(joinedAt, Math.max(frozenUntil, cutOffUntil));
    }

    private boolean deskIsSlow() {
        return timeline.now() - deskBegan > QUICK_TURN.toNanos();
    }

    /** Since when nothing keeps it from hearing what operators say; never, if something does. */
    long hearsSince() {
        if (thereSince() > timeline.now() || (busy.containsKey(Duty.Seat.DESK) && deskIsSlow())) return Long.MAX_VALUE;
        return Math.max(Math.max(thereSince(), deskWasSlow), lastTrouble + LONGEST_BACK_OFF.toNanos());
    }

    /** When something was last the matter with it. */
    long disturbedAt() {
        return thereSince() > timeline.now() ? timeline.now() : Math.max(thereSince(), lastTrouble);
    }

    // ---- handlers

    @Override
    public Running start(Delivery delivery, Runnable attempt) {
        var joined = incarnation;
        if (joined == null) throw new IllegalStateException("a handler starts on a node that is not joined");
        var lease = joined.lease();
        long now = timeline.now();
        fleet.tell(new TraceEvent.Started(
                new TraceEvent.Stamp(lease.node(), lease.epoch().value(), now, now, world.now()),
                delivery.token(),
                TracingStorage.held(delivery)));
        var played = new Played(this, delivery, attempt);
        playing.put(delivery.place(), played);
        played.begin(task -> in(Duration.ofNanos(1_000 + world.random().nextInt(50_000)), task));
        return played;
    }

    void handlerEnded(Played played) {
        playing.remove(played.delivery().place());
    }

    /** The attempt of this delivery that is under way. */
    Played played(Delivery delivery) {
        var played = playing.get(delivery.place());
        if (played == null) throw new IllegalStateException("nobody plays the delivery at " + delivery.place());
        return played;
    }

    /** A job has killed this process. */
    void poisonedBy(Delivery delivery) {
        fleet.checkPoison(delivery);
        die("by job " + delivery.job());
    }
}
