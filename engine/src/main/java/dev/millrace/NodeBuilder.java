package dev.millrace;

import java.time.ZonedDateTime;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * What a node runs. Nothing happens before {@link #start}. For one thread, and one node.
 *
 * <p>A method that names a kind gives a {@link KindBuilder}, where what follows is about that kind.
 */
public interface NodeBuilder {

    /** What people call the node. Default: {@code node-1}, counted up. */
    NodeBuilder name(String name);

    /** Serves this queue, after those named before. A node that names none serves {@code default}. */
    NodeBuilder queue(String name);

    /** Serves these queues, in this order of preference; one at least. */
    NodeBuilder queues(String... names);

    /**
     * How many jobs of a queue that this node serves run at once on all nodes together, whatever their kinds: as {@link KindBuilder#fleetConcurrency}.
     *
     * @param jobs 1 to 1,000,000
     */
    NodeBuilder fleetConcurrency(String queue, int jobs);

    /** How many attempts run at once, all kinds together. Default 100. */
    NodeBuilder slots(int slots);

    /**
     * Which lines of {@code attempt.log} are kept: those of this level, and graver ones. Default {@code TRACE}: all. For who leaves detailed lines in the code and
     * wants them for a while, or on one node: an attempt keeps 1,000 lines.
     */
    NodeBuilder logLevel(LogLevel least);

    /** Runs a kind: {@code (job, attempt) -> result}. */
    <R, J extends Job<R>> KindBuilder handle(Class<J> kind, Handler<? super J, ? extends R> code);

    /** Runs a kind: {@code job -> result}. */
    <R, J extends Job<R>> KindBuilder handle(Class<J> kind, Handler.Plain<? super J, ? extends R> code);

    /** Runs a kind: {@code (job, attempt) -> { … }}. */
    <J extends Job<Void>> KindBuilder handle(Class<J> kind, Handler.Action<? super J> code);

    /** Runs a kind: {@code job -> { … }}. */
    <J extends Job<Void>> KindBuilder handle(Class<J> kind, Handler.PlainAction<? super J> code);

    /** Runs a kind: {@code (job, attempt) -> outcome}. */
    <R, J extends Job<R>> KindBuilder decide(Class<J> kind, Handler.Decide<? super J, R> code);

    /**
     * Runs a kind: {@code (job, tx) -> result}. What the handler writes through {@code tx} and the job's outcome are one commit, so the
     * writes happen exactly once. An attempt holds a connection while it runs.
     */
    <R, J extends Job<R>> KindBuilder transact(Class<J> kind, Handler.Transact<? super J, ? extends R> code);

    /** Runs a kind: {@code (job, tx) -> { … }}. */
    <J extends Job<Void>> KindBuilder transact(Class<J> kind, Handler.TransactAction<? super J> code);

    /** Runs a kind that follows batches: {@code (job, parts, attempt) -> result}. */
    <C, R, J extends Reduce<C, R>> KindBuilder reduce(Class<J> kind, Handler.Reducer<? super J, C, ? extends R> code);

    /** Runs a kind that follows batches: {@code (job, parts, attempt) -> { … }}. */
    <C, J extends Reduce<C, Void>> KindBuilder reduce(Class<J> kind, Handler.ReducerAction<? super J, C> code);

    /**
     * Runs a kind that has no class here, by its wire name: {@code handleRaw("send-mail", 1, (job, attempt) -> Outcome.done("{}"))}. The payload
     * is given as the store keeps it, and is not read before.
     *
     * @param version whose payload the handler understands
     * @throws MillraceException if this store keeps values instead of text
     */
    default KindBuilder handleRaw(String kind, int version, RawHandler code) {
        return handleRaw(kind, Set.of(version), code);
    }

    /**
     * The same for some versions of the payload, each given as it was stored: {@link RawJob#version} tells which it is, and there are no upcasts.
     * Jobs of other versions wait, and say so.
     *
     * @param versions one or more, each from 1
     */
    KindBuilder handleRaw(String kind, Set<Integer> versions, RawHandler code);

    /**
     * Enqueues a job at each slot of a schedule, once in the whole fleet: {@code schedule("close-day", nightly, slot -> new
     * CloseDay(slot.toLocalDate().minusDays(1)))}. All nodes of an application say the same; one of them at a time fires it, and another goes on
     * within seconds should that one die. The function gets the slot, in the schedule's zone, not the time at which it is called. If it throws,
     * the slot is tried again.
     *
     * <p>A name stands for one schedule in the whole store. Where nodes say different things of it, the one that started last is right, so
     * that a new build takes over during a deploy; what it says holds from then on. A schedule that no node brings any more fires nothing, and
     * is forgotten after 30 days. One that was {@linkplain Operations#schedule set at run time} under this name goes on until it is removed: meanwhile this
     * one is not fired, which the log tells as an error.
     *
     * @param name like that of a queue
     */
    default NodeBuilder schedule(String name, Schedule when, Function<? super ZonedDateTime, ? extends Job<?>> job) {
        return schedule(name, when, job, options -> options);
    }

    /** The same, with options for its jobs; they start from those of the job's record. A jitter is a delay among them. */
    NodeBuilder schedule(
            String name,
            Schedule when,
            Function<? super ZonedDateTime, ? extends Job<?>> job,
            UnaryOperator<JobOptions> options);

    /** Adds what a module of your application brings. */
    NodeBuilder with(Handlers module);

    /**
     * The way up from an older payload: a record with the same kind and a lower version. Ways up are chained. Without one, jobs of the
     * older version wait, and say so.
     */
    <A, B> NodeBuilder upcast(Class<A> older, Class<B> newer, Function<? super A, ? extends B> up);

    /**
     * Takes over at once what this node left, without waiting for its lease: for who knows for certain that its process has ended, such
     * as the one that holds a lock now which that process held. Nobody checks it: of a node that lives the outcomes are thrown away, and
     * its jobs run twice. One that is not known, or gone already, does no harm.
     */
    NodeBuilder takeOver(UUID deadNode);

    /** Hears what happens to jobs on this node. See {@link JobEvent}. */
    NodeBuilder onEvent(Consumer<? super JobEvent> listener);

    /**
     * Before a deploy: whether this node could read the jobs that wait in its queues, for a time, parked, or for their turn. They are counted by kind and version,
     * and up to 200 of each are decoded, with their upcasts. Nothing is claimed, run or changed, and the node need not be started.
     *
     * @throws MillraceException if the node could not be started for what was said of it
     */
    default Check check() {
        return check(options -> options);
    }

    /** The same, with more to look at: {@code check(o -> o.sample(10_000).everyQueue())}. */
    Check check(UnaryOperator<Check.Options> options);

    /**
     * What {@link #start} does where jobs wait in its queues that this node handles and can't read: their version has no way up, or their payload does not fit. A
     * start looks at a thousand of those that wait for a time, a thousand that are parked, and the first hundred of each stream, and decodes fifty of each kind and
     * version: some milliseconds, and one connection for as long. Kinds that it does not handle are not its affair.
     *
     * <p>Default: {@link IfUnreadable#WARN}, beside the start, which does not wait for it. In a test kit, where time is virtual, {@link IfUnreadable#IGNORE}.
     */
    NodeBuilder checkStored(IfUnreadable policy);

    /**
     * Starts the node. It is up when this returns, and stays so until it or its {@code Millrace} is closed.
     *
     * @throws MillraceException if it could not run: no handlers, a kind handled twice, an upcast that leads nowhere, too few
     *     connections, no database; or jobs wait that it can't read, and {@link #checkStored} says that it is not to start then
     */
    Node start();
}
