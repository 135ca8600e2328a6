package dev.millrace;

import dev.millrace.store.Adjustment;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Editable;
import dev.millrace.store.Bulk.Edited;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Bulk.Progress;
import dev.millrace.store.Bulk.Stepped;
import dev.millrace.store.Catalogue.Published;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Payload;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Records.Query;
import dev.millrace.store.Steering;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.Timetable;
import dev.millrace.store.Timetable.Kept;
import dev.millrace.store.Timetable.SetSchedule;
import dev.millrace.store.Timetable.Setting;
import dev.millrace.world.World;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an operator does, over the open store. */
final class NamedOperations implements Operations {

    /** Jobs that one step of a change of many looks at: some hundredths of a second, in which a stream may be held off. */
    private static final int STEP = 200;

    /** Groups of failures that are told, and those that are counted. */
    private static final int FAILURE_GROUPS = 100;

    private static final int FAILURE_GROUPS_COUNTED = 10_000;

    /** Jobs that one step looks over at most, however few of them are selected. */
    private static final int STEP_LOOK = 1_000;

    /** How long a change of many tries again where its steps fail: longer than a restart or a failover takes. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Duration REST = Duration.ofSeconds(1);

    private final Engine engine;
    private final Storage storage;
    private final String actor;

    NamedOperations(Engine engine, String actor) {
        this.engine = engine;
        this.storage = engine.storage();
        this.actor = actor;
    }

    @Override
    public String actor() {
        return actor;
    }

    @Override
    public Optional<JobView> find(JobId job) {
        return storage.find(job).map(this::shown);
    }

    @Override
    public Optional<JobHistory> history(JobId job) {
        return storage.history(job)
                .map(kept -> new JobHistory(shown(kept.job()), kept.steps(), kept.log(), kept.changes()));
    }

    private JobView shown(JobView job) {
        return engine.payloads().shown(job, engine.world().now());
    }

    @Override
    public Optional<BatchView> batch(JobId then) {
        return storage.batch(then);
    }

    @Override
    public List<JobId> parts(JobId batch, long from) {
        if (from < 0) throw new MillraceException("Parts are counted from 0, and %,d is below.".formatted(from));
        return storage.parts(batch, from);
    }

    @Override
    public List<JobView> list(UnaryOperator<Filter> filter) {
        var asked = filter.apply(Filter.ALL);
        if (asked.looksInside()) return searched(asked);
        return storage.list(new Query(asked.state, asked.queue, asked.kind, asked.before, asked.limit, true));
    }

    private List<JobView> searched(Filter asked) {
        var state = Selection.reached(asked, "What is said of the jobs to list");
        var now =
                storage.select(Selection.selection(asked, state, null), null, 1).now();
        var selection = Selection.selection(asked, state, now);
        var found = new ArrayList<JobView>();
        var before = asked.before;
        long looked = 0;
        do {
            Selection.refuseFarther(asked, looked, found.size());
            looked += Plan.LOOK;
            var piece = storage.select(selection, before, Plan.LOOK);
            for (var job : piece.jobs()) {
                storage.find(job).map(JobView::brief).ifPresent(found::add);
                if (found.size() == asked.limit) return List.copyOf(found);
            }
            before = piece.next();
        } while (before != null);
        return List.copyOf(found);
    }

    // ---- many at once

    @Override
    public Selection jobs(UnaryOperator<Filter> filter) {
        return new Selection(this, filter.apply(Filter.ALL));
    }

    @Override
    public List<FailureGroup> failures(UnaryOperator<Filter> filter) {
        var asked = filter.apply(Filter.ALL);
        if (asked.state == null) asked = asked.state(State.DISCARDED);
        if (asked.state != State.DISCARDED && asked.state != State.RETRYABLE)
            throw new MillraceException(
                    "Jobs that are %s have not failed. Ask for those that are discarded or retryable."
                            .formatted(asked.state == null ? "unknown" : asked.state.wireName()));
        var now = storage.select(Selection.selection(asked, asked.state, null), null, 1)
                .now();
        var selection = Selection.selection(asked, asked.state, now);
        var groups = new HashMap<String, FailureGroup>();
        var piece = storage.failures(selection, null, Plan.LOOK);
        while (true) {
            for (var group : piece.groups())
                if (groups.size() < FAILURE_GROUPS_COUNTED || groups.containsKey(group.fingerprint()))
                    groups.merge(group.fingerprint(), group, FailureGroup::with);
            if (piece.next() == null) break;
            piece = storage.failures(selection, piece.next(), Plan.LOOK);
        }
        return groups.values().stream()
                .sorted(Comparator.comparingLong(FailureGroup::jobs)
                        .reversed()
                        .thenComparing(FailureGroup::fingerprint))
                .limit(FAILURE_GROUPS)
                .toList();
    }

    @Override
    public Optional<Deletion> deletion(JobId job) {
        return storage.deletion(job);
    }

    @Override
    public Optional<Operation> operation(UUID id) {
        return storage.change(id).map(kept -> new Operation(this, id));
    }

    @Override
    public List<OperationView> operations(int limit) {
        return storage.changes(Bounds.count("The number of operations on a page", limit, Filter.MAX_LIMIT)).stream()
                .map(OperationView::of)
                .toList();
    }

    Storage storage() {
        return storage;
    }

    /** Whether a search for text can't see payloads. */
    boolean payloadsAreHidden() {
        return engine.payloads().hidden();
    }

    /** An id for an operation; drawn from the world, so that what follows from a seed does. */
    UUID newId() {
        return engine.newId().value();
    }

    /** Edits by a function. */
    <J extends Job<?>> Editor editor(Class<J> type, UnaryOperator<J> function) {
        return new Editor.Typed<>(engine, type, engine.kind(type), function);
    }

    /**
     * Edits by a merge patch.
     *
     * @param type what the jobs are to be read as; null if that is not known
     */
    Editor patch(String text, @Nullable Class<?> type) {
        var kind = type == null ? null : engine.kind(type);
        return new Editor.Patched(
                engine, text, kind, kind == null ? null : engine.schemas().shape(kind));
    }

    /** As it was begun here; else by the patch that is kept. */
    private Editor editor(Change change) {
        var patch = change.details().patch();
        if (patch == null)
            throw new MillraceException(
                    "The operation %s edits by a function of the process that began it, which is not kept. Go on with the same function, operation(id).resume(SendInvoice.class, old -> …), or take back what it has done, bulk undo."
                            .formatted(change.id()));
        return new Editor.Patched(
                engine, engine.payloads().opened(patch), null, change.details().shape());
    }

    /**
     * Writes down what is to be done, or finds it written under its id.
     *
     * @param elsewhere the same request, as processes that have other keys of encryption write it
     * @param editor how, if it edits
     * @throws OperationTaken if another thing is written there
     */
    Operation begun(Change change, Set<String> elsewhere, @Nullable Editor editor) {
        var id = change.id();
        var before = storage.change(id);
        if (before.isEmpty()) {
            try {
                storage.begin(change);
            } catch (CommitUnknown unheard) {
                storage.begin(change); // saying it again changes nothing
            }
        }
        before.or(() -> storage.change(id)).ifPresent(kept -> refuseIfOther(kept, change, elsewhere));
        // By a patch it is gone on with as it was begun, with all that is kept of that; a function is nowhere but here.
        boolean kept = before.isPresent() && editor instanceof Editor.Patched;
        return new Operation(this, id, before.isPresent(), kept ? null : editor);
    }

    private static void refuseIfOther(KeptChange kept, Change asked, Set<String> elsewhere) {
        var known = kept.change().request();
        if (known != null && (known.equals(asked.request()) || elsewhere.contains(known))) return;
        throw new OperationTaken(
                asked.id(),
                "The id %s stands for an operation that %s began at %s: %s. Now it came with another request: %s. Nothing was begun. Take a new id for a new operation; or go on with the one that is there, operation(id).resume(), bulk resume."
                        .formatted(
                                asked.id(),
                                kept.change().by(),
                                kept.at(),
                                known == null
                                        ? "%s, because: %s (what was asked for exactly is not known)"
                                                .formatted(
                                                        OperationView.of(kept).what(),
                                                        kept.change().reason())
                                        : known,
                                asked.request()));
    }

    /** Does some of a change. */
    private interface Step {
        Optional<Progress> some(int most);
    }

    /** One that edits: payloads are read, edited here, and given back. */
    private final class Editing implements Step {
        private final Change change;
        private final Editor editor;
        private @Nullable JobId cursor;

        Editing(KeptChange kept, Editor editor) {
            this.change = kept.change();
            this.editor = editor;
            this.cursor = kept.cursor();
        }

        @Override
        public Optional<Progress> some(int most) {
            var piece = storage.payloads(
                    Objects.requireNonNull(change.selection()), cursor, Math.max(most, STEP_LOOK), most);
            var edited = piece.jobs().stream().map(this::edited).toList();
            var stepped = storage.edit(change.id(), cursor, piece.next(), edited);
            stepped.ifPresent(step -> cursor = step.cursor());
            return stepped.map(Stepped::progress);
        }

        private Edited edited(Editable job) {
            return switch (editor.edit(job)) {
                case Editor.Result.Edited(var payload, var before, var after) -> new Edited(job, payload, null);
                case Editor.Result.Refused(var brief, var why) -> new Edited(job, null, brief);
            };
        }
    }

    private Step step(KeptChange kept, @Nullable Editor editor) {
        var change = kept.change();
        if (change.action() != Action.EDIT || change.undoes() != null || kept.endedAt() != null)
            return most -> storage.goOn(change.id(), most);
        return new Editing(kept, editor == null ? editor(change) : editor);
    }

    /**
     * Does what is left of a change, not faster than it says.
     *
     * @param editor how, if it edits and was begun here
     * @param longest stops after this time, done or not; null if only when it is done
     */
    void finish(KeptChange kept, @Nullable Editor editor, @Nullable Duration longest, Runnable stepped) {
        var step = step(kept, editor);
        var world = engine.world();
        int perSecond = kept.change().perSecond();
        int most = perSecond == 0 ? STEP : Math.clamp(perSecond / 4, 1, STEP);
        long began = world.nanoTime();
        long before = kept.progress().matched();
        long lastDone = began;
        var id = kept.change().id();
        while (true) {
            if (Thread.interrupted()) {
                Thread.currentThread().interrupt();
                throw notDone(id, new InterruptedException("it was interrupted"));
            }
            try {
                var progress = step.some(most)
                        .orElseThrow(() -> new MillraceException("The operation %s is past retention.".formatted(id)));
                lastDone = world.nanoTime();
                stepped.run();
                if (progress.done()) return;
                if (longest != null && lastDone - began > longest.toNanos()) return;
                if (perSecond == 0) continue;
                long ahead = (long) ((progress.matched() - before) * 1e9 / perSecond) - (world.nanoTime() - began);
                if (ahead > 0) world.sleep(Duration.ofNanos(ahead));
            } catch (StoreException.Refused never) {
                throw notDone(id, never); // another try would meet the same
            } catch (StoreException.Unavailable | CommitUnknown again) {
                if (world.nanoTime() - lastDone > PATIENCE.toNanos()) throw notDone(id, again);
                rest(world, id);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                throw notDone(id, stop);
            }
        }
    }

    private static void rest(World world, UUID id) {
        try {
            world.sleep(REST);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw notDone(id, stop);
        }
    }

    private static MillraceException notDone(UUID change, Exception why) {
        return new MillraceException(
                "The operation %s was begun, and is not done: %s. What it has done is kept; go on with operation(id).resume(), or take it back; on the command line with bulk resume and bulk undo."
                        .formatted(change, why),
                why);
    }

    @Override
    public List<QueueView> queues() {
        return storage.queues();
    }

    @Override
    public List<NodeView> nodes() {
        return storage.nodes();
    }

    @Override
    public Checkup doctor() {
        return Doctor.checkup(
                storage.observe(),
                storage.seeQueues(),
                storage.seeNodes(),
                storage.seeSchedules(),
                storage.seeUnfinished(Doctor.OPERATIONS),
                engine.statuses());
    }

    @Override
    public Why why(JobId job) {
        return storage.find(job)
                .map(view -> new Reasons(
                                view,
                                storage::queues,
                                this::reasons,
                                storage::nodes,
                                () -> storage.batch(job),
                                () -> storage.blockers(job),
                                lines())
                        .why())
                .orElseGet(() -> storage.deletion(job)
                        .map(deletion -> Reasons.deleted(job, deletion))
                        .orElseGet(() -> Reasons.notKnown(job)));
    }

    private Reasons.InLines lines() {
        return new Reasons.InLines() {
            @Override
            public Optional<PlaceInLine> of(JobId job) {
                return storage.inLine(job);
            }

            @Override
            public Optional<PlaceInQueue> among(JobId job) {
                return storage.inQueue(job);
            }

            @Override
            public Optional<JobView> find(JobId job) {
                return storage.find(job);
            }

            @Override
            public List<FleetConcurrencyView> fleet() {
                return fleetConcurrencies();
            }

            @Override
            public Optional<Adjustment> adjusted(String limit) {
                return storage.adjustments().stream()
                        .map(Adjustment.Kept::adjustment)
                        .filter(one ->
                                one.of() == Adjustment.Of.LIMIT && one.name().equals(limit))
                        .findFirst();
            }
        };
    }

    private Map<Scope, String> reasons() {
        return storage.pauses().stream().collect(Collectors.toMap(Pause::scope, Pause::reason));
    }

    @Override
    public Optional<State> cancel(JobId job, String reason) {
        var why = Bounds.reason("A cancel", reason);
        refuseDeleted(job, "cancelled");
        return storage.cancel(job, why, actor);
    }

    @Override
    public Optional<State> requeue(JobId job, String reason) {
        var why = Bounds.reason("A requeue", reason);
        refuseDeleted(job, "requeued");
        return storage.requeue(job, why, actor);
    }

    private void refuseDeleted(JobId job, String done) {
        storage.deletion(job).ifPresent(deletion -> {
            throw new MillraceException(
                    "Job %s can't be %s: it %s Take that back first.".formatted(job, done, deletion.inWords()));
        });
    }

    @Override
    public Paused pause(Scope scope, String reason) {
        return paused(scope, reason, null);
    }

    @Override
    public Paused pause(Scope scope, String reason, Instant until) {
        var now = now();
        if (!until.isAfter(now) || until.isAfter(now.plus(Bounds.DELAY)))
            throw new MillraceException(
                    "A pause can't end at %s: it is %s by the store's clock, and a pause ends later than that, and within ten years. Nothing was paused."
                            .formatted(until, now));
        return paused(scope, reason, until.truncatedTo(ChronoUnit.MICROS));
    }

    @Override
    public Paused pause(Scope scope, String reason, Duration lasts) {
        var checked = Bounds.span("The time to pause for", lasts, Bounds.DELAY);
        return paused(scope, reason, now().plus(checked).truncatedTo(ChronoUnit.MICROS));
    }

    /** On the store's clock. */
    private Instant now() {
        return storage.select(Selection.selection(Filter.ALL, State.DISCARDED, null), null, 1)
                .now();
    }

    private Paused paused(Scope scope, String reason, @Nullable Instant until) {
        if (!storage.pause(checked(scope), Bounds.reason("A pause", reason), actor, until))
            throw new MillraceException(
                    "The %s %s can't be paused: %,d things are, as many as may. Nothing was changed. End some of these pauses, or pause a queue or a kind that they have in common."
                            .formatted(scope.type(), scope.name(), Steering.MOST_PAUSES));
        return PauseLook.of(storage, scope, until);
    }

    @Override
    public void resume(Scope scope) {
        storage.resume(checked(scope), actor);
    }

    @Override
    public List<PauseView> pauses() {
        return storage.pauses().stream()
                .map(pause -> new PauseView(pause.scope(), pause.reason(), pause.by(), pause.since(), pause.until()))
                .toList();
    }

    @Override
    public void limit(String name, UnaryOperator<Limit> numbers, String reason) {
        var adjustment = numbers.apply(Limit.named(name)).adjustment();
        if (!adjustment.name().equals(name))
            throw new MillraceException(
                    "The numbers of limit %s were to be set, and what was returned is limit %s. Return what was given, with other numbers: l -> l.concurrency(5)."
                            .formatted(name, adjustment.name()));
        adjust(adjustment, reason);
    }

    @Override
    public boolean resetLimit(String name, String reason) {
        return storage.reset(
                Adjustment.Of.LIMIT, Bounds.name("A limit", name), Bounds.reason("A reset", reason), actor);
    }

    @Override
    public void concurrency(String kind, int jobs, String reason) {
        adjust(
                new Adjustment(
                        Adjustment.Of.KIND,
                        Bounds.name("A kind", kind),
                        Bounds.count("The concurrency of a kind", jobs, Bounds.SLOTS),
                        null),
                reason);
    }

    @Override
    public boolean resetConcurrency(String kind, String reason) {
        return storage.reset(Adjustment.Of.KIND, Bounds.name("A kind", kind), Bounds.reason("A reset", reason), actor);
    }

    @Override
    public void fleetConcurrency(Scope scope, int jobs, String reason) {
        var of = fleet(scope);
        adjust(
                new Adjustment(
                        of,
                        named(of, scope),
                        Bounds.fleet("The concurrency of a %s over the fleet".formatted(scope.type()), jobs),
                        null),
                reason);
    }

    @Override
    public boolean resetFleetConcurrency(Scope scope, String reason) {
        var of = fleet(scope);
        return storage.reset(of, named(of, scope), Bounds.reason("A reset", reason), actor);
    }

    private static String named(Adjustment.Of of, Scope scope) {
        return Bounds.name(of == Adjustment.Of.FLEET_KIND ? "A kind" : "A queue", scope.name());
    }

    private static Adjustment.Of fleet(Scope scope) {
        return switch (scope) {
            case Scope.OfKind kind -> Adjustment.Of.FLEET_KIND;
            case Scope.Queue queue -> Adjustment.Of.FLEET_QUEUE;
            default ->
                throw new MillraceException(
                        "How often it runs over the whole fleet can be set of a queue or a kind, and this is a %s, %s. For one key there are limits, which jobs bring along; nothing was changed."
                                .formatted(scope.type(), scope.name()));
        };
    }

    @Override
    public List<FleetConcurrencyView> fleetConcurrencies() {
        return storage.shared().stream().map(FleetConcurrencyView::of).toList();
    }

    private void adjust(Adjustment adjustment, String reason) {
        if (!storage.adjust(adjustment, Bounds.reason("A change of numbers", reason), actor))
            throw new MillraceException(
                    "The numbers of %s can't be set: those of %,d limits, kinds and queues are, as many as may. Nothing was changed. Reset some that are not needed any more."
                            .formatted(adjustment.name(), Steering.MOST_ADJUSTED));
    }

    @Override
    public List<AdjustmentView> adjustments() {
        return storage.adjustments().stream().map(AdjustmentView::of).toList();
    }

    @Override
    public List<ScheduleView> schedules() {
        return storage.schedules().stream().map(this::view).toList();
    }

    private ScheduleView view(Kept kept) {
        return new ScheduleView(
                kept.card().name(),
                ScheduleText.read(kept.card().times(), kept.card().policy()),
                kept.since(),
                kept.node(),
                kept.nodeAlive(),
                kept.lastSlot(),
                kept.lastJob(),
                kept.pausedBecause(),
                kept.setting() == null ? null : view(kept.setting()));
    }

    private ScheduleView.Set view(Setting setting) {
        var job = setting.job();
        return new ScheduleView.Set(
                setting.by(),
                setting.at(),
                setting.reason(),
                job.kind(),
                job.kindVersion(),
                job.payload() instanceof Payload.Text(var text)
                        ? engine.payloads().shown(text)
                        : null,
                job.queue(),
                job.priority(),
                job.headers());
    }

    @Override
    public Scheduling schedule(
            String name, Schedule when, Job<?> job, UnaryOperator<JobOptions> options, String reason) {
        var kind = engine.kind(job.getClass());
        return set(SetTimed.written(name, when, said -> engine.sender().of(job, kind, said), options), reason);
    }

    @Override
    public Scheduling schedule(String name, Schedule when, NamedJob job, String reason) {
        var kind = kindName(job.kind(), job.version());
        return set(SetTimed.written(name, when, said -> engine.named(kind, job.json(), said), job.options()), reason);
    }

    private Scheduling set(SetSchedule schedule, String reason) {
        engine.refuseIfClosed();
        var name = schedule.card().name();
        var job = schedule.job()
                .with(engine.payloads().repeatable(name, schedule.job().payload()));
        return switch (storage.set(new SetSchedule(schedule.card(), job), actor, Bounds.reason("A schedule", reason))) {
            case CREATED -> Scheduling.CREATED;
            case CHANGED -> Scheduling.CHANGED;
            case UNCHANGED -> Scheduling.UNCHANGED;
            case BROUGHT ->
                throw new ScheduleTaken(
                        name,
                        "The schedule %s can't be set: code brings one of this name%s. Nothing was changed. Choose another name; or, if code brings it no longer, remove it first: `millrace schedule remove %s`."
                                .formatted(name, whose(name), name));
            case TOO_MANY ->
                throw new MillraceException(
                        "The schedule %s can't be set: there are %,d that were set at run time, the most that one node has in its memory. Nothing was changed. Remove some; or have one that enqueues a job for each of its entries."
                                .formatted(name, Timetable.MOST_SET));
        };
    }

    /** Which node it is that brings it, as far as that is known. */
    private String whose(String name) {
        return storage.schedules().stream()
                .filter(kept -> kept.card().name().equals(name) && kept.node() != null)
                .findFirst()
                .map(kept -> " (node %s, which is %s)".formatted(kept.node(), kept.nodeAlive() ? "alive" : "not alive"))
                .orElse("");
    }

    @Override
    public boolean unschedule(String name, String reason) {
        Bounds.name("A schedule", name);
        return switch (storage.remove(name, actor, Bounds.reason("A removal", reason))) {
            case REMOVED -> true;
            case UNKNOWN -> false;
            case BROUGHT ->
                throw new ScheduleTaken(
                        name,
                        "The schedule %s can't be removed: code brings it%s, and would bring it again. Nothing was changed. Take it out of the code; until then, pause it: `millrace pause schedule %s`."
                                .formatted(name, whose(name), name));
        };
    }

    @Override
    public boolean runNow(String schedule) {
        return storage.ask(Bounds.name("A schedule", schedule), actor);
    }

    private static Scope checked(Scope scope) {
        switch (scope) {
            case Scope.Queue(var name) -> Bounds.name("A queue", name);
            case Scope.OfKind(var name) -> Bounds.name("A kind", name);
            case Scope.OfSchedule(var name) -> Bounds.name("A schedule", name);
            case Scope.Tenant(var name) -> Bounds.word("A tenant", name);
            case Scope.Key(var queue, var key) -> {
                Bounds.name("A queue", queue);
                Bounds.word("The key of a pause", key);
            }
            case Scope.OfLimit(var limit, var key) -> {
                Bounds.name("A limit", limit);
                if (key != null) Bounds.word("The key of a pause", key);
            }
        }
        return scope;
    }

    @Override
    public List<KindView> kinds() {
        return storage.schemas().stream().map(NamedOperations::view).toList();
    }

    @Override
    public Optional<KindView> kind(String kind, int version) {
        return engine.schemas().known(kindName(kind, version)).map(NamedOperations::view);
    }

    private static KindView view(Published published) {
        return new KindView(
                published.kind(),
                published.version(),
                published.schema(),
                published.by().value(),
                published.at());
    }

    @Override
    public Handle<?> enqueue(String kind, int version, String json, UnaryOperator<JobOptions> options) {
        return engine.enqueue(kindName(kind, version), json, options);
    }

    @Override
    public List<? extends Handle<?>> enqueueAll(List<NamedJob> jobs) {
        return engine.enqueueAll(jobs);
    }

    static KindName kindName(String kind, int version) {
        Bounds.name("A kind", kind);
        Bounds.count("The version of a kind", version, Integer.MAX_VALUE);
        return new KindName(kind, version);
    }
}
