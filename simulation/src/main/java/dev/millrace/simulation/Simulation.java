package dev.millrace.simulation;

import dev.millrace.JobId;
import dev.millrace.MemoryStore;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.node.KindPlan;
import dev.millrace.node.NodePlan;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.Storage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A fleet in a box: some nodes, a store, a workload and disasters, all drawn from one seed and played on one thread in virtual time.
 * The nodes' loops are the production ones. A broken promise is an {@link AssertionError} whose message replays it.
 *
 * <p>Weakness first: a step of the store is atomic here, so races inside of a store's step are not found; those are the business of
 * the contract, and of torture on a real database.
 */
public final class Simulation {

    private static final Logger QUIET = Logger.getLogger("dev.millrace.node");

    private static final List<Priority> PRIORITIES = List.of(Priority.values());
    private static final Duration WORKLOAD = Duration.ofSeconds(20);
    private static final Duration DISASTERS = Duration.ofSeconds(45);
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    /** The longest freeze, cut or stall. */
    private static final Duration LONGEST = Duration.ofSeconds(25);

    private static final Duration SETTLING = Duration.ofSeconds(5);
    private static final Duration LEASE = Duration.ofSeconds(10);

    private final long seed;
    private final Planted planted;
    private final boolean loud;
    private final SplittableRandom random;
    private final Timeline timeline = new Timeline(this::lookAround);
    private final Storage store;
    private final Checks checks;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Map<JobId, Script> scripts = new HashMap<>();
    private final List<JobId> sent = new ArrayList<>();
    private final Set<JobId> snoozed = new HashSet<>();
    private Dangers.Odds odds = Dangers.Odds.NONE;
    private boolean calm;
    private long stalledUntil;
    private int born;
    private long happenings;
    private @Nullable Lease ghost;

    private Simulation(long seed, Planted planted, boolean loud) {
        this.seed = seed;
        this.planted = planted;
        this.loud = loud;
        this.random = new SplittableRandom(seed);
        var clock = new SimulatedWorld(timeline, random.split(), Duration.ZERO, 1);
        this.store = new MemoryStore().open(clock);
        this.checks = new Checks(store);
    }

    /** A run that this number alone decides. */
    public static Simulation seed(long seed) {
        return new Simulation(seed, Planted.NONE, false);
    }

    /** The same run, told event by event on the standard output. */
    public Simulation loud() {
        return new Simulation(seed, planted, true);
    }

    Simulation with(Planted bug) {
        return new Simulation(seed, bug, loud);
    }

    /** Replays seeds, or looks for one that breaks: {@code Simulation 42}, {@code Simulation 1 10000}. */
    public static void main(String[] args) {
        long first = Long.parseLong(args[0]);
        long last = args.length > 1 ? Long.parseLong(args[1]) : first;
        QUIET.setLevel(Level.OFF); // what the nodes have to say about disasters is not news here
        for (long seed = first; seed <= last; seed++) {
            var simulation = Simulation.seed(seed);
            var told = last == first ? simulation.loud() : simulation;
            System.out.println(told.run());
        }
    }

    /**
     * What a run was like.
     *
     * @param fingerprint equal for equal runs
     */
    public record Story(long seed, int jobs, int nodes, Duration length, long fingerprint) {}

    /**
     * Plays it to its end.
     *
     * @throws AssertionError if a promise was broken
     */
    public Story run() {
        try {
            play();
            return new Story(seed, sent.size(), born, Duration.ofNanos(timeline.now()), happenings);
        } catch (RuntimeException | AssertionError broken) {
            throw new AssertionError(
                    "%s%n  after %s; replay: dev.millrace.simulation.Simulation %d"
                            .formatted(broken.getMessage(), Duration.ofNanos(timeline.now()), seed),
                    broken);
        }
    }

    private void play() {
        drawWeather();
        int fleet = 2 + random.nextInt(3);
        for (int i = 0; i < fleet; i++) addNode();
        drawWorkload();
        drawDisasters();
        everySecond();
        store.listen(this::heard);
        timeline.passUntil(DISASTERS.toNanos());
        calmDown();
        long end = timeline.now() + PATIENCE.toNanos();
        while (!checks.allEnded() && timeline.now() < end) pass(Duration.ofSeconds(1));
        timeline.passUntil(
                DISASTERS.plus(LONGEST).plus(LEASE).toNanos()); // whoever is still frozen or cut off comes back
        pass(SETTLING);
        for (var node : nodes) node.tellStatus();
        checks.quiescent();
        for (var node : nodes) node.checkIdle();
    }

    private void pass(Duration time) {
        timeline.passUntil(timeline.now() + time.toNanos());
    }

    // ---- the fleet

    private void addNode() {
        int no = ++born;
        var own = random.split();
        var wrongBy = Duration.ofMillis(own.nextInt(-600_000, 600_000));
        double pace = 1 + own.nextDouble(-0.01, 0.01);
        var node = new SimulatedNode(this, no, new SimulatedWorld(timeline, own, wrongBy, pace), store, plan(no, own));
        nodes.add(node);
        node.boot();
    }

    /** A dead process is started again somewhere. */
    void replace(SimulatedNode gone) {
        timeline.in(Duration.ofMillis(200 + random.nextInt(4_000)), this::addNode);
    }

    /** No two nodes are configured alike, and some run an older build that does not know every kind. */
    private NodePlan plan(int no, RandomGenerator own) {
        var kinds = new HashMap<String, KindPlan>();
        var body = SimulatedNode.body(this);
        kinds.put("work", new KindPlan("work", 1, Script.DEADLINE, 1_000, body));
        kinds.put("narrow", new KindPlan("narrow", 1, Script.DEADLINE, 1 + own.nextInt(2), body));
        if (no % 2 == 0 || calm) kinds.put("novel", new KindPlan("novel", 2, Script.DEADLINE, 1_000, body));
        var limits = new NodePlan.Limits(
                2 + own.nextInt(8),
                1 + own.nextInt(12),
                own.nextInt(10),
                1 + own.nextInt(12),
                50 + own.nextInt(400),
                LEASE,
                Duration.ofSeconds(2),
                Duration.ofSeconds(1),
                Duration.ofSeconds(3),
                Duration.ofSeconds(1),
                Duration.ofSeconds(3),
                Duration.ofSeconds(5));
        return new NodePlan("node " + no, List.of("first", "second"), kinds, List.of(), limits);
    }

    // ---- the workload

    private void drawWorkload() {
        int jobs = 40 + random.nextInt(80);
        int poisons = random.nextInt(3);
        for (int i = 0; i < jobs; i++) {
            boolean poison = i < poisons;
            var at = Duration.ofMillis(random.nextInt((int) WORKLOAD.toMillis()));
            timeline.in(at, () -> send(poison));
        }
        for (int i = random.nextInt(10); i > 0; i--) timeline.in(during(WORKLOAD), this::cancelSomething);
        if (random.nextInt(3) == 0) pauseFor(Scope.queue("second"));
        if (random.nextInt(3) == 0) pauseFor(Scope.kind("narrow"));
    }

    private void send(boolean poison) {
        var id = new JobId(new UUID(random.nextLong(), random.nextLong()));
        var script = Script.draw(random, poison);
        scripts.put(id, script);
        sent.add(id);
        boolean expires = random.nextInt(15) == 0;
        var job = new NewJob(
                id,
                random.nextBoolean() ? "first" : "second",
                PRIORITIES.get(random.nextInt(PRIORITIES.size())),
                null,
                switch (random.nextInt(8)) {
                    case 0, 1 -> "narrow";
                    case 2 -> "novel";
                    default -> "work";
                },
                1 + random.nextInt(2) * (random.nextInt(8) == 0 ? 1 : 0),
                new Payload.Text("x".repeat(random.nextInt(200))),
                Map.of(),
                random.nextInt(5) == 0 ? new NewJob.Due.In(Duration.ofMillis(random.nextInt(15_000))) : null,
                expires ? Duration.ofMillis(random.nextInt(20_000)) : null,
                null);
        if (job.kindVersion() == 2 && !job.kind().equals("novel")) {
            sent.remove(id);
            return; // nobody will ever know that version
        }
        try {
            store.enqueue(job);
            checks.acknowledged(id, script, expires);
            tell("job %s is sent: %s", id, script);
        } catch (MillraceException refused) {
            tell("job %s is refused: %s", id, refused.getMessage());
        }
    }

    private void cancelSomething() {
        if (sent.isEmpty()) return;
        var job = sent.get(random.nextInt(sent.size()));
        store.cancel(job, "no longer needed", "the simulation").ifPresent(state -> {
            checks.cancelled(job, state);
            tell("job %s is withdrawn: %s", job, state);
        });
    }

    private void pauseFor(Scope scope) {
        timeline.in(during(WORKLOAD), () -> {
            tell("%s is paused", scope);
            store.pause(scope, "maintenance", "the simulation");
        });
    }

    Script scriptOf(JobId job) {
        var script = scripts.get(job);
        checks.require(script != null, "job %s was never sent, and runs", job);
        return Objects.requireNonNull(script);
    }

    Ending ending(Delivery delivery) {
        boolean before = !snoozed.add(delivery.job()) && delivery.attempt() > 0;
        return scriptOf(delivery.job()).ending(delivery, before);
    }

    // ---- the weather

    private void drawWeather() {
        odds = switch (random.nextInt(4)) {
            case 0 -> new Dangers.Odds(0.002, 0.002, 0.01, 0.0005, 0.0005);
            case 1 -> new Dangers.Odds(0.03, 0.03, 0.02, 0.0005, 0.0005);
            case 2 -> new Dangers.Odds(0.01, 0.08, 0.05, 0.001, 0.001);
            default -> new Dangers.Odds(0.005, 0.01, 0.01, 0.003, 0.003);
        };
    }

    private void drawDisasters() {
        for (int i = random.nextInt(6); i > 0; i--) toSomebody(node -> node.kill("out of the blue"));
        for (int i = random.nextInt(4); i > 0; i--)
            toSomebody(node -> {
                tell("node %d freezes", node.no());
                node.freeze(aWhile());
            });
        for (int i = random.nextInt(3); i > 0; i--)
            toSomebody(node -> {
                tell("node %d is cut off", node.no());
                node.cutOff(aWhile());
            });
        for (int i = random.nextInt(3); i > 0; i--)
            toSomebody(node -> node.close(Duration.ofMillis(random.nextInt(4_000))));
        if (random.nextInt(3) == 0)
            timeline.in(during(DISASTERS), () -> {
                tell("the store stalls");
                stalledUntil = timeline.now() + aWhile().toNanos();
            });
    }

    private void toSomebody(java.util.function.Consumer<SimulatedNode> disaster) {
        timeline.in(during(DISASTERS), () -> {
            var living = nodes.stream().filter(node -> !node.dead()).toList();
            if (!living.isEmpty()) disaster.accept(living.get(random.nextInt(living.size())));
        });
    }

    private Duration aWhile() {
        return Duration.ofMillis(500 + random.nextInt((int) LONGEST.toMillis() - 500));
    }

    private Duration during(Duration time) {
        return Duration.ofNanos(random.nextLong(time.toNanos()));
    }

    /** From here on nothing new goes wrong, and somebody knows every kind: all that was asked for must come to its end. */
    private void calmDown() {
        tell("it calms down");
        calm = true;
        odds = Dangers.Odds.NONE;
        store.resume(Scope.queue("second"), "the simulation");
        store.resume(Scope.kind("narrow"), "the simulation");
        addNode();
    }

    Dangers.Odds odds() {
        return odds;
    }

    boolean stalled() {
        return timeline.now() < stalledUntil;
    }

    private void everySecond() {
        checks.endedStayEnded();
        timeline.in(Duration.ofSeconds(1), this::everySecond);
    }

    /** Hints come late, or not at all. */
    private void heard(Storage.Wakeup wakeup) {
        for (var node : List.copyOf(nodes)) {
            if (random.nextInt(4) == 0) continue;
            timeline.in(Duration.ofNanos(random.nextInt(20_000_000)), () -> {
                if (node.dead()) return;
                switch (wakeup) {
                    case Storage.Wakeup.Work(var queue) -> node.hint(queue);
                    case Storage.Wakeup.Command command -> node.command();
                }
            });
        }
    }

    private void lookAround() {
        checks.throwIfBroken();
    }

    // ---- for those who take part

    Timeline timeline() {
        return timeline;
    }

    Checks checks() {
        return checks;
    }

    Planted planted() {
        return planted;
    }

    /** Whether it would be right to depose this node: nobody's, dead, or silent for a reason of its own. */
    boolean mayBeDead(NodeId id) {
        return nodes.stream().filter(node -> node.is(id)).allMatch(SimulatedNode::mayBeDead);
    }

    /** A lease that nobody holds, for a planted bug to hide behind. */
    Lease ghost() {
        var known = ghost;
        if (known != null) return known;
        var id = new NodeId(new UUID(0, 0));
        var made = store.join(new NodeCard(id, "ghost", "nowhere", 0, "none", 0, List.of(), List.of()));
        ghost = made;
        return made;
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    void tell(String what, @Nullable Object... details) {
        var told = what.formatted(details);
        happenings = happenings * 31 + told.hashCode() + timeline.now();
        if (loud) System.out.printf("%12.6f %s%n", timeline.now() / 1e9, told);
    }
}
