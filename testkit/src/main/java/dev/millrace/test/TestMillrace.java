package dev.millrace.test;

import dev.millrace.Batch;
import dev.millrace.Failure;
import dev.millrace.Handle;
import dev.millrace.Handlers;
import dev.millrace.Job;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.NodeBuilder;
import dev.millrace.Operations;
import dev.millrace.Reduce;
import dev.millrace.State;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.test.Crashes.When;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Millrace} for tests: the real engine over a store in memory, on virtual time. Hand it to the code under test. Nothing
 * happens by itself; {@link #advance} lets time pass, and everything that is due by then is done in between: jobs run, fail, wait and
 * run again, nodes beat and take over from those that crashed. Days take milliseconds, and with the same seed everything happens in
 * the same order.
 *
 * <pre>{@code
 * try (var millrace = TestMillrace.with(node -> node.handle(SendInvoice.class, billing::send))) {
 *     millrace.crashAfter("send-invoice");
 *     var invoice = millrace.enqueue(new SendInvoice(42));
 *     millrace.advance(ofMinutes(1));
 *     assertThat(invoice.get(ZERO)).isEqualTo(new Receipt("R-42"));
 * }
 * }</pre>
 *
 * <p><b>Waiting.</b> {@code get} and {@code await} of a handle let time pass as well, until the job has ended or the timeout is over;
 * with a timeout of zero they only look.
 *
 * <p><b>Handlers</b> are your real code, each attempt on a thread of its own, but only one of them runs at a time, and while it does,
 * time stands still: work takes no time unless it calls {@link #sleep}. There a deadline, a cancel or a shutdown interrupts it. A
 * handler that really blocks fails the test after a {@linkplain TestOptions#patience patience}.
 *
 * <p>Jobs in memory can't join a transaction: {@code enqueue(tx, …)} and handlers that were added with {@code transact} need a test on
 * a database.
 *
 * <p>Made to be used by the test's thread. Others may enqueue; what they do comes at a moment of real time, and is not repeated by the
 * seed.
 */
public final class TestMillrace implements Millrace {

    private final TestOptions options;
    private final Stage stage;
    private final Millrace engine;
    private boolean closed;

    private TestMillrace(TestOptions options) {
        this.options = options;
        this.stage = new Stage(options);
        var store = options.codec == null ? new MemoryStore() : new MemoryStore(options.codec.around(RoundTrip::new));
        this.engine = Millrace.on(stage.watched(store), stage);
    }

    /**
     * Opens one with a node that runs these handlers. Without any there is no node until you start one: for producers, and for handlers
     * that need the {@code TestMillrace} or its clock.
     */
    public static TestMillrace with(Handlers... modules) {
        return open(TestOptions.defaults(), modules);
    }

    /** Opens one with options, which come first because modules may be many: {@code withOptions(o -> o.seed(7).nodes(2), billing)}. */
    public static TestMillrace withOptions(UnaryOperator<TestOptions> options, Handlers... modules) {
        return open(options.apply(TestOptions.defaults()), modules);
    }

    private static TestMillrace open(TestOptions options, Handlers... modules) {
        var opened = new TestMillrace(options);
        try {
            for (int i = 0; i < options.nodes && modules.length > 0; i++) {
                var node = opened.node();
                for (var module : modules) node.with(module);
                node.start();
            }
            return opened;
        } catch (RuntimeException | Error failed) {
            opened.end();
            throw failed;
        }
    }

    // ---- time

    /** The time now. It stands still but for {@link #advance} and what else lets time pass. */
    public Instant now() {
        return stage.now();
    }

    /** The same for code that asks a clock, in UTC. */
    public Clock clock() {
        return new VirtualClock(stage::now, ZoneOffset.UTC);
    }

    /**
     * Lets so much time pass, and does everything that is due by then, each thing at its moment. {@code advance(ZERO)} does what is due
     * now. Some things the engine itself takes a moment for, as in production: a kind with a {@code concurrency} is fed step by step,
     * and a dead node is found after its lease. {@link #runUntilIdle} waits for those.
     */
    public void advance(Duration time) {
        if (time.compareTo(Player.LONGEST) > 0)
            throw new MillraceException("%s is more than a century. Check its unit.".formatted(time));
        stage.player().pass(time, () -> false);
    }

    /**
     * Lets time pass until nobody has anything to do: no job can run now or is running, and of nodes that crashed nothing is left. Jobs
     * that wait for a time (delayed, snoozed, to be tried again) go on waiting: for those, {@link #advance}.
     */
    public void runUntilIdle() {
        stage.player().passUntilIdle();
    }

    /**
     * Work that takes time. In a handler, or in the stand-in for what it calls: others go on meanwhile, and a deadline, a cancel or a
     * shutdown interrupts it. In the test itself the same as {@link #advance}.
     */
    public void sleep(Duration time) throws InterruptedException {
        stage.refuseIfClosed();
        if (time.isNegative()) throw new MillraceException("Nobody can sleep for %s.".formatted(time));
        stage.sleep(time);
    }

    /** Where this test's chance comes from: to say so when it fails. */
    public long seed() {
        return options.seed;
    }

    // ---- crashes

    /**
     * All processes die now, as if the power had failed, and are started again a second later. What they held runs again after the
     * lease. Called by a handler, it is that handler's process alone, and the call never returns.
     */
    public void crash() {
        stage.refuseIfClosed();
        if (stage.inHandler()) throw stage.crashHere();
        stage.crashAll();
    }

    /**
     * The process dies in the next attempt of this kind, before its handler has begun. Once; ask again for another one. It is started
     * again a second later, and the job runs again after the lease, there or on another node. Other jobs on that node share its fate.
     *
     * @throws MillraceException if no node runs the kind
     */
    public void crashBefore(String kind) {
        crash(When.BEFORE, kind);
    }

    /** The same, by the job's class. */
    public void crashBefore(Class<? extends Job<?>> kind) {
        crashBefore(kindOf(kind).value());
    }

    /**
     * The process dies in the next attempt of this kind when its handler has returned, and before that was written down: what it did
     * has happened, and nobody knows. Otherwise like {@link #crashBefore(String)}.
     *
     * @throws MillraceException if no node runs the kind
     */
    public void crashAfter(String kind) {
        crash(When.AFTER, kind);
    }

    /** The same, by the job's class. */
    public void crashAfter(Class<? extends Job<?>> kind) {
        crashAfter(kindOf(kind).value());
    }

    private void crash(When when, String kind) {
        stage.refuseIfClosed();
        var kinds = stage.kinds();
        if (!kinds.contains(kind))
            throw new MillraceException("No node here runs the kind \"%s\", so nothing could crash in it. %s"
                    .formatted(
                            kind,
                            kinds.isEmpty()
                                    ? "There is no node: start one first."
                                    : "They run " + String.join(", ", kinds) + "."));
        stage.crashes().ask(when, kind);
    }

    /** Whether all crashes that were asked for have happened. Closing fails if not. */
    public boolean crashed() {
        return stage.crashes().open().isEmpty();
    }

    // ---- looking

    /**
     * All jobs of this kind and version that were enqueued so far, by whomever, in that order. One that its key found to be there
     * already was not.
     */
    public <J extends Job<?>> List<J> enqueued(Class<J> kind) {
        var name = kindOf(kind);
        return stage.watch().enqueued().stream()
                .filter(job -> job.kind().equals(name.value()) && job.kindVersion() == name.version())
                .map(job -> kind.cast(value(job, kind)))
                .collect(Collectors.toUnmodifiableList());
    }

    private @Nullable Object value(NewJob job, Class<?> type) {
        return switch (job.payload()) {
            case Payload.Kept(var kept) -> kept;
            case Payload.Text(var text) ->
                Objects.requireNonNull(options.codec, "text is written by a codec")
                        .decode(text, type);
        };
    }

    private static Kind kindOf(Class<?> type) {
        var kind = type.getAnnotation(Kind.class);
        if (kind == null)
            throw new MillraceException(
                    "%s has no @Kind, so no job of it can ever have been enqueued.".formatted(type.getSimpleName()));
        return kind;
    }

    /** The state of a job. */
    public State state(JobId job) {
        return history(job).job().state();
    }

    /** A job with everything that is kept of it: its deliveries and how they ended, and what its handler logged. */
    public JobHistory history(JobId job) {
        return engine.operations("test")
                .history(job)
                .orElseThrow(() -> new MillraceException(
                        "Job %s is not known here: it was enqueued in another test, or never.".formatted(job)));
    }

    /** How attempts failed so far, whether or not another one followed; the oldest first. */
    public List<Failure> failures() {
        record Failed(@Nullable Instant at, Failure failure) {}
        var operations = engine.operations("test");
        return stage.watch().enqueued().stream()
                .flatMap(job -> operations.history(job.id()).stream())
                .flatMap(history -> history.steps().stream())
                .filter(step -> step.failure() != null)
                .map(step -> new Failed(step.endedAt(), Objects.requireNonNull(step.failure())))
                .sorted(Comparator.comparing(Failed::at, Comparator.nullsLast(Comparator.naturalOrder())))
                .map(Failed::failure)
                .toList();
    }

    // ---- as any Millrace

    @Override
    public <R> Handle<R> enqueue(Job<R> job, UnaryOperator<JobOptions> options) {
        return engine.enqueue(job, options);
    }

    @Override
    public <R> Handle<R> enqueue(Connection tx, Job<R> job, UnaryOperator<JobOptions> options) {
        return engine.enqueue(tx, job, options);
    }

    @Override
    public <R> List<Handle<R>> enqueueAll(Stream<? extends Job<? extends R>> jobs, UnaryOperator<JobOptions> options) {
        return engine.enqueueAll(jobs, options);
    }

    @Override
    public <R> List<Handle<R>> enqueueAll(
            Connection tx, Stream<? extends Job<? extends R>> jobs, UnaryOperator<JobOptions> options) {
        return engine.enqueueAll(tx, jobs, options);
    }

    @Override
    public <C, R> Batch<R> batch(
            Stream<? extends Job<? extends C>> parts, Reduce<C, R> then, UnaryOperator<JobOptions> options) {
        return engine.batch(parts, then, options);
    }

    @Override
    public <C, R> Batch<R> batch(
            Connection tx,
            Stream<? extends Job<? extends C>> parts,
            Reduce<C, R> then,
            UnaryOperator<JobOptions> options) {
        return engine.batch(tx, parts, then, options);
    }

    @Override
    public <R> Batch<R> findBatch(Class<? extends Reduce<?, R>> kind, JobId id) {
        return engine.findBatch(kind, id);
    }

    @Override
    public <R> Handle<R> find(Class<? extends Job<R>> kind, JobId id) {
        return engine.find(kind, id);
    }

    /** A further node, in a process of its own. */
    @Override
    public NodeBuilder node() {
        return engine.node();
    }

    @Override
    public Operations operations(String actor) {
        return engine.operations(actor);
    }

    /**
     * Ends all of it where it stands: no time passes, and what runs is not waited for.
     *
     * @throws AssertionError if a crash that was asked for has not happened: the test has not shown what it says
     */
    @Override
    public void close() {
        if (closed) return;
        if (stage.inHandler())
            throw new MillraceException(
                    "A handler can't close the test in which it runs. Close it in the test itself.");
        end();
        var open = stage.crashes().open();
        if (!open.isEmpty())
            throw new AssertionError(
                    "The test asked for %s, and it never happened: no attempt came to that point. Enqueue the job and let time pass, or leave the crash out. (Seed %d.)"
                            .formatted(open.stream().map(Object::toString).collect(Collectors.joining(", ")), seed()));
    }

    private void end() {
        closed = true;
        stage.close();
        engine.close();
    }

    @Override
    public String toString() {
        return "TestMillrace with seed %d at %s".formatted(seed(), now());
    }
}
