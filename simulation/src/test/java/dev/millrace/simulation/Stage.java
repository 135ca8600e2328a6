package dev.millrace.simulation;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.simulation.Simulation.Failure;
import dev.millrace.simulation.checker.Broken;
import dev.millrace.simulation.checker.Checker;
import dev.millrace.simulation.checker.Checkers;
import dev.millrace.simulation.checker.ClaimedOnce;
import dev.millrace.simulation.checker.EachSlotOnce;
import dev.millrace.simulation.checker.Fenced;
import dev.millrace.simulation.checker.InLine;
import dev.millrace.simulation.checker.Intended;
import dev.millrace.simulation.checker.LivingNotDeposed;
import dev.millrace.simulation.checker.NothingCollides;
import dev.millrace.simulation.checker.NothingPassedOver;
import dev.millrace.simulation.checker.OneOutcome;
import dev.millrace.simulation.checker.WrittenOnce;
import dev.millrace.simulation.database.Database;
import dev.millrace.simulation.database.Transaction.Isolation;
import dev.millrace.simulation.store.Bug;
import dev.millrace.simulation.store.HandlerTransaction;
import dev.millrace.simulation.store.SimulatedStore;
import dev.millrace.simulation.time.SimulatedWorld;
import dev.millrace.simulation.time.Timeline;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TracingStorage;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.JobTemplate;
import dev.millrace.store.Lease;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.Peer;
import dev.millrace.store.Storage;
import dev.millrace.store.StreamInfo;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.SetSchedule;
import dev.millrace.store.Timetable.Standing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A store without a fleet: a schedule is played on it step by step, and held to the invariants that need none. */
final class Stage {

    static final String QUEUE = "stage";

    private static final String SCHEDULE = "schedule";

    private static final Duration RETENTION = Duration.ofSeconds(10);

    final Timeline timeline = new Timeline();
    final SimulatedStore store;
    final Storage steps;
    final EachSlotOnce slots;
    private final SplittableRandom random;
    private final List<Checker> invariants;
    private final Checkers checkers;
    private final SimulatedWorld clock;
    private final Set<JobId> cancelled = new HashSet<>();
    private long claims;

    Stage(long seed, Set<Bug> bugs) {
        this(seed, bugs, true);
    }

    /** @param sane whether no node does what it must be refused for without having been deposed */
    Stage(long seed, Set<Bug> bugs, boolean sane) {
        random = new SplittableRandom(seed);
        clock = new SimulatedWorld(timeline, random.split(), Duration.ZERO, 1);
        var database = new Database(timeline, this::gap);
        store = new SimulatedStore(timeline, database, clock, RETENTION, bugs);
        slots = new EachSlotOnce(new Intended(), store::firedSlots, store::runsAskedFor, () -> false);
        invariants = List.of(
                new ClaimedOnce(true),
                new OneOutcome(true, cancelled::contains, store::past),
                new Fenced(sane),
                new LivingNotDeposed(node -> true),
                new NothingCollides(store::collisions),
                new WrittenOnce(store::endedTwice),
                new InLine(store::inLine, store::open, store::alive, (node, said) -> said),
                new NothingPassedOver(store::passedOver),
                slots);
        checkers = new Checkers(invariants);
        steps = new TracingStorage(store, clock, checkers);
    }

    /** Between two statements of a transaction; now and then somebody else has the processor. */
    private Duration gap() {
        return Duration.ofNanos(random.nextInt(20) == 0 ? random.nextInt(5_000_000) : random.nextInt(200_000));
    }

    /** What was broken first, once the schedule has been played. */
    @Nullable
    Failure played(Runnable schedule) {
        try {
            schedule.run();
            checkers.look(store);
        } catch (Broken seen) {
            // told below: it may have been thrown in another strand as well
        } finally {
            timeline.endAll();
        }
        var first = checkers.first();
        return first == null
                ? null
                : new Failure(first.invariant(), String.valueOf(first.getMessage()), Duration.ofNanos(timeline.now()));
    }

    /** Does it beside others; a refusal is an answer like any other. */
    void beside(String name, Runnable what) {
        timeline.start(name, () -> {
            try {
                what.run();
            } catch (MillraceException | Broken answer) {
                return;
            }
        });
    }

    void pass(Duration time) {
        timeline.passUntil(timeline.now() + time.toNanos());
    }

    // ---- what schedules are made of

    private UUID id() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    Lease join(String name) {
        return steps.join(
                new NodeCard(new NodeId(id()), name, "here", 1, "test", 10, List.of(QUEUE), List.of("kind:1")));
    }

    JobId enqueue() {
        return enqueue(Map.of());
    }

    JobId enqueue(Line line) {
        return enqueue(line.in(Map.of()));
    }

    private JobId enqueue(Map<String, String> headers) {
        var job = new JobId(id());
        steps.enqueue(new NewJob(
                job, QUEUE, Priority.NORMAL, null, "kind", 1, new Payload.Text("{}"), headers, null, null, null));
        return job;
    }

    /** The stream of the one keyed shard to which jobs were enqueued. */
    StreamInfo keyed() {
        var streams = steps.streams(List.of(QUEUE));
        var some = steps.poll(streams.stream().map(StreamInfo::id).toList());
        return streams.stream()
                .filter(stream -> stream.keyed() && some.contains(stream.id()))
                .findFirst()
                .orElseThrow();
    }

    void cancel(JobId job) {
        cancelled.add(job);
        steps.cancel(job, "not wanted any more", "an operator");
    }

    /** Claims and reads all there is. */
    List<Delivery> claim(Lease by) {
        var held = new ArrayList<Delivery>();
        for (var stream : steps.streams(List.of(QUEUE))) held.addAll(claim(by, stream));
        return held;
    }

    /** The same of one stream. */
    List<Delivery> claim(Lease by, StreamInfo stream) {
        return claim(by, stream, 100);
    }

    /** The next ones of it. */
    List<Delivery> claim(Lease by, StreamInfo stream, int want) {
        var claim = steps.take(by, stream.id(), want, claims++, new ClaimToken(id()));
        return claim.places().isEmpty() ? List.of() : steps.read(claim.token(), claim.places(), Long.MAX_VALUE);
    }

    /** A handler starts. */
    void start(Lease by, Delivery delivery) {
        long now = timeline.now();
        checkers.accept(new TraceEvent.Started(
                new TraceEvent.Stamp(by.node(), by.epoch().value(), now, now, clock.now()),
                delivery.token(),
                TracingStorage.held(delivery)));
    }

    // ---- schedules that are set at run time

    /** Sets the one there is; what it says is the payload of its jobs. */
    void set(String says) {
        slots.changing(SCHEDULE, says);
        steps.set(
                new SetSchedule(
                        new ScheduleCard(SCHEDULE, "every=PT1M", "missed=all"),
                        new JobTemplate(
                                QUEUE, Priority.NORMAL, null, "kind", 1, new Payload.Text(says), Map.of(), null, null)),
                "an operator",
                "somebody asks for it");
        slots.changed(SCHEDULE, says, null, clock.now());
    }

    void remove() {
        slots.changing(SCHEDULE, null);
        steps.remove(SCHEDULE, "an operator", "nobody asks for it any more");
        slots.changed(SCHEDULE, null, null, clock.now());
    }

    /** Looks after schedules, and has the one there is if nobody else does. */
    Standing standing(Lease by) {
        return steps.own(by, List.of(), Map.of()).schedules().getFirst();
    }

    /** Fires the next slot, by what this node believes. */
    void fire(Lease by, Standing believed) {
        var definition = Objects.requireNonNull(believed.definition());
        var job = definition.job().job(new JobId(id()), Map.of(), null);
        if (job.payload() instanceof Payload.Text(var says)) slots.said(SCHEDULE, says, job.id());
        steps.fire(
                by, SCHEDULE, believed.term(), List.of(new Run(believed.upto().plusSeconds(60), false, job)));
    }

    static Ended done(Delivery delivery) {
        return new Ended(delivery, new Ending.Done(null), null, Duration.ZERO);
    }

    /** As this node sees that one now. */
    Peer peer(Lease by, Lease of) {
        return steps.census(by).stream()
                .filter(peer -> peer.id().equals(of.node()))
                .findFirst()
                .orElseThrow();
    }

    void depose(Lease by, Lease dead) {
        steps.depose(by, peer(by, dead));
    }

    HandlerTransaction transaction(Isolation isolation) {
        return store.begin("a handler's", isolation);
    }
}
