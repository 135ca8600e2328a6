package dev.millrace;

import dev.millrace.Operations.NamedJob;
import dev.millrace.node.Host;
import dev.millrace.node.Hosted;
import dev.millrace.node.NodePlan;
import dev.millrace.node.NodeShell;
import dev.millrace.store.Accepted;
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.world.World;
import java.lang.reflect.Type;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The front door over an open store: hands jobs in, and keeps what it started. */
final class Engine implements Millrace {

    private final Storage storage;
    private final World world;
    private final Payloads payloads;
    private final Sender sender;
    private final BatchSender batches = new BatchSender(this);
    private final Waiters waiters;
    private final KindSchemas schemas;
    private final HandlerThreads handlerThreads = new HandlerThreads();
    private final List<RunningNode> nodes = new CopyOnWriteArrayList<>();
    private final AtomicInteger nodesNamed = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** What the classes of jobs say, read once each. */
    private final ClassValue<KindType> kinds = new ClassValue<>() {
        @Override
        protected KindType computeValue(Class<?> type) {
            return KindType.of(type);
        }
    };

    private Engine(Storage storage, World world) {
        this.storage = storage;
        this.world = world;
        this.payloads = new Payloads(storage.codec());
        this.sender = new Sender(world, payloads);
        this.waiters = new Waiters(storage, world);
        this.schemas = new KindSchemas(storage, world);
    }

    static Engine open(Store store, World world) {
        return new Engine(store.open(world), world);
    }

    Storage storage() {
        return storage;
    }

    World world() {
        return world;
    }

    Payloads payloads() {
        return payloads;
    }

    Sender sender() {
        return sender;
    }

    BatchSender batches() {
        return batches;
    }

    KindSchemas schemas() {
        return schemas;
    }

    Waiters waiters() {
        return waiters;
    }

    /** A new id of version 7, for whatever is kept by one. */
    JobId newId() {
        return sender.newId();
    }

    /** How the nodes of this process stand. */
    List<Node.Status> statuses() {
        return nodes.stream().map(RunningNode::status).toList();
    }

    HandlerThreads handlerThreads() {
        return handlerThreads;
    }

    KindType kind(Class<?> type) {
        return kinds.get(type);
    }

    // ---- one job

    @Override
    public <R> Handle<R> enqueue(Job<R> job, UnaryOperator<JobOptions> options) {
        refuseIfClosed();
        var kind = kind(job.getClass());
        return taken(sender.of(job, kind, options), kind.result(), storage::enqueue);
    }

    @Override
    public <R> Handle<R> enqueue(Connection tx, Job<R> job, UnaryOperator<JobOptions> options) {
        refuseIfClosed();
        refuseAutoCommit(tx, "The job would be enqueued", "use enqueue(job), which has a transaction of its own");
        var kind = kind(job.getClass());
        return taken(sender.of(job, kind, options), kind.result(), made -> storage.enqueue(tx, made));
    }

    /** By the name of the kind and its payload as text. */
    Handle<?> enqueue(KindName kind, String json, UnaryOperator<JobOptions> options) {
        refuseIfClosed();
        return taken(named(kind, json, options), Object.class, storage::enqueue);
    }

    NewJob named(KindName kind, String json, UnaryOperator<JobOptions> options) {
        var payload = payloads.written("The payload of kind " + kind.name(), json);
        schemas.refuse(kind, json);
        // In the clear: who sent it may hear what does not fit.
        refuseUnreadable(kind, new Payload.Text(json));
        return sender.of(kind, payload, options);
    }

    /** Refuses what a node of this process could not read that handles its kind. */
    void refuseUnreadable(KindName kind, Payload payload) {
        for (var node : nodes) node.refuse(kind, payload);
    }

    private <R> Handle<R> taken(NewJob job, Type result, Function<NewJob, Accepted> store) {
        try {
            var accepted = store.apply(job);
            return new JobHandle<>(this, accepted.job(), accepted.existed(), result);
        } catch (CommitUnknown unknown) {
            throw new CommitUnknown(
                    "The connection was lost while job %s was enqueued: it was taken, or it was not, and nobody knows. Ask find(…) for it; with an idempotencyKey you may simply enqueue again."
                            .formatted(job.id()),
                    unknown);
        }
    }

    // ---- many

    @Override
    public <R> List<Handle<R>> enqueueAll(Stream<? extends Job<? extends R>> jobs, UnaryOperator<JobOptions> options) {
        refuseIfClosed();
        return allTaken(jobs, options, storage::enqueueAll);
    }

    @Override
    public <R> List<Handle<R>> enqueueAll(
            Connection tx, Stream<? extends Job<? extends R>> jobs, UnaryOperator<JobOptions> options) {
        refuseIfClosed();
        refuseAutoCommit(tx, "The jobs would be enqueued", "use enqueueAll(jobs), which has a transaction of its own");
        return allTaken(jobs, options, made -> storage.enqueueAll(tx, made));
    }

    private <R> List<Handle<R>> allTaken(
            Stream<? extends Job<? extends R>> jobs,
            UnaryOperator<JobOptions> options,
            Function<Iterator<NewJob>, Map<JobId, JobId>> store) {
        var handles = new JobHandles<R>(this);
        try (jobs) {
            return allTaken(made(jobs.iterator(), options), handles, store);
        }
    }

    /** By the names of their kinds and their payloads as text. */
    List<? extends Handle<?>> enqueueAll(List<NamedJob> jobs) {
        refuseIfClosed();
        var made = jobs.stream()
                .map(job -> new Made(
                        named(NamedOperations.kindName(job.kind(), job.version()), job.json(), job.options()),
                        Object.class))
                .iterator();
        return allTaken(made, new JobHandles<>(this), storage::enqueueAll);
    }

    private <R> List<Handle<R>> allTaken(
            Iterator<Made> jobs, JobHandles<R> handles, Function<Iterator<NewJob>, Map<JobId, JobId>> store) {
        try {
            handles.held(store.apply(noted(jobs, handles)));
        } catch (CommitUnknown unknown) {
            if (handles.isEmpty()) throw unknown;
            throw new CommitUnknown(
                    "The connection was lost while %,d jobs were enqueued: all of them were taken, or none, and nobody knows. One tells for all: ask find(…) for %s."
                            .formatted(handles.size(), handles.getLast().id()),
                    unknown);
        }
        return handles.complete();
    }

    /** A job as the store takes it, and what comes back of it. */
    private record Made(NewJob job, Type result) {}

    private Iterator<Made> made(Iterator<? extends Job<?>> jobs, UnaryOperator<JobOptions> options) {
        return each(jobs, job -> {
            var kind = kind(job.getClass());
            return new Made(sender.of(job, kind, options), kind.result());
        });
    }

    private static Iterator<NewJob> noted(Iterator<Made> jobs, JobHandles<?> handles) {
        return each(jobs, made -> {
            if (made.job().idempotency() != null)
                throw new MillraceException(
                        "enqueueAll takes no idempotency keys: it is all or nothing, and a key may stand for a job that is there. Enqueue such jobs one by one.");
            handles.append(made.job().id(), made.result());
            return made.job();
        });
    }

    static <A, B> Iterator<B> each(Iterator<? extends A> from, Function<A, B> to) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return from.hasNext();
            }

            @Override
            public B next() {
                return to.apply(from.next());
            }
        };
    }

    // ---- batches

    @Override
    public <C, R> Batch<R> batch(
            Stream<? extends Job<? extends C>> parts, Reduce<C, R> then, UnaryOperator<JobOptions> options) {
        refuseIfClosed();
        return Objects.requireNonNull(batches.enqueue(parts, then, options, null), "it is part of no other");
    }

    @Override
    public <C, R> Batch<R> batch(
            Connection tx,
            Stream<? extends Job<? extends C>> parts,
            Reduce<C, R> then,
            UnaryOperator<JobOptions> options) {
        refuseIfClosed();
        refuseAutoCommit(
                tx, "The batch would be enqueued", "use batch(parts, job), which has a transaction of its own");
        return batches.enqueue(tx, parts, then, options);
    }

    @Override
    public <R> Batch<R> findBatch(Class<? extends Reduce<?, R>> kind, JobId id) {
        return new BatchHandle<>(this, id, true, kind(kind));
    }

    // ---- the rest

    @Override
    public <R> Handle<R> find(Class<? extends Job<R>> kind, JobId id) {
        return new JobHandle<>(this, id, true, kind(kind).result());
    }

    @Override
    public NodeBuilder node() {
        refuseIfClosed();
        return new NodeAssembly(new Draft(this));
    }

    @Override
    public Operations operations(String actor) {
        return new NamedOperations(this, Bounds.word("The actor", actor));
    }

    String nextNodeName() {
        return "node-" + nodesNamed.incrementAndGet();
    }

    /** A connection that commits by itself can't make one of two writes. */
    static void refuseAutoCommit(Connection tx, String what, String instead) {
        try {
            if (tx.getAutoCommit())
                throw new MillraceException(
                        "%s even if your next statement failed. Call setAutoCommit(false) first, or %s."
                                .formatted(what, instead));
        } catch (SQLException broken) {
            throw new MillraceException(
                    "The connection can't be asked whether it commits by itself: %s. Pass one that is open."
                            .formatted(broken.getMessage()),
                    broken);
        }
    }

    void refuseIfClosed() {
        if (closed.get()) throw new MillraceException("This Millrace is closed. Open another one: Millrace.on(store).");
    }

    /** Starts what was drafted. A node that can't run is refused here, not when its first job comes. */
    Node start(Draft draft) {
        refuseIfClosed();
        if (draft.transacts()) refuseIfNoTransactions();
        var plan = draft.plan();
        var policy = draft.ifUnreadable();
        if (policy == null) policy = world instanceof Host ? IfUnreadable.IGNORE : IfUnreadable.WARN;
        var stored = new StoredCheck(plan.name(), draft.lookAtStart());
        if (policy == IfUnreadable.REFUSE) stored.refuse();
        var dead = draft.dead().stream().map(NodeId::new).collect(Collectors.toUnmodifiableSet());
        var node = new RunningNode(plan.name(), hosted(plan, dead), draft.decoders(), nodes::remove, this::takeOver);
        draft.started();
        nodes.add(node);
        if (policy == IfUnreadable.WARN) {
            if (world instanceof Host) stored.warn(closed::get);
            else stored.warnBeside(closed::get);
        }
        if (closed.get()) node.close(); // while it started
        return node;
    }

    /** What a node held that was abandoned: one of the others takes it over at once; without another, whoever misses it after its lease. */
    private void takeOver(NodeId abandoned) {
        for (var node : nodes) {
            if (!node.status().trusted()) continue;
            node.deposeAtOnce(abandoned);
            return;
        }
    }

    /** By the world itself if it hosts nodes, else on threads of its own. */
    private Hosted hosted(NodePlan plan, Set<NodeId> dead) {
        if (world instanceof Host host) return host.start(storage, plan, dead);
        var shell = new NodeShell(storage, world, plan);
        for (var id : dead) shell.deposeAtOnce(id);
        return shell.start();
    }

    /** Tries whether the store has any: for handlers that write in one. */
    private void refuseIfNoTransactions() {
        try {
            storage.connection().close();
        } catch (SQLException broken) {
            throw new MillraceException(
                    "The database gave a connection that can't be closed: " + broken.getMessage(), broken);
        }
    }

    /** Closes all nodes at the same time, each in order, and then what they stand on. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) return;
        var threads = Thread.ofPlatform().daemon().name("millrace-close-", 1).factory();
        try (var closing = Executors.newThreadPerTaskExecutor(threads)) {
            for (var node : nodes) closing.execute(node::close);
        } finally {
            waiters.close();
            storage.close();
        }
    }
}
