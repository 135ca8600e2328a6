package dev.millrace.simulation.fleet;

import dev.millrace.JobId;
import dev.millrace.LogLevel;
import dev.millrace.NodeView;
import dev.millrace.node.KindPlan;
import dev.millrace.node.NodePlan;
import dev.millrace.node.SchedulePlan;
import dev.millrace.simulation.Trace;
import dev.millrace.simulation.checker.AfterOthers;
import dev.millrace.simulation.checker.ChangedOnce;
import dev.millrace.simulation.checker.Checkers;
import dev.millrace.simulation.checker.DeadRecovered;
import dev.millrace.simulation.checker.EachSlotOnce;
import dev.millrace.simulation.checker.FollowedOnce;
import dev.millrace.simulation.checker.Heard;
import dev.millrace.simulation.checker.InFleet;
import dev.millrace.simulation.checker.Intended;
import dev.millrace.simulation.checker.ManifestsTellAll;
import dev.millrace.simulation.checker.NobodyStarves;
import dev.millrace.simulation.checker.OneOfAKey;
import dev.millrace.simulation.checker.PoisonStopped;
import dev.millrace.simulation.checker.SharesHold;
import dev.millrace.simulation.store.Bug;
import dev.millrace.simulation.store.SimulatedStore;
import dev.millrace.simulation.time.SimulatedWorld;
import dev.millrace.simulation.time.Timeline;
import dev.millrace.simulation.trace.Fingerprint;
import dev.millrace.simulation.trace.Sentence;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TracingStorage;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import dev.millrace.store.Storage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** All nodes of a simulated world, the store they share, and what is known of their jobs. */
public final class Fleet {

    /** As in production. */
    public static final Duration LEASE = Duration.ofSeconds(10);

    private static final Duration YOUTH = Duration.ofMillis(500);

    /** Whoever comes or comes back has to be there so long before its watching counts. */
    private static final Duration HANDOVER = Duration.ofSeconds(2);

    /** What everything in a simulated world shares. */
    public record Ground(
            Timeline timeline,
            SimulatedWorld clock,
            SimulatedStore store,
            Weather weather,
            Trace trace,
            Set<Bug> bugs) {}

    private final Ground ground;
    private final SplittableRandom random;
    private final Intended intended = new Intended();
    private final PoisonStopped poison = new PoisonStopped();
    private final ManifestsTellAll manifests = new ManifestsTellAll();
    private final Bounds bounds = new Bounds();
    private final Map<JobId, Script> scripts = new HashMap<>();
    private final Set<JobId> snoozed = new HashSet<>();
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Map<NodeId, Long> deadSince = new LinkedHashMap<>();
    private final Set<NodeId> seen = new HashSet<>();
    private final Map<NodeId, Long> watchedFor = new HashMap<>();
    private long lastLook;
    private final EachSlotOnce slots;
    private final OneOfAKey unique;
    private final ChangedOnce bulk;
    private final FollowedOnce batches;
    private final AfterOthers after;
    private final Heard heard = new Heard();
    private final NobodyStarves starving;
    private final SharesHold shares;
    private long disturbedAt;
    private final List<SchedulePlan> schedules = new ArrayList<>();
    private SchedulePlan.@Nullable Reader setSchedules;
    private final Map<String, Integer> kindNumbers = new HashMap<>();
    private final Map<String, Integer> queueNumbers = new HashMap<>();
    private final List<String> queues = new ArrayList<>(List.of("first", "second"));
    private final Map<NodeId, String> names = new HashMap<>();
    private final Sentence sentence = new Sentence(id -> names.getOrDefault(id, "a node that is joining"));
    private Checkers checkers = new Checkers(List.of());
    private int born;
    private int build = 2;
    private boolean everyKind;

    public Fleet(Ground ground, SplittableRandom random) {
        this.ground = ground;
        this.random = random;
        this.slots = new EachSlotOnce(
                intended, ground.store::firedSlots, ground.store::runsAskedFor, ground.clock::wasSetBack);
        this.unique = new OneOfAKey(ground.store::sight, ground.clock::wasSetBack, intended::wasRequeued);
        this.bulk = new ChangedOnce(ground.store::change, ground.store::jobsOfChange);
        this.batches = new FollowedOnce(ground.store::batches, intended::wasEverCancelled);
        this.after = new AfterOthers(ground.store::standing, intended::wasRequeued, ground.timeline::now);
        this.starving =
                new NobodyStarves(this::room, this::disturbedAt, ground.timeline::now, intended::wasEverCancelled);
        this.shares = new SharesHold(this::room, this::disturbedAt, ground.timeline::now);
    }

    public void checkers(Checkers all) {
        checkers = all;
    }

    // ---- what is shared

    public Timeline timeline() {
        return ground.timeline;
    }

    public SimulatedStore store() {
        return ground.store;
    }

    public Weather weather() {
        return ground.weather;
    }

    public Trace trace() {
        return ground.trace;
    }

    public Intended intended() {
        return intended;
    }

    public PoisonStopped poison() {
        return poison;
    }

    public ManifestsTellAll manifests() {
        return manifests;
    }

    public EachSlotOnce slots() {
        return slots;
    }

    public OneOfAKey unique() {
        return unique;
    }

    public ChangedOnce bulk() {
        return bulk;
    }

    public FollowedOnce batches() {
        return batches;
    }

    public AfterOthers after() {
        return after;
    }

    /** What nodes have heard of operators. */
    public Heard heard() {
        return heard;
    }

    public NobodyStarves starving() {
        return starving;
    }

    public SharesHold shares() {
        return shares;
    }

    public Bounds bounds() {
        return bounds;
    }

    boolean planted(Bug bug) {
        return ground.bugs.contains(bug);
    }

    /** Something happened, at the moment of its effect. */
    void tell(TraceEvent event) {
        if (!(event instanceof TraceEvent.Beat)) ground.trace.detail(() -> sentence.of(event));
        ground.trace.note(event.getClass().getSimpleName(), Fingerprint.of(event));
        checkers.accept(event);
    }

    Storage tracedFor(SimulatedNode node) {
        Storage traced = new TracingStorage(ground.store, ground.clock, this::tell);
        return planted(Bug.ACKNOWLEDGED_BEFORE_DURABLE) ? HastyStorage.over(traced, ground.timeline) : traced;
    }

    void withdrawn(Place place) {
        manifests.withdrawn(place);
    }

    /** For checks of what happens outside of a node's steps. */
    public void keep(Runnable check) {
        checkers.keep(check);
    }

    void checkPoison(Delivery delivery) {
        checkers.keep(() -> poison.killed(delivery.job(), delivery.place()));
    }

    // ---- jobs

    public void script(JobId job, Script script) {
        scripts.put(job, script);
    }

    Script scriptOf(JobId job) {
        return Objects.requireNonNull(scripts.get(job), () -> "job " + job + " was never sent, and runs");
    }

    Ending ending(Delivery delivery) {
        boolean before = !snoozed.add(delivery.job());
        return scriptOf(delivery.job()).ending(delivery, before);
    }

    // ---- nodes

    /** From now on a new node serves this queue as well. */
    public void serve(String queue) {
        queues.add(queue);
    }

    /** New nodes say that so many of a kind may run at once on all nodes together. */
    public void limitKind(String kind, int number) {
        kindNumbers.put(kind, number);
    }

    /** New nodes say that so many jobs of a queue may run at once on all nodes together. */
    public void limitQueue(String queue, int number) {
        queueNumbers.put(queue, number);
    }

    /** Whether no more run at once than these numbers say, or lower ones. */
    public InFleet inFleet() {
        return new InFleet(
                ground.store::sortOf,
                ground.store::open,
                queue -> queueNumbers.getOrDefault(queue, Integer.MAX_VALUE),
                kind -> kindNumbers.getOrDefault(kind, Integer.MAX_VALUE));
    }

    /** From now on a new node brings this schedule as well. */
    public void bring(SchedulePlan schedule) {
        schedules.add(schedule);
    }

    /** From now on a new node fires schedules that are set at run time as well. */
    public void read(SchedulePlan.Reader reader) {
        setSchedules = reader;
    }

    /** By the store's clock. */
    public Instant storeNow() {
        return ground.clock.now();
    }

    public void add() {
        int no = ++born;
        var own = random.split();
        var wrongBy = Duration.ofMillis(own.nextInt(-600_000, 600_000));
        double pace = 1 + own.nextDouble(-0.01, 0.01);
        var world = new SimulatedWorld(ground.timeline, own, wrongBy, pace);
        var kinds = new HashMap<String, KindPlan>();
        var node = new SimulatedNode(this, no, build, world, plan(no, own, kinds));
        kinds(node, own, kinds);
        nodes.add(node);
        node.boot();
    }

    /** A dead process is started again somewhere. */
    void replace(SimulatedNode gone) {
        ground.timeline.in(Duration.ofMillis(200 + random.nextInt(4_000)), this::add);
    }

    /** New processes run the older build, or the newer one. */
    public void build(int next) {
        build = next;
    }

    /** From now on new nodes know every kind that any knows. */
    public void everyKind() {
        everyKind = true;
    }

    /** No two nodes are configured alike. */
    private NodePlan plan(int no, RandomGenerator own, Map<String, KindPlan> kinds) {
        var limits = new NodePlan.Limits(
                2 + own.nextInt(8),
                1 + own.nextInt(12),
                own.nextInt(10),
                1 + no % 6,
                1 + own.nextInt(12),
                50 + own.nextInt(400),
                LEASE,
                Duration.ofSeconds(2),
                Duration.ofSeconds(1),
                Duration.ofSeconds(3),
                Duration.ofSeconds(1),
                Duration.ofSeconds(3),
                YOUTH);
        return new NodePlan(
                "node " + no,
                List.copyOf(queues),
                kinds,
                List.copyOf(schedules),
                setSchedules,
                List.of(),
                limits,
                List.of(),
                LogLevel.TRACE,
                Map.copyOf(queueNumbers));
    }

    /** Some know a kind that others do not, and an older build an older version of one. */
    private void kinds(SimulatedNode node, RandomGenerator own, Map<String, KindPlan> kinds) {
        var plain = Bodies.plain(node);
        kinds.put("work", new KindPlan("work", 1, Script.DEADLINE, 1_000, plain));
        kinds.put("narrow", new KindPlan("narrow", 1, Script.DEADLINE, 1 + own.nextInt(2), plain));
        kinds.put("exact", new KindPlan("exact", 1, Script.DEADLINE, 4, Bodies.exact(node)));
        kinds.put("evolving", new KindPlan("evolving", node.build(), Script.DEADLINE, 1_000, plain));
        if (node.no() % 2 == 0 || everyKind)
            kinds.put("novel", new KindPlan("novel", 2, Script.DEADLINE, 1_000, plain));
        kindNumbers.forEach((kind, number) -> kinds.computeIfPresent(
                kind,
                (name, plan) ->
                        new KindPlan(name, plan.version(), plan.deadline(), plan.concurrency(), number, plan.body())));
    }

    public List<SimulatedNode> living() {
        return nodes.stream().filter(node -> !node.dead()).toList();
    }

    public int born() {
        return born;
    }

    void named(NodeId id, String name) {
        names.put(id, name);
    }

    void died(NodeId id) {
        deadSince.put(id, ground.timeline.now());
    }

    /** Hints come late, or twice, or not at all. */
    public void heard(Storage.Wakeup wakeup) {
        for (var node : List.copyOf(nodes)) {
            for (int i = ground.weather.arrivals(); i > 0; i--)
                ground.timeline.in(Duration.ofNanos(random.nextInt(20_000_000)), () -> {
                    if (node.dead()) return;
                    switch (wakeup) {
                        case Storage.Wakeup.Work(var queue) -> node.hint(queue);
                        case Storage.Wakeup.Streams(var queue) -> node.hintStreams(queue);
                        case Storage.Wakeup.Command command -> node.command();
                    }
                });
        }
    }

    // ---- what checkers ask

    /** Whether it would be right to depose this node: nobody's, dead, or silent for a reason of its own. */
    public boolean mayBeDead(NodeId id) {
        if (ground.weather.upSince() > 0 && ground.timeline.now() - ground.weather.upSince() < LEASE.toNanos())
            return true;
        return nodes.stream().filter(node -> node.is(id)).allMatch(SimulatedNode::mayBeDead);
    }

    /**
     * Nodes that are dead and not gone, and for how long some other has been there to see it, or one after the other: what each of them watched
     * counts. It grows from call to call.
     */
    public List<DeadRecovered.Dead> dead() {
        long now = ground.timeline.now();
        long watched = watchedBetween(lastLook, now);
        lastLook = now;
        var dead = new ArrayList<DeadRecovered.Dead>();
        for (var view : ground.store.nodes()) {
            var id = new NodeId(view.id());
            boolean first = seen.add(id); // a join may be carried out long after its node's death
            if (first || !deadSince.containsKey(id) || view.life() == NodeView.Life.GONE) continue;
            long all = watchedFor.merge(id, watched, Long::sum);
            dead.add(new DeadRecovered.Dead(id, Duration.ofNanos(all)));
        }
        return dead;
    }

    /** A failover may have lost what watchers wrote down, and a deposition as well. */
    public void forgetWatching() {
        watchedFor.clear();
    }

    private long watchedBetween(long from, long to) {
        long there = Math.max(
                living().stream().mapToLong(SimulatedNode::thereSince).min().orElse(Long.MAX_VALUE),
                ground.weather.upSince());
        return there <= from - HANDOVER.toNanos() ? to - from : 0;
    }

    /** The nodes that nothing keeps from hearing what operators say, and since when. */
    public Map<NodeId, Long> hearing() {
        var hearing = new LinkedHashMap<NodeId, Long>();
        for (var node : living()) {
            var id = node.id();
            long since = Math.max(node.hearsSince(), ground.weather.upSince());
            if (id != null && since <= ground.timeline.now() && ground.store.alive(id)) hearing.put(id, since);
        }
        return hearing;
    }

    /** How often a node's code lets a kind run at once. */
    public int atOnce(NodeId id, String kind) {
        for (var node : nodes) {
            var plan = node.is(id) ? node.plan().kinds().get(kind) : null;
            if (plan != null) return plan.concurrency();
        }
        return Integer.MAX_VALUE;
    }

    /** How many deliveries all nodes together have slots for, or may claim ahead. */
    private int room() {
        return living().stream()
                .mapToInt(node ->
                        node.plan().limits().slots() + node.plan().limits().buffer())
                .sum();
    }

    void disturbed() {
        disturbedAt = ground.timeline.now();
    }

    private long disturbedAt() {
        return living().stream()
                .mapToLong(SimulatedNode::disturbedAt)
                .reduce(Math.max(disturbedAt, ground.weather.upSince()), Math::max);
    }

    public List<String> busy() {
        var busy = new ArrayList<String>();
        for (var node : nodes) {
            var holds = node.holds();
            if (holds != null) busy.add(holds);
        }
        return busy;
    }

    /** Whether a living node serves this queue and knows this kind, {@code name:version}. */
    public boolean served(String queue, String kind) {
        int colon = kind.lastIndexOf(':');
        int version = Integer.parseInt(kind.substring(colon + 1));
        return living().stream().anyMatch(node -> {
            var known = node.plan().kinds().get(kind.substring(0, colon));
            return !node.frozen()
                    && node.plan().queues().contains(queue)
                    && known != null
                    && known.version() >= version;
        });
    }
}
