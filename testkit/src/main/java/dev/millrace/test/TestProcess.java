package dev.millrace.test;

import dev.millrace.JobEvent;
import dev.millrace.JobView;
import dev.millrace.node.Attempts;
import dev.millrace.node.Body;
import dev.millrace.node.Duty;
import dev.millrace.node.Held;
import dev.millrace.node.Incarnation;
import dev.millrace.node.KindPlan;
import dev.millrace.node.NodePlan;
import dev.millrace.node.SchedulePlan;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Timetable.Kept;
import dev.millrace.store.Timetable.SetSchedule;
import dev.millrace.test.Crashes.When;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One life of a process with a node in it, from its start until the node has left or the process dies: turns the node's duties on the
 * timeline, as the threads of a real one would, and lets its handlers run. Once it is dead nothing of it happens any more.
 */
final class TestProcess implements Attempts {

    private static final String SCHEDULER = "scheduler";
    private static final long LONGEST_REST = Duration.ofHours(1).toNanos();

    private final Stage stage;
    private final TestNode node;
    private final Timeline timeline;
    private final NodePlan plan;
    private final Incarnation incarnation;
    private final List<Turning> turnings = new ArrayList<>();
    private final Map<String, Instant> slots = new HashMap<>();
    private volatile boolean dead;
    private volatile boolean over;

    /** Joins. Nothing is turned yet. */
    TestProcess(Stage stage, TestNode node, NodePlan plan, long pid) {
        this.stage = stage;
        this.node = node;
        this.timeline = stage.timeline();
        this.plan = plan;
        var kinds = new LinkedHashMap<String, KindPlan>();
        plan.kinds().forEach((name, kind) -> kinds.put(name, dangerous(kind)));
        this.incarnation = joined(card(pid), kinds);
        for (var duty : incarnation.duties()) turnings.add(new Turning(duty));
    }

    private Incarnation joined(NodeCard card, Map<String, KindPlan> kinds) {
        var own = new NodePlan(
                plan.name(),
                plan.queues(),
                kinds,
                plan.schedules(),
                plan.setSchedules(),
                plan.listeners(),
                plan.limits(),
                plan.schemas(),
                plan.logLevel(),
                plan.fleetQueues());
        return plan.listeners().isEmpty()
                ? Incarnation.join(stage.storage(), stage, own, this, card)
                : Incarnation.join(stage.storage(), stage, own, this, card, this::happened);
    }

    private NodeCard card(long pid) {
        var random = stage.random();
        return new NodeCard(
                new NodeId(new UUID(random.nextLong(), random.nextLong())),
                plan.name(),
                "test",
                pid,
                "test",
                plan.limits().slots(),
                plan.queues(),
                plan.kindsTold(),
                plan.readsTold());
    }

    /** Begins to turn. */
    void begin(Set<NodeId> deadNodes) {
        for (var id : deadNodes) incarnation.deposeAtOnce(id);
        for (var turning : turnings) {
            turning.duty.bell().wakes(turning::rung);
            turning.in(0);
        }
    }

    Stage stage() {
        return stage;
    }

    Incarnation incarnation() {
        return incarnation;
    }

    boolean is(NodeId id) {
        return incarnation.lease().node().equals(id);
    }

    boolean dead() {
        return dead;
    }

    /** Whether outcomes wait to be written. */
    boolean writes() {
        return incarnation.status(0).awaitingFlush() > 0;
    }

    /** Jobs come due at this moment. */
    void promote() {
        turn("promoter");
    }

    /** Log lines and progress are written once a second: this time at once. */
    void report() {
        turn("reporter");
    }

    private void turn(String duty) {
        for (var turning : turnings) if (turning.duty.name().equals(duty)) turning.in(0);
    }

    /** It dies where it stands: what it held it holds until others find that it is silent. */
    void die() {
        if (dead) return;
        dead = true;
        stage.lost(this);
        if (!over) node.died();
    }

    // ---- duties

    /** A duty, and when it is turned next. */
    private final class Turning {
        final Duty duty;
        private long ticket;
        private volatile boolean inTurn;

        Turning(Duty duty) {
            this.duty = duty;
        }

        /** So long from now; and not when it was to be turned before. */
        void in(long rest) {
            synchronized (timeline) { // bells are rung by any thread
                long mine = ++ticket;
                timeline.in(rest, () -> {
                    if (mine == ticket) turn();
                });
            }
        }

        void rung() {
            if (dead || inTurn || !duty.wakes()) return; // in its own turn: looked at behind it
            if (duty.name().equals("clerk") && stage.inHandler()) turn(); // that handler waits for the answer
            else in(0);
        }

        private void turn() {
            if (dead || over) return;
            timeline.turned();
            @Nullable Duration rest;
            inTurn = true;
            try {
                rest = duty.turn();
            } catch (InterruptedException told) {
                Thread.currentThread().interrupt(); // whoever plays, which asks for it itself
                rest = Duration.ZERO;
            } finally {
                inTurn = false;
            }
            if (rest == null || incarnation.over()) over();
            else in(duty.wakes() ? 0 : Math.min(LONGEST_REST, rest.toNanos()));
            if (duty.name().equals(SCHEDULER)) expectSlots();
        }
    }

    /** The next slot of each schedule is something that happens: no stride leads over it. */
    private void expectSlots() {
        var all = stage.watch().behind().schedules();
        for (var schedule : plan.schedules()) expectSlot(schedule, all);
        var reader = plan.setSchedules();
        if (reader == null) return;
        for (var kept : all) {
            var setting = kept.setting();
            var set = setting == null ? null : reader.read(new SetSchedule(kept.card(), setting.job()));
            if (set != null) expectSlot(set, all);
        }
    }

    private void expectSlot(SchedulePlan schedule, List<Kept> all) {
        var name = schedule.card().name();
        var next = (schedule.afterEach() ? endOfLast(name, all) : Optional.of(stage.now()))
                .flatMap(schedule::next)
                .orElse(null);
        if (next == null || next.equals(slots.put(name, next))) return;
        var wait = Duration.between(stage.now(), next);
        if (wait.isPositive() && wait.compareTo(Player.LONGEST) < 0)
            timeline.at(timeline.wall() + wait.toNanos(), () -> turn(SCHEDULER));
    }

    /** From when the next slot is counted; empty while the last one's job has not ended, after which the schedule is looked at. */
    private Optional<Instant> endOfLast(String schedule, List<Kept> all) {
        return all.stream()
                .filter(kept -> kept.card().name().equals(schedule))
                .findFirst()
                .flatMap(kept -> {
                    var last = kept.lastJob();
                    if (last == null) return Optional.of(kept.since());
                    return stage.watch().behind().find(last).map(JobView::endedAt);
                });
    }

    private void over() {
        if (over || dead) return;
        over = true;
        node.left();
    }

    // ---- handlers

    @Override
    public Running start(Delivery delivery, Runnable attempt) {
        return stage.enter(new Played(this, timeline, delivery, attempt));
    }

    private void happened(JobEvent event) {
        timeline.now(() -> {
            if (!dead) for (var listener : plan.listeners()) listener.accept(event);
        });
    }

    /** The kind, with the crashes that a test may ask for around its handler. */
    private KindPlan dangerous(KindPlan kind) {
        return new KindPlan(
                kind.kind(),
                kind.version(),
                kind.versions(),
                kind.deadline(),
                kind.concurrency(),
                kind.fleet(),
                new DangerousBody(kind.body()));
    }

    private final class DangerousBody implements Body {

        private final Body body;

        DangerousBody(Body body) {
            this.body = body;
        }

        @Override
        public Verdict run(Delivery delivery, Held held) throws InterruptedException {
            if (stage.crashes().due(When.BEFORE, delivery.kind())) throw stage.crashHere();
            var verdict = body.run(delivery, held);
            if (ran(verdict) && stage.crashes().due(When.AFTER, delivery.kind())) die();
            return verdict;
        }

        /** Not if its payload could not be read: then no handler ran. */
        private static boolean ran(Verdict verdict) {
            return !(verdict instanceof Verdict.ToFlush(var ending) && ending instanceof Ending.Parked);
        }

        @Override
        public Ending timedOut(Delivery delivery, Duration deadline) {
            return body.timedOut(delivery, deadline);
        }

        @Override
        public void settled(Delivery delivery, Ending ending) {
            body.settled(delivery, ending);
        }

        @Override
        public void lost(Delivery delivery) {
            body.lost(delivery);
        }

        @Override
        public void unsettled(Delivery delivery) {
            body.unsettled(delivery);
        }
    }
}
