package dev.millrace;

import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Writes what users say of a node into its draft. */
class NodeAssembly implements NodeBuilder {

    private final Draft draft;

    NodeAssembly(Draft draft) {
        this.draft = draft;
    }

    @Override
    public NodeBuilder name(String name) {
        draft.name(name);
        return this;
    }

    @Override
    public NodeBuilder queue(String name) {
        draft.queue(name);
        return this;
    }

    @Override
    public NodeBuilder queues(String... names) {
        if (names.length == 0)
            throw new MillraceException(
                    "queues() names none, and the node would serve the queue \"default\". If that is meant, leave it out; else the list that it was made of is empty.");
        for (var name : names) draft.queue(name);
        return this;
    }

    @Override
    public NodeBuilder fleetConcurrency(String queue, int jobs) {
        draft.fleetConcurrency(queue, jobs);
        return this;
    }

    @Override
    public NodeBuilder slots(int slots) {
        draft.slots(slots);
        return this;
    }

    @Override
    public NodeBuilder logLevel(LogLevel least) {
        draft.logLevel(least);
        return this;
    }

    @Override
    public <R, J extends Job<R>> KindBuilder handle(Class<J> kind, Handler<? super J, ? extends R> code) {
        return new KindAssembly(draft, draft.kind(kind, Works.result(kind, code), false));
    }

    @Override
    public <R, J extends Job<R>> KindBuilder handle(Class<J> kind, Handler.Plain<? super J, ? extends R> code) {
        Handler<J, R> full = (job, attempt) -> code.handle(job);
        return handle(kind, full);
    }

    @Override
    public <J extends Job<Void>> KindBuilder handle(Class<J> kind, Handler.Action<? super J> code) {
        return new KindAssembly(draft, draft.kind(kind, Works.result(kind, code), false));
    }

    @Override
    public <J extends Job<Void>> KindBuilder handle(Class<J> kind, Handler.PlainAction<? super J> code) {
        Handler.Action<J> full = (job, attempt) -> code.run(job);
        return handle(kind, full);
    }

    @Override
    public <R, J extends Job<R>> KindBuilder decide(Class<J> kind, Handler.Decide<? super J, R> code) {
        return new KindAssembly(draft, draft.kind(kind, Works.outcome(kind, code), false));
    }

    @Override
    public <R, J extends Job<R>> KindBuilder transact(Class<J> kind, Handler.Transact<? super J, ? extends R> code) {
        var work = Works.transaction(kind, code, draft.engine().storage());
        return new KindAssembly(draft, draft.kind(kind, work, true));
    }

    @Override
    public <J extends Job<Void>> KindBuilder transact(Class<J> kind, Handler.TransactAction<? super J> code) {
        var work = Works.transaction(kind, code, draft.engine().storage());
        return new KindAssembly(draft, draft.kind(kind, work, true));
    }

    @Override
    public <C, R, J extends Reduce<C, R>> KindBuilder reduce(
            Class<J> kind, Handler.Reducer<? super J, C, ? extends R> code) {
        return new KindAssembly(draft, draft.kind(kind, Works.reduction(kind, code, draft.engine()), false));
    }

    @Override
    public <C, J extends Reduce<C, Void>> KindBuilder reduce(Class<J> kind, Handler.ReducerAction<? super J, C> code) {
        return new KindAssembly(draft, draft.kind(kind, Works.reduction(kind, code, draft.engine()), false));
    }

    @Override
    public KindBuilder handleRaw(String kind, Set<Integer> versions, RawHandler code) {
        return new KindAssembly(draft, draft.raw(kind, versions, code));
    }

    @Override
    public NodeBuilder schedule(
            String name,
            Schedule when,
            Function<? super ZonedDateTime, ? extends Job<?>> job,
            UnaryOperator<JobOptions> options) {
        draft.schedule(new Timed(draft.engine(), name, when, job, options));
        return this;
    }

    @Override
    public NodeBuilder with(Handlers module) {
        module.addTo(this);
        return this;
    }

    @Override
    public <A, B> NodeBuilder upcast(Class<A> older, Class<B> newer, Function<? super A, ? extends B> up) {
        draft.wayUp(older, newer, up);
        return this;
    }

    @Override
    public NodeBuilder takeOver(UUID deadNode) {
        draft.takeOver(deadNode);
        return this;
    }

    @Override
    public NodeBuilder onEvent(Consumer<? super JobEvent> listener) {
        draft.listener(listener::accept);
        return this;
    }

    @Override
    public Check check(UnaryOperator<Check.Options> options) {
        return draft.check(options.apply(Check.Options.DEFAULT));
    }

    @Override
    public NodeBuilder checkStored(IfUnreadable policy) {
        draft.checkStored(policy);
        return this;
    }

    @Override
    public Node start() {
        return draft.engine().start(draft);
    }

    /** The same, where one kind has just been named. */
    private static final class KindAssembly extends NodeAssembly implements KindBuilder {

        private final Draft.Entry entry;

        KindAssembly(Draft draft, Draft.Entry entry) {
            super(draft);
            this.entry = entry;
        }

        @Override
        public KindBuilder retry(Retry policy) {
            entry.policy = policy;
            return this;
        }

        @Override
        public KindBuilder deadline(Duration deadline) {
            entry.deadline = Bounds.span("A deadline", deadline, Bounds.DEADLINE);
            return this;
        }

        @Override
        public KindBuilder keepResult(Duration time) {
            entry.keepResult = Bounds.span("The time that a result is kept", time, Bounds.DELAY);
            return this;
        }

        @Override
        public KindBuilder concurrency(int jobs) {
            entry.concurrency = Bounds.count("The concurrency of a kind", jobs, Bounds.SLOTS);
            return this;
        }

        @Override
        public KindBuilder fleetConcurrency(int jobs) {
            entry.fleet = Bounds.fleet("The concurrency of a kind over the fleet", jobs);
            return this;
        }
    }
}
