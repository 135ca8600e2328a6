package dev.millrace.node;

import dev.millrace.Failure;
import dev.millrace.JobEvent;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.MemoryStore;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.Peer;
import dev.millrace.store.Storage;
import dev.millrace.world.World;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One incarnation in virtual time, turned by the test's thread. Handlers run until the test says how they end.
 *
 * <p>Time goes on only in {@link #pass}, which turns every duty when its rest is over or its bell has rung, as threads would.
 */
final class OneNode implements World, Attempts {

    /** What a node has to say about the failures that tests arrange is not news. */
    private static final Logger LOG = Logger.getLogger("dev.millrace.node");

    static final Duration DEADLINE = Duration.ofSeconds(30);
    static final NodePlan.Limits LIMITS = NodePlan.Limits.DEFAULT.withSlots(4);

    private final SplittableRandom random = new SplittableRandom(7);
    private long nanos;

    final Storage store = new MemoryStore().open(this);
    final Wire wire = new Wire(store);
    final Incarnation node;
    final List<JobEvent> events = new ArrayList<>();

    /** Handlers under way, by their job. */
    final Map<JobId, Handler> handlers = new LinkedHashMap<>();

    private final Map<Duty, Long> due = new HashMap<>();
    private long ids;

    OneNode() {
        this(LIMITS, Map.of("work", 1_000));
    }

    OneNode(NodePlan.Limits limits) {
        this(limits, Map.of("work", 1_000));
    }

    /** Kinds with their concurrency. */
    OneNode(NodePlan.Limits limits, Map<String, Integer> concurrency) {
        this(limits, concurrency, null);
    }

    /** It fires what is set at run time. */
    OneNode(SchedulePlan.Reader reader) {
        this(LIMITS, Map.of("work", 1_000), reader);
    }

    private OneNode(NodePlan.Limits limits, Map<String, Integer> concurrency, SchedulePlan.@Nullable Reader reader) {
        LOG.setLevel(Level.OFF);
        var kinds = new HashMap<String, KindPlan>();
        concurrency.forEach((kind, most) -> kinds.put(kind, new KindPlan(kind, 1, DEADLINE, most, body())));
        var plan = new NodePlan("one", List.of("default"), kinds, List.of(), reader, List.of(), limits);
        node = Incarnation.join(wire.storage(), this, plan, this, card(), new Tally(), new Events() {
            @Override
            public boolean wanted() {
                return true;
            }

            @Override
            public void happened(JobEvent event) {
                events.add(event);
            }
        });
        for (var duty : node.duties()) due.put(duty, 0L);
    }

    // ---- its world

    @Override
    public Instant now() {
        return Instant.parse("2026-11-23T15:30:00Z").plusNanos(nanos);
    }

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public void sleep(Duration duration) {
        throw new UnsupportedOperationException("loops rest, they don't sleep");
    }

    // ---- turning

    /** Everything that is due now is done. */
    void settle() {
        pass(Duration.ZERO);
    }

    /** Time goes on, in steps of a millisecond or more, and everything is done when it is due. */
    void pass(Duration time) {
        long end = nanos + time.toNanos();
        while (true) {
            turnAll();
            long next = end;
            for (var at : due.values()) next = Math.min(next, at);
            if (nanos >= end) return;
            nanos = Math.min(end, Math.max(next, nanos + 1_000_000));
        }
    }

    /** The process stands still: time goes on, and nothing is done. */
    void freeze(Duration time) {
        nanos += time.toNanos();
    }

    private void turnAll() {
        for (int round = 0; round < 1_000; round++) {
            boolean turned = false;
            for (var duty : node.duties()) {
                if (node.over() || (due.getOrDefault(duty, 0L) > nanos && !duty.wakes())) continue;
                turn(duty);
                turned = true;
            }
            if (!turned) return;
        }
        throw new AssertionError("it does not come to rest: "
                + wire.asked().subList(wire.asked().size() - 20, wire.asked().size()));
    }

    /** One turn of one duty. */
    void turn(String name) {
        turn(node.duties().stream()
                .filter(duty -> duty.name().equals(name))
                .findFirst()
                .orElseThrow());
    }

    private void turn(Duty duty) {
        try {
            var rest = duty.turn();
            if (rest != null) due.put(duty, nanos + rest.toNanos());
        } catch (InterruptedException impossible) {
            throw new AssertionError(impossible);
        }
    }

    NodeStatus status() {
        return node.status(0);
    }

    /** Another node, as this one sees it. */
    Peer peer(Lease other) {
        return store.census(node.lease()).stream()
                .filter(peer -> peer.id().equals(other.node()))
                .findFirst()
                .orElseThrow();
    }

    // ---- its jobs

    JobId send() {
        return send("work");
    }

    JobId send(String kind) {
        return send(kind, job -> job);
    }

    JobId send(String kind, UnaryOperator<NewJob> change) {
        var id = new JobId(new UUID(0, ++ids));
        var job = new NewJob(
                id, "default", Priority.NORMAL, null, kind, 1, new Payload.Text("{}"), Map.of(), null, null, null);
        store.enqueue(change.apply(job));
        node.hint("default");
        return id;
    }

    List<JobId> send(int count) {
        var all = new ArrayList<JobId>();
        for (int i = 0; i < count; i++) all.add(send());
        return all;
    }

    JobView job(JobId id) {
        return store.find(id).orElseThrow();
    }

    State state(JobId id) {
        return job(id).state();
    }

    /** How the deliveries of a job ended, oldest first. */
    List<@Nullable String> outcomes(JobId id) {
        var outcomes = new ArrayList<@Nullable String>();
        for (var step : store.history(id).orElseThrow().steps()) outcomes.add(step.outcome());
        return outcomes;
    }

    boolean runs(JobId id) {
        var handler = handlers.get(id);
        return handler != null && !handler.ended;
    }

    Handler handler(JobId id) {
        var handler = handlers.get(id);
        if (handler == null) throw new AssertionError("job " + id + " was never started");
        return handler;
    }

    /** The handler returns. */
    void done(JobId id) {
        ends(id, new Ending.Done(null));
    }

    void ends(JobId id, Ending ending) {
        handler(id).ends(ending);
        settle();
    }

    // ---- its handlers

    static final class Handler implements Running {
        final Delivery delivery;
        private final Runnable attempt;
        int interrupts;
        boolean ended;
        private @Nullable Ending ending;

        Handler(Delivery delivery, Runnable attempt) {
            this.delivery = delivery;
            this.attempt = attempt;
        }

        @Override
        public void interrupt() {
            interrupts++;
        }

        /** What the handler holds: a held delivery is its own attempt. */
        Held held() {
            return (Held) attempt;
        }

        void ends(Ending ending) {
            this.ending = ending;
            ended = true;
            attempt.run();
        }

        /** It obeys the interrupt. */
        void obeys() {
            ended = true;
            attempt.run();
        }
    }

    @Override
    public Running start(Delivery delivery, Runnable attempt) {
        var handler = new Handler(delivery, attempt);
        handlers.put(delivery.job(), handler);
        return handler;
    }

    private Body body() {
        return new Body() {
            @Override
            public Verdict run(Delivery delivery, Held held) throws InterruptedException {
                var ending = handler(delivery.job()).ending;
                if (ending == null) throw new InterruptedException("told to stop");
                return new Verdict.ToFlush(ending);
            }

            @Override
            public Ending timedOut(Delivery delivery, Duration deadline) {
                return new Ending.TimedOut(failure("timed out"), Duration.ofMinutes(1));
            }
        };
    }

    static Failure failure(String type) {
        return new Failure(type, "as the test says", type, 1, "");
    }

    private NodeCard card() {
        return new NodeCard(new NodeId(new UUID(1, 1)), "one", "here", 1, "test", 4, List.of("default"), List.of());
    }

    /** Another node, that only exists. */
    static NodeCard stranger(long id) {
        return new NodeCard(new NodeId(new UUID(2, id)), "other", "there", 1, "test", 4, List.of(), List.of());
    }
}
