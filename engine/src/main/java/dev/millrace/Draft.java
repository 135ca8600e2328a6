package dev.millrace;

import dev.millrace.KindBody.Work;
import dev.millrace.node.KindPlan;
import dev.millrace.node.NodePlan;
import dev.millrace.store.Catalogue.KindSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A node being built: what was said so far, and whether it makes sense. */
final class Draft {

    private final Engine engine;
    private final SequencedSet<String> queues = new LinkedHashSet<>();
    private final Map<String, Integer> fleetQueues = new LinkedHashMap<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final List<WayUp> waysUp = new ArrayList<>();
    private final Map<String, Timed> schedules = new LinkedHashMap<>();
    private final List<Consumer<JobEvent>> listeners = new ArrayList<>();
    private final Set<UUID> dead = new LinkedHashSet<>();
    private @Nullable String name;
    private int slots = NodePlan.Limits.DEFAULT.slots();
    private @Nullable IfUnreadable ifUnreadable;
    private LogLevel logLevel = LogLevel.TRACE;
    private boolean started;

    Draft(Engine engine) {
        this.engine = engine;
    }

    /** What was said of one kind. */
    static final class Entry {
        final KindType kind;
        final Content content;
        final boolean transacts;
        Retry policy = Retry.DEFAULT;
        Duration deadline = Bounds.DEFAULT_DEADLINE;

        @Nullable
        Duration keepResult;

        int concurrency;

        @Nullable
        Integer fleet;

        private Entry(KindType kind, Content content, boolean transacts) {
            this.kind = kind;
            this.content = content;
            this.transacts = transacts;
        }
    }

    /** What runs the jobs of a kind. */
    sealed interface Content {

        /** A handler of records. */
        record Typed(Work work) implements Content {}

        /** A handler of text, and which versions it reads. */
        record Raw(RawHandler handler, Set<Integer> versions) implements Content {}
    }

    private record WayUp(KindName from, Class<?> older, KindName to, Function<Object, Object> up) {}

    Engine engine() {
        return engine;
    }

    void name(String name) {
        refuseIfStarted();
        this.name = Bounds.word("A node's name", name);
    }

    void queue(String queue) {
        refuseIfStarted();
        queues.add(Bounds.name("A queue", queue));
    }

    void fleetConcurrency(String queue, int jobs) {
        refuseIfStarted();
        fleetQueues.put(Bounds.name("A queue", queue), Bounds.fleet("The concurrency of a queue over the fleet", jobs));
    }

    /** Of queues that the node does not serve it can't say how much of them it would run. */
    private Map<String, Integer> fleetQueues() {
        for (var queue : fleetQueues.keySet())
            if (!served().contains(queue))
                throw new MillraceException(
                        "fleetConcurrency(\"%s\", …) is about a queue that this node does not serve. Serve it: queue(\"%s\"); or say it on the nodes that do."
                                .formatted(queue, queue));
        return Map.copyOf(fleetQueues);
    }

    void slots(int slots) {
        refuseIfStarted();
        this.slots = Bounds.count("The number of slots", slots, Bounds.SLOTS);
    }

    void logLevel(LogLevel least) {
        refuseIfStarted();
        logLevel = least;
    }

    void listener(Consumer<JobEvent> listener) {
        refuseIfStarted();
        listeners.add(listener);
    }

    void takeOver(UUID deadNode) {
        refuseIfStarted();
        dead.add(deadNode);
    }

    /** Nodes that are known to be dead. */
    Set<UUID> dead() {
        return Set.copyOf(dead);
    }

    Entry kind(Class<?> type, Work work, boolean transacts) {
        refuseIfStarted();
        return added(new Entry(engine.kind(type), new Content.Typed(work), transacts), type.getSimpleName());
    }

    /** A kind that has no class here. */
    Entry raw(String kind, Set<Integer> versions, RawHandler handler) {
        refuseIfStarted();
        if (versions.isEmpty())
            throw new MillraceException(
                    "The raw handler of kind %s names no version, so it could run nothing. Name those whose payload it understands: handleRaw(\"%s\", Set.of(1), …)."
                            .formatted(kind, kind));
        var newest = NamedOperations.kindName(
                kind, versions.stream().mapToInt(Integer::intValue).max().getAsInt());
        for (int version : versions) Bounds.count("The version of a kind", version, Integer.MAX_VALUE);
        RawBody.payloads(engine, kind); // refused here, where it is said, and not at the start
        return added(
                new Entry(RawBody.type(newest), new Content.Raw(handler, Set.copyOf(versions)), false),
                "a raw handler");
    }

    private Entry added(Entry entry, String what) {
        var kind = entry.kind;
        var other = entries.putIfAbsent(kind.name().name(), entry);
        if (other != null)
            throw new MillraceException(
                    "The kind %s has two handlers on this node: for %s and for %s. Keep one; older versions of a payload come in by upcast(…)."
                            .formatted(
                                    kind.name().name(),
                                    RawBody.isRaw(other.kind)
                                            ? "a raw handler"
                                            : other.kind.type().getSimpleName(),
                                    what));
        return entry;
    }

    @SuppressWarnings("unchecked") // the decoder gives each function what its class says
    <A, B> void wayUp(Class<A> older, Class<B> newer, Function<? super A, ? extends B> up) {
        refuseIfStarted();
        var from = KindName.of(older);
        var to = KindName.of(newer);
        if (!from.name().equals(to.name()) || from.version() >= to.version())
            throw new MillraceException(
                    "upcast leads from %s (%s) to %s (%s). It leads from an older to a newer version of one kind."
                            .formatted(older.getSimpleName(), from, newer.getSimpleName(), to));
        waysUp.add(new WayUp(from, older, to, (Function<Object, Object>) up));
    }

    void schedule(Timed schedule) {
        refuseIfStarted();
        if (schedules.putIfAbsent(schedule.card().name(), schedule) != null)
            throw new MillraceException(
                    "The schedule %s is there twice on this node. Give each a name of its own, or keep one."
                            .formatted(schedule.card().name()));
    }

    /** What was said, as the node runs it. */
    NodePlan plan() {
        refuseIfStarted();
        refuseIfNothingToDo();
        var kinds = new LinkedHashMap<String, KindPlan>();
        entries.forEach((wireName, entry) -> kinds.put(wireName, plan(entry)));
        return new NodePlan(
                name == null ? engine.nextNodeName() : name,
                served(),
                Map.copyOf(kinds),
                List.copyOf(schedules.values()),
                set -> SetTimed.read(engine, set),
                List.copyOf(listeners),
                NodePlan.Limits.DEFAULT.withSlots(slots),
                schemas(),
                logLevel,
                fleetQueues());
    }

    /** What payloads of its kinds look like. Of raw handlers, and where the codec does not say, that is not known: what was said of them before is not told any more. */
    private List<KindSchema> schemas() {
        var codec = engine.storage().codec();
        if (codec == null) return List.of();
        var schemas = new ArrayList<KindSchema>();
        for (var entry : entries.values())
            decoder(entry)
                    .steps()
                    .forEach((version, step) -> schemas.add(new KindSchema(
                            entry.kind.name().name(),
                            version,
                            RawBody.isRaw(entry.kind) ? null : KindSchemas.of(codec, step.type()))));
        schemas.sort(Comparator.comparing(KindSchema::kind).thenComparingInt(KindSchema::version));
        return List.copyOf(schemas);
    }

    private void refuseIfNothingToDo() {
        if (entries.isEmpty())
            throw new MillraceException(
                    "This node has no handlers: it would claim jobs and could run none. Add one: node.handle(SendInvoice.class, billing::send).");
        for (var way : waysUp) {
            var entry = entries.get(way.from().name());
            if (entry != null && RawBody.isRaw(entry.kind))
                throw new MillraceException(
                        "upcast from %s leads to a raw handler, which gets each payload as it was stored. Leave out the upcast, and name the older version where the handler is registered."
                                .formatted(way.older().getSimpleName()));
            if (entry == null)
                throw new MillraceException(
                        "upcast from %s leads to no handler: nothing on this node handles the kind %s."
                                .formatted(
                                        way.older().getSimpleName(), way.from().name()));
        }
    }

    private KindPlan plan(Entry entry) {
        var decoder = decoder(entry);
        var judge = new Judge(entry.kind.name(), entry.policy, decoder.payloads(), engine.world(), entry.keepResult);
        return new KindPlan(
                entry.kind.name().name(),
                entry.kind.name().version(),
                Set.copyOf(decoder.steps().keySet()),
                entry.deadline,
                entry.concurrency == 0 ? slots : entry.concurrency,
                entry.fleet,
                switch (entry.content) {
                    case Content.Typed(var work) -> new KindBody(engine, decoder, judge, work, entry.deadline);
                    case Content.Raw(var handler, var versions) ->
                        new RawBody(engine, decoder, judge, handler, entry.deadline);
                });
    }

    private Decoder decoder(Entry entry) {
        return switch (entry.content) {
            case Content.Typed typed -> decoder(entry.kind);
            case Content.Raw raw -> decoder(entry.kind, raw.versions());
        };
    }

    private Decoder decoder(KindType raw, Set<Integer> versions) {
        var steps = new HashMap<Integer, Decoder.Step>();
        for (int version : versions) steps.put(version, new Decoder.Step(String.class, version, null));
        return new Decoder(RawBody.payloads(engine, raw.name().name()), raw, Map.copyOf(steps));
    }

    private Decoder decoder(KindType kind) {
        var steps = new HashMap<Integer, Decoder.Step>();
        int newest = kind.name().version();
        steps.put(newest, new Decoder.Step(kind.type(), newest, null));
        for (var way : waysUp) {
            if (!way.from().name().equals(kind.name().name())) continue;
            if (steps.put(
                            way.from().version(),
                            new Decoder.Step(way.older(), way.to().version(), way.up()))
                    != null)
                throw new MillraceException(
                        "There are two ways up from %s, or it is what runs already. Keep one.".formatted(way.from()));
        }
        for (var step : steps.values())
            if (!steps.containsKey(step.to()))
                throw new MillraceException(
                        "upcast of %s leads to version %d, and there it ends: what runs is version %d. Add the way up from version %d."
                                .formatted(kind.name().name(), step.to(), newest, step.to()));
        return new Decoder(engine.payloads(), kind, Map.copyOf(steps));
    }

    /** The node runs: nothing more can be said. */
    void started() {
        started = true;
    }

    /** How this node reads payloads, by kind. */
    List<Decoder> decoders() {
        return entries.values().stream().map(this::decoder).toList();
    }

    /** Reads what waits for this node, and runs nothing. */
    Check check(Check.Options options) {
        refuseIfNothingToDo();
        return checker().check(served(), options);
    }

    private Checker checker() {
        var decoders = new HashMap<String, Decoder>();
        entries.forEach((wireName, entry) -> decoders.put(wireName, decoder(entry)));
        return new Checker(engine.storage(), decoders);
    }

    void checkStored(IfUnreadable policy) {
        refuseIfStarted();
        ifUnreadable = policy;
    }

    /** What to do where jobs wait that this node can't read; null if nothing was said. */
    @Nullable
    IfUnreadable ifUnreadable() {
        return ifUnreadable;
    }

    /** The look that a start takes. It is of what was said up to now. */
    Supplier<Check> lookAtStart() {
        var checker = checker();
        var queues = served();
        return () -> checker.atStart(queues);
    }

    private List<String> served() {
        return queues.isEmpty() ? List.of(JobOptions.DEFAULT.queue) : List.copyOf(queues);
    }

    /** Whether a handler needs a transaction. */
    boolean transacts() {
        return entries.values().stream().anyMatch(entry -> entry.transacts);
    }

    private void refuseIfStarted() {
        if (started)
            throw new MillraceException(
                    "This node has started; what it runs can't be changed any more. Say it before start(), or start another node.");
    }
}
