package dev.millrace;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** What an operator does, under a name that is recorded. Safe for use by many threads. */
public interface Operations {

    /** Who acts. */
    String actor();

    /** The job as it stands now; empty if it is not known here: never enqueued, or past retention. */
    Optional<JobView> find(JobId job);

    /** The job with everything that is kept of it. */
    Optional<JobHistory> history(JobId job);

    /**
     * Jobs, newest first: {@code list(f -> f.state(State.DISCARDED).limit(20))}. Without their payloads and results, which {@link #find}
     * has: a page of them would be a quarter of a gigabyte.
     *
     * <p>A page may be shorter than its limit though there are more. PostgreSQL keeps no list of the jobs that have completed, nor of those that are available: of a
     * page of either the newest 50,000 deliveries {@linkplain Filter#before below} are looked at, of the available ones also the first 1,000 that each stream has
     * not handed out and all that are parked. And of jobs in any state, those with many deliveries each fill a page with fewer. The next page, {@code before} the last job of
     * this one or any older job, goes on from there. A filter that says more than state, queue, kind and page, such as {@link Filter#since(Duration)}, looks at all
     * jobs of its state, and takes as long as that takes; of completed ones there is no such look. In memory all are looked at.
     */
    List<JobView> list(UnaryOperator<Filter> filter);

    /**
     * Many jobs, to do the same to all of them: {@code jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED)).requeue()} makes a {@link Plan}, which
     * tells how many they are before anything happens.
     */
    Selection jobs(UnaryOperator<Filter> filter);

    /**
     * Why jobs fail: those that are selected, grouped by the place in the code that their last failure came from, the largest groups first. Without a
     * state, discarded ones. All of them are looked at, five thousand at a time: it takes as long as that takes, and holds nothing up. The largest 100 groups are
     * told; of more than 10,000 places those are counted that were met first, among the newest jobs.
     */
    List<FailureGroup> failures(UnaryOperator<Filter> filter);

    /** By whom and why an ended job was deleted; empty if it was not, or is past retention. {@link #find} knows such a job no more. */
    Optional<Deletion> deletion(JobId job);

    /** A change of many jobs that was begun earlier, or elsewhere; empty if it is not known. */
    Optional<Operation> operation(UUID id);

    /**
     * Changes of many jobs, the newest first.
     *
     * @param limit how many at most, 1 to 1,000
     */
    List<OperationView> operations(int limit);

    /** How far the batch is that this job follows; empty if it follows none that is known. */
    Optional<BatchView> batch(JobId then);

    /**
     * The parts of a batch in the order in which they were enqueued, some at a time.
     *
     * @param from the place of the first, counted from 0: behind those of the call before
     * @return 1 to 1,000 of them; none behind the last
     * @throws MillraceException if {@code from} is negative
     */
    List<JobId> parts(JobId batch, long from);

    /** All queues, by name. */
    List<QueueView> queues();

    /** All nodes that are alive or not yet gone, and those that went within the last day. */
    List<NodeView> nodes();

    /**
     * Looks for what is wrong with this installation, or will be: transactions that are open for long, replication slots, partitions, settings of the
     * server, nodes, clocks, queues that nobody serves. Changes nothing and waits for nobody; some tenths of a second, at worst half a minute where a
     * server hardly answers. What it has no right to see is told as a finding, with the right that is missing.
     *
     * @throws dev.millrace.store.StoreException.Unavailable if the store can't be reached
     */
    Checkup doctor();

    /** Why a job is not running. */
    Why why(JobId job);

    /**
     * Withdraws a job, unless it has ended; a running handler is told.
     *
     * @return the state it is in now: {@code CANCELLED}, or that in which it had ended; empty if the job is not known
     */
    Optional<State> cancel(JobId job, String reason);

    /**
     * Runs a job that has ended again: a new run, attempt 1, with the payload it had. Its {@linkplain Unique unique key} is not asked: it may run beside another
     * one of that key.
     *
     * @param reason kept with who did it
     * @return the state before: if that had not ended, nothing was done; empty if the job is not known
     */
    Optional<State> requeue(JobId job, String reason);

    /** The same, where there is no more to say. */
    default Optional<State> requeue(JobId job) {
        return requeue(job, "it is to run again");
    }

    /**
     * Lets nothing of the scope start any more, on any node, from about a second on; until it is resumed, whatever restarts meanwhile. What runs goes on. To pause
     * again what is paused changes the reason, who said it, since when, and until when.
     *
     * @return what it meets: a scope to which nothing belongs that waits now is paused as well, and may be a slip
     * @throws MillraceException if 10,000 things are paused
     */
    Paused pause(Scope scope, String reason);

    /**
     * The same until a moment, if it is not resumed before: {@code pause(Scope.queue("billing"), "the provider moves", tomorrow)}. It ends by itself, by the store's
     * clock, and nodes hear of that within two seconds, whatever restarts meanwhile.
     *
     * @param until in the future by the store's clock, at most ten years
     */
    Paused pause(Scope scope, String reason, Instant until);

    /**
     * The same for a while, from now.
     *
     * @param lasts 1 ms to ten years
     */
    Paused pause(Scope scope, String reason, Duration lasts);

    /** Ends a pause; without one, does nothing. */
    void resume(Scope scope);

    /** All that is paused, by type and name. */
    List<PauseView> pauses();

    /**
     * Sets numbers of a limit over those that its jobs bring along: {@code limit("shop", l -> l.concurrency(5).rate(200, ofMinutes(1)), "they allow more")}. They hold
     * in all queues and for all keys of the limit, from about a second on, for what waits as well; what runs goes on, and what was used of a rate stays used. What is
     * not said stays as the jobs say it. They replace what was set before, and hold until they are {@linkplain #resetLimit reset}, whatever is deployed or restarted.
     *
     * @param numbers what to say of it; a weight is each job's own
     * @param reason kept with who did it
     * @throws MillraceException if nothing is said, or 1,000 numbers are set
     */
    void limit(String name, UnaryOperator<Limit> numbers, String reason);

    /**
     * Has the numbers hold again that jobs say.
     *
     * @return whether others were set
     */
    boolean resetLimit(String name, String reason);

    /**
     * Sets how often a kind runs at once on each node, over what their code says; never more than a node has slots. It holds from about a second on, until it is
     * {@linkplain #resetConcurrency reset}, whatever is deployed or restarted. What runs goes on.
     *
     * @param jobs 1 to 100,000
     * @param reason kept with who did it
     * @throws MillraceException if 1,000 numbers are set
     */
    void concurrency(String kind, int jobs, String reason);

    /**
     * Has that concurrency hold again that each node's code says.
     *
     * @return whether another one was set
     */
    boolean resetConcurrency(String kind, String reason);

    /**
     * Sets how many jobs of a queue or a kind run at once over all nodes together, over what code says: {@code fleetConcurrency(Scope.kind("send-mail"), 20, "the
     * provider allows 20")}. It holds for all of them, whoever has enqueued them, from about two seconds on, until it is {@linkplain #resetFleetConcurrency reset},
     * whatever is deployed or restarted. What runs goes on: where more run than that, none starts until fewer do. Each node has a share of the number, which follows
     * what it has to do within a second or two; who waits is parked, or waits in the queue, and holds up nothing else. What each node says of itself holds too: {@link
     * #concurrency}.
     *
     * @param scope a queue or a kind
     * @param jobs 1 to 1,000,000
     * @param reason kept with who did it
     * @throws MillraceException if it is of anything else, or 1,000 numbers are set
     */
    void fleetConcurrency(Scope scope, int jobs, String reason);

    /**
     * Has that number hold again that code says, if any.
     *
     * @return whether one was set
     */
    boolean resetFleetConcurrency(Scope scope, String reason);

    /** The numbers of the fleet that operators or code have set, with the nodes' shares; queues behind kinds, by name. */
    List<FleetConcurrencyView> fleetConcurrencies();

    /** All numbers that operators have set, by what they are of and its name. */
    List<AdjustmentView> adjustments();

    /** All schedules that nodes have brought or that were set at run time, by name. */
    List<ScheduleView> schedules();

    /**
     * Sets a schedule at run time: makes it, or has the one that was set under this name be what is said now. It is kept in the store, belongs to no node's
     * code, and is fired, each slot once, by whichever node of the fleet has it; a node needs no handler of the kind for that. Nodes hear of it within about
     * two seconds.
     *
     * <p>Once this has returned, nothing is fired any more by what the schedule said before, whatever a node does that has not heard of it yet. Other times
     * hold from now on; with the same times it goes on where it was, so that what was missed runs as it is defined now. To say the same again changes nothing.
     * If the connection was lost in the commit, say it again.
     *
     * <p>There is no function that makes a job of a slot: all runs have the same payload. The handler learns the slot from {@link Attempt#slot}.
     *
     * @param name like that of a queue
     * @param job what each slot enqueues; its payload at most 16 KiB
     * @param options for its jobs; they start from those of the job's record. It can have neither a time nor an idempotency key
     * @param reason kept with who did it
     * @throws ScheduleTaken if code brings a schedule of this name; if it no longer does, {@linkplain #unschedule remove} it first
     * @throws MillraceException if there are 10,000 schedules that were set at run time
     */
    Scheduling schedule(String name, Schedule when, Job<?> job, UnaryOperator<JobOptions> options, String reason);

    /** The same without options. */
    default Scheduling schedule(String name, Schedule when, Job<?> job, String reason) {
        return schedule(name, when, job, options -> options, reason);
    }

    /** The same by the wire name of the kind and a payload as text. */
    Scheduling schedule(String name, Schedule when, NamedJob job, String reason);

    /** What has become of a schedule that was set. */
    enum Scheduling {
        /** There is one more. */
        CREATED,

        /** It said something else before. */
        CHANGED,

        /** It said just this already; who set it, when and why is as it was. */
        UNCHANGED
    }

    /**
     * Removes a schedule that was set at run time, with its pause and the runs that were asked for; or forgets at once one that no living node brings any
     * more. Once this has returned, nothing of it is fired any more. What it has enqueued runs. If the connection was lost in the commit, say it again.
     *
     * @param reason kept with who did it
     * @return whether there was such a schedule
     * @throws ScheduleTaken if a living node brings it in its code
     */
    boolean unschedule(String name, String reason);

    /**
     * Runs a schedule now, beside its slots and without jitter, also if it is paused. The node that has it enqueues the job within about two seconds; its slot is the
     * moment of the call. If no node that could fire it is alive, the request waits for one, for an hour.
     *
     * @return whether there is such a schedule
     * @throws MillraceException if 100 of its runs are asked for and wait
     */
    boolean runNow(String schedule);

    /** What payloads look like, by kind and version, as the nodes that run them have published. Kinds that only raw handlers run are not among them. */
    List<KindView> kinds();

    /**
     * The same of one version of a kind. What was published may be as old as two seconds.
     *
     * @return empty if no node has published it: what is enqueued of it as text is not checked
     */
    Optional<KindView> kind(String kind, int version);

    /**
     * Enqueues a job by the wire name of its kind and its payload as text: for who has no record, such as a command line. A payload that does not fit what
     * nodes have published of the kind and version is refused, and so is one that a node of this process could not read. If {@linkplain #kind nobody has
     * published it}, only its syntax is checked.
     *
     * @throws PayloadRefused if it does not fit; the message names the field
     */
    Handle<?> enqueue(String kind, int version, String json, UnaryOperator<JobOptions> options);

    /** The same for many: all or none, in one transaction. Idempotency keys are not among their options. */
    List<? extends Handle<?>> enqueueAll(List<NamedJob> jobs);

    /** A job by the wire name of its kind. */
    record NamedJob(String kind, int version, String json, UnaryOperator<JobOptions> options) {}
}
