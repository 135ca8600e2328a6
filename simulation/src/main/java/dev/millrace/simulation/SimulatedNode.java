package dev.millrace.simulation;

import dev.millrace.node.Attempts;
import dev.millrace.node.Body;
import dev.millrace.node.Duty;
import dev.millrace.node.Held;
import dev.millrace.node.Incarnation;
import dev.millrace.node.NodePlan;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Protocol;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A process of the fleet: turns the duties of its incarnation on the timeline, and plays its handlers as scripts. */
final class SimulatedNode implements Attempts {

    private final Simulation simulation;
    private final Timeline timeline;
    private final SimulatedWorld world;
    private final Storage storage;
    private final NodePlan plan;
    private final Checks checks;
    private final int no;

    private @Nullable Incarnation incarnation;
    private final Map<Duty, Long> nextTurn = new HashMap<>();
    private final Map<Duty.Seat, Duty> busy = new EnumMap<>(Duty.Seat.class);
    private final Map<Duty.Seat, List<Duty>> waiting = new EnumMap<>(Duty.Seat.class);
    private final List<Played> young = new ArrayList<>();
    private boolean dead;
    private boolean closing;
    private long frozenUntil;
    private long cutOffUntil;
    private long lastBeat;
    private long lastTrouble = -1;
    private long spent;

    SimulatedNode(Simulation simulation, int no, SimulatedWorld world, Storage real, NodePlan plan) {
        this.simulation = simulation;
        this.timeline = simulation.timeline();
        this.checks = simulation.checks();
        this.no = no;
        this.world = world;
        this.plan = plan;
        var dangers = new Dangers(simulation, timeline, this, world.random());
        this.storage = new FlakyStorage(real, dangers, checks, simulation.planted(), simulation);
    }

    int no() {
        return no;
    }

    boolean dead() {
        return dead;
    }

    boolean closing() {
        return closing;
    }

    /** Whether this is its identity now: not one it had, nor one under which it perhaps joined and never heard of it. */
    boolean is(NodeId id) {
        return incarnation != null && incarnation.lease().node().equals(id);
    }

    @Nullable
    Incarnation incarnation() {
        return incarnation;
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

    boolean frozen() {
        return timeline.now() < frozenUntil;
    }

    // ---- incarnations

    void boot() {
        if (!busy.isEmpty()) { // as the shell does: first all threads of the last incarnation have ended
            in(Duration.ofMillis(50), this::boot);
            return;
        }
        var id = new NodeId(new UUID(world.random().nextLong(), world.random().nextLong()));
        var card = new NodeCard(
                id,
                "node " + no,
                "simulated",
                no,
                "simulated",
                plan.limits().slots(),
                plan.queues(),
                plan.kinds().keySet().stream().sorted().toList());
        try {
            lastBeat = timeline.now();
            var joined = Incarnation.join(storage, world, plan, this, card);
            incarnation = joined;
            young.clear();
            simulation.tell("node %d joins as %s", no, id);
            nextTurn.clear();
            waiting.clear();
            for (var duty : joined.duties()) {
                duty.bell().wakes(() -> rung(joined, duty));
                turnIn(joined, duty, Duration.ofNanos(world.random().nextInt(1_000_000)));
            }
        } catch (StoreException later) {
            in(Duration.ofMillis(100 + world.random().nextInt(900)), this::boot);
        } catch (Dangers.Killed dead) {
            simulation.tell("node %d dies as it joins", no);
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
        spent = 0;
        try {
            var rest = duty.turn();
            if (dead || incarnation != joined) return;
            checkBounds(joined);
            if (rest == null || joined.over()) over();
            else {
                long pause = duty.wakes() ? 0 : rest.toNanos();
                turnIn(joined, duty, Duration.ofNanos(Math.max(pause, 10_000) + spent));
            }
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("nobody interrupts a simulation", impossible);
        } finally {
            busy.remove(duty.seat());
            var next = waiting.remove(duty.seat());
            if (next != null && incarnation == joined)
                for (var other : next) turnIn(joined, other, Duration.ofNanos(10_000));
        }
    }

    private void over() {
        incarnation = null;
        nextTurn.clear();
        if (closing) {
            simulation.tell("node %d has left", no);
            dead = true;
            simulation.replace(this);
        } else {
            simulation.tell("node %d was deposed", no);
            in(Duration.ofMillis(50 + world.random().nextInt(500)), this::boot);
        }
    }

    private void checkBounds(Incarnation joined) {
        var status = joined.status(0);
        var limits = plan.limits();
        checks.require(
                status.running() <= limits.slots(),
                "node %d runs %d in %d slots",
                no,
                status.running(),
                limits.slots());
        int most = limits.slots() + limits.buffer() + limits.claimBatch();
        checks.require(status.buffered() <= most, "node %d holds %d unstarted", no, status.buffered());
    }

    /** At the end: whoever still is, holds nothing. */
    void checkIdle() {
        var joined = incarnation;
        if (dead || joined == null) return;
        var status = joined.status(0);
        checks.require(
                status.running() == 0 && status.buffered() == 0 && status.awaitingFlush() == 0,
                "everything has ended, and node %d still holds something: %s",
                no,
                status);
    }

    void tellStatus() {
        var joined = incarnation;
        if (!dead) simulation.tell("node %d: %s", no, joined == null ? "not joined" : joined.status(0));
    }

    // ---- disasters

    void kill(String how) {
        if (dead) return;
        simulation.tell("node %d is killed %s", no, how);
        dead = true;
        incarnation = null;
        simulation.replace(this);
    }

    void freeze(Duration length) {
        frozenUntil = Math.max(frozenUntil, timeline.now() + length.toNanos());
        lastTrouble = frozenUntil;
    }

    long frozenUntil() {
        return frozenUntil;
    }

    void cutOff(Duration length) {
        cutOffUntil = timeline.now() + length.toNanos();
        lastTrouble = Math.max(lastTrouble, cutOffUntil);
    }

    boolean cutOff() {
        return timeline.now() < cutOffUntil;
    }

    void close(Duration grace) {
        var joined = incarnation;
        if (joined == null || frozen()) return;
        simulation.tell("node %d is told to close", no);
        closing = true;
        joined.close(grace);
    }

    void hint(String queue) {
        var joined = incarnation;
        if (joined != null && !frozen()) joined.hint(queue);
    }

    void command() {
        var joined = incarnation;
        if (joined != null && !frozen()) joined.command();
    }

    void spend(Duration time) {
        spent += time.toNanos();
    }

    void beatHeard() {
        lastBeat = timeline.now();
    }

    /** A step of it took long. */
    void dawdled() {
        lastTrouble = Math.max(lastTrouble, timeline.now());
    }

    /** Whether it may be deposed: it is dead, has been silent for a reason of its own, or its beat is just on its way. */
    boolean mayBeDead() {
        return dead || lastTrouble >= lastBeat || busy.containsKey(Duty.Seat.BEAT);
    }

    // ---- handlers

    @Override
    public Running start(Delivery delivery, Runnable attempt) {
        var joined = incarnation;
        if (joined == null) throw new IllegalStateException("a handler starts on a node that is not joined");
        checks.starts(joined.lease(), delivery, plan.limits().slots());
        var script = simulation.scriptOf(delivery.job());
        var played = new Played(script, delivery, attempt, world.nanoTime());
        checkCompany(delivery, played);
        if (script.poison()) in(half(script.length()), () -> poisoned(delivery));
        if (!script.hangs(delivery)) in(script.length(), () -> played.end(false));
        else if (!script.obeys()) in(Duration.ofSeconds(40), () -> played.end(false));
        return played;
    }

    /** Nothing starts beside a young delivery that has its last chance, and few start together that are charged with a death. */
    private void checkCompany(Delivery delivery, Played played) {
        young.removeIf(other -> other.ended
                || world.nanoTime() - other.since >= plan.limits().youth().toNanos());
        checks.require(
                young.stream().noneMatch(Played::lastChance),
                "node %d starts job %s beside one that must be alone",
                no,
                delivery.job());
        if (delivery.rescues() == 0) return;
        young.add(played);
        checks.require(
                !played.lastChance() || young.size() == 1,
                "node %d starts job %s, which must be alone, beside %d young suspects",
                no,
                delivery.job(),
                young.size() - 1);
        checks.require(
                young.stream().filter(other -> other.delivery.charged() > 0).count() <= NodePlan.Limits.YOUNG_TOGETHER,
                "node %d starts too many together that are charged with a death",
                no);
    }

    private static Duration half(Duration length) {
        return length.dividedBy(2);
    }

    private void poisoned(Delivery delivery) {
        var dies = half(simulation.scriptOf(delivery.job()).length());
        checks.died(delivery.job(), dies.compareTo(plan.limits().youth()) < 0);
        kill("by job " + delivery.job());
    }

    /** A handler under way. */
    private final class Played implements Running {
        private final Script script;
        private final Delivery delivery;
        private final Runnable attempt;
        private final long since;
        private boolean ended;

        Played(Script script, Delivery delivery, Runnable attempt, long since) {
            this.script = script;
            this.delivery = delivery;
            this.attempt = attempt;
            this.since = since;
        }

        boolean lastChance() {
            return delivery.charged() >= Protocol.YOUNG_DEATHS - 1;
        }

        void end(boolean interrupted) {
            if (ended) return;
            ended = true;
            if (interrupted) Thread.currentThread().interrupt();
            try {
                attempt.run();
            } finally {
                boolean leaked = Thread.interrupted();
                checks.require(!leaked || interrupted, "an interrupt leaked out of nowhere");
            }
        }

        @Override
        public void interrupt() {
            if (script.obeys() && !ended) in(Duration.ofMillis(1), () -> end(true));
        }
    }

    /** What every kind of a simulated node does: as its job's script says. */
    static Body body(Simulation simulation) {
        return new Body() {
            @Override
            public Verdict run(Delivery delivery, Held held) throws InterruptedException {
                if (Thread.interrupted()) throw new InterruptedException("by the script");
                held.log("attempt " + delivery.attempt());
                held.progress(1, 1);
                return new Verdict.ToFlush(simulation.ending(delivery));
            }

            @Override
            public Ending timedOut(Delivery delivery, Duration deadline) {
                return Script.timedOut(delivery);
            }
        };
    }
}
