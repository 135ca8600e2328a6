package dev.millrace;

import dev.millrace.store.Records.Query;
import dev.millrace.store.Storage;
import dev.millrace.store.Timetable.Kept;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** What an operator does, over the open store. */
final class NamedOperations implements Operations {

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
        return storage.find(job);
    }

    @Override
    public Optional<JobHistory> history(JobId job) {
        return storage.history(job);
    }

    @Override
    public List<JobView> list(UnaryOperator<Filter> filter) {
        var asked = filter.apply(Filter.ALL);
        return storage.list(new Query(asked.state, asked.queue, asked.kind, asked.before, asked.limit, true));
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
    public Why why(JobId job) {
        return storage.find(job)
                .map(view -> new Reasons(view, storage::queues, storage::pauses, storage::nodes).why())
                .orElseGet(() -> Reasons.notKnown(job));
    }

    @Override
    public Optional<State> cancel(JobId job, String reason) {
        return storage.cancel(job, Bounds.reason("A cancel", reason), actor);
    }

    @Override
    public Optional<State> requeue(JobId job, String reason) {
        return storage.requeue(job, Bounds.reason("A requeue", reason), actor);
    }

    @Override
    public void pause(Scope scope, String reason) {
        storage.pause(checked(scope), Bounds.reason("A pause", reason), actor);
    }

    @Override
    public void resume(Scope scope) {
        storage.resume(checked(scope), actor);
    }

    @Override
    public List<ScheduleView> schedules() {
        return storage.schedules().stream().map(NamedOperations::view).toList();
    }

    private static ScheduleView view(Kept kept) {
        return new ScheduleView(
                kept.card().name(),
                ScheduleText.read(kept.card().times(), kept.card().policy()),
                kept.since(),
                kept.node(),
                kept.nodeAlive(),
                kept.lastSlot(),
                kept.lastJob(),
                kept.pausedBecause());
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
        }
        return scope;
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
