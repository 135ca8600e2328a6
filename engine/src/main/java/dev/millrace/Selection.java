package dev.millrace;

import dev.millrace.store.Bulk;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Details;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Many jobs, to do the same to all of them: {@code ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED)).requeue()}. Does nothing by itself. */
public final class Selection {

    /**
     * Those that can be found without reading all that is kept. Discarded, cancelled, scheduled and retryable jobs are walked by themselves. Of available ones the
     * store reads what waits, as long as that is not much; else it walks all deliveries of the partitions that are not past, which may be very many, most of
     * them of jobs that have ended: see {@link #refuseFarther}.
     */
    private static final Set<State> REACHED =
            Set.of(State.DISCARDED, State.CANCELLED, State.SCHEDULED, State.RETRYABLE, State.AVAILABLE);

    /** Deliveries that are looked at for available jobs of no queue that was named, if next to none of them are such. */
    private static final long FAR = 1_000_000;

    private final NamedOperations operations;
    private final Filter filter;

    Selection(NamedOperations operations, Filter filter) {
        this.operations = operations;
        this.filter = filter;
    }

    /** What is said of a new run. Immutable. */
    public static final class RequeueOptions {

        static final RequeueOptions DEFAULT = new RequeueOptions(null);

        final @Nullable Priority priority;

        private RequeueOptions(@Nullable Priority priority) {
            this.priority = priority;
        }

        /** Default: the priority that the job had. */
        public RequeueOptions priority(Priority priority) {
            return new RequeueOptions(priority);
        }
    }

    /** Runs them again: a new run of each, attempt 1, with the payload it had. They must be discarded or cancelled. */
    public Plan requeue() {
        return requeue(UnaryOperator.identity());
    }

    /** Runs them again, with another priority: {@code requeue(o -> o.priority(Priority.BULK))}. */
    public Plan requeue(UnaryOperator<RequeueOptions> options) {
        var state = state("requeue");
        if (!state.ended())
            throw new MillraceException(
                    "Jobs that are %s have not ended, and run by themselves. Requeue those that are discarded or cancelled."
                            .formatted(state.wireName()));
        var details = Details.priority(options.apply(RequeueOptions.DEFAULT).priority);
        var priority = details.priority();
        return Plan.of(
                operations,
                filter,
                Action.REQUEUE,
                now -> details,
                priority == null ? "" : "at priority " + priority.wireName());
    }

    /** Withdraws them. Those that a node has are left alone: cancel them one by one, which tells their handlers. */
    public Plan cancel() {
        var state = state("cancel");
        if (state.ended())
            throw new MillraceException(
                    "Jobs that are %s have ended, and can't be cancelled. Cancel those that are scheduled, retryable or available."
                            .formatted(state.wireName()));
        return Plan.of(operations, filter, Action.CANCEL, now -> Details.NONE, "");
    }

    /**
     * Lets them run at this time instead: those that wait for a time for this one, those that are available and that no node has wait as well. A time that has
     * come means now. Left as they are: jobs that would have expired by then, those that follow a batch, and what is available and stands in line behind others
     * of its order or limit.
     */
    public Plan reschedule(Instant runAt) {
        waiting("reschedule");
        var checked = Bounds.moment("The time that jobs are rescheduled to", runAt);
        var details = Details.at(checked.truncatedTo(ChronoUnit.MICROS));
        return Plan.of(operations, filter, Action.RESCHEDULE, now -> details, "to " + details.runAt());
    }

    /** The same, to a time so long from now, the moment of the plan. Zero is at once. */
    public Plan reschedule(Duration fromNow) {
        waiting("reschedule");
        var delay = Bounds.delay("The delay", fromNow);
        return Plan.of(
                operations,
                filter,
                Action.RESCHEDULE,
                now -> Details.at(now.plus(delay).truncatedTo(ChronoUnit.MICROS)),
                "to %s from then".formatted(delay));
    }

    /**
     * Shifts the time that each of them waits for by so much: to later, or, if negative, to earlier. What is available counts from the moment at which it is
     * changed. Else as {@link #reschedule(Instant)}.
     *
     * @param by up to ten years, in whole milliseconds; not zero
     */
    public Plan delay(Duration by) {
        waiting("delay");
        Bounds.span("The shift", by.abs(), Bounds.DELAY);
        var shift = Duration.ofMillis(by.toMillis());
        return Plan.of(operations, filter, Action.RESCHEDULE, now -> Details.later(shift), "by " + shift);
    }

    private void waiting(String verb) {
        var state = state(verb);
        if (state.ended())
            throw new MillraceException(
                    "Jobs that are %s have ended, and wait for nothing. Those that are scheduled, retryable or available can be rescheduled; what has ended is requeued."
                            .formatted(state.wireName()));
    }

    /**
     * Gives them another payload, worked out by a function from the record as it is. It is called here, once for the plan and once when it is done: it must give
     * the same each time. What waits goes on waiting with its new payload; what was discarded runs again, in a new run, as after a requeue. Jobs whose payload
     * can't be read, or would be too large, or could not be read again, are {@linkplain Plan#refused refused}; of another kind or version than the class is too.
     *
     * <p>The function is not kept. If the process dies in the midst of it, {@link Operation#resume(Class, UnaryOperator)} goes on with it.
     *
     * @param kind what they are: its name and its version
     */
    public <J extends Job<?>> Plan edit(Class<J> kind, UnaryOperator<J> edit) {
        editable();
        return Plan.of(operations, filter, operations.editor(kind, edit));
    }

    /**
     * The same by a JSON merge patch (RFC 7396): {@code edit("{\"currency\":\"EUR\"}")}. Members that it names become what it says, those that it says are null are
     * taken out, the others stay as they are, to the letter. It is kept with the operation, encrypted where payloads are; so who resumes it needs only the keys.
     *
     * <p>What it makes of a payload is held against what nodes have published of its kind and version, as what is enqueued as text is; against the class by which
     * the filter named the kind; and it must be readable by the nodes of this process that handle it. Where there is none of these, only its syntax is checked.
     * Whoever goes on with it checks alike: what the class tells is kept with the operation.
     */
    public Plan edit(String mergePatch) {
        editable();
        return Plan.of(operations, filter, operations.patch(mergePatch, filter.type));
    }

    private void editable() {
        var state = state("edit");
        if (state == State.CANCELLED)
            throw new MillraceException(
                    "Jobs that are cancelled were withdrawn, and are not edited. Requeue them, and edit them then: those that are scheduled, retryable, available or discarded can be edited.");
    }

    /**
     * Tells of them no more: they are gone from lists, searches, groups of failures and counts, and their handles say by whom and why. They must have ended. What
     * is stored of them stays until its partition is dropped, as of all ended jobs; until then they can be brought back by {@link Operation#undo}.
     */
    public Plan delete() {
        var state = state("delete");
        if (!state.ended())
            throw new MillraceException(
                    "Jobs that are %s have not ended, and can't be deleted. Cancel them first; then delete those that are cancelled."
                            .formatted(state.wireName()));
        return Plan.of(operations, filter, Action.DELETE, now -> Details.NONE, "");
    }

    private State state(String verb) {
        if (filter.before != null)
            throw new MillraceException(
                    "before(…) turns the pages of a list, and a change of many has none. Use until(…) for a moment.");
        if (filter.text != null && operations.payloadsAreHidden())
            throw new MillraceException(
                    "Payloads are compressed or encrypted here, so jobs can't be selected by the text \"%s\": a search does not see it where it is. Select by kind, tenant, tag, time, failedWith(…) or fingerprint(…)."
                            .formatted(filter.text));
        return reached(filter, "What to " + verb);
    }

    /** The state of a filter that jobs are searched by. */
    static State reached(Filter filter, String what) {
        var state = filter.state;
        if (state == null)
            throw new MillraceException(
                    "%s is found by its state, and none is said. Add state(State.DISCARDED), or another one; --state discarded on the command line."
                            .formatted(what));
        if (!REACHED.contains(state))
            throw new MillraceException(
                    "%s can't be found among those that are %s: all that is kept would have to be read. It can be among those that are discarded, cancelled, scheduled, retryable or available. %s"
                            .formatted(
                                    what,
                                    state.wireName(),
                                    state == State.RUNNING
                                            ? "Running ones are listed by list(…), and cancelled one by one."
                                            : "Completed ones are requeued one by one."));
        return state;
    }

    /**
     * Ends a walk that reads much and finds next to nothing: for available jobs of all queues, where more wait than the store reads by themselves. Of a named
     * queue it reads what waits there, and if that is much it may walk as far as it takes.
     *
     * @param looked how many were looked at
     * @param met how many of them were selected
     */
    static void refuseFarther(Filter filter, long looked, long met) {
        if (filter.state != State.AVAILABLE || filter.queue != null || looked < FAR || met >= looked / 10) return;
        throw new MillraceException(
                "Among the newest %,d deliveries only %,d are available and selected, and there is no end to it: what waits lies among what has been run. Nothing was done. Name a queue, queue(…) or --queue on the command line, one after the other: then what waits there is read, and not what has been run."
                        .formatted(looked, met));
    }

    /** As the store is asked. */
    static Bulk.Selection selection(Filter filter, State state, @Nullable Instant now) {
        var since = filter.ago != null && now != null ? now.minus(filter.ago) : filter.since;
        var until = filter.until == null || (now != null && now.isBefore(filter.until)) ? now : filter.until;
        return new Bulk.Selection(
                state,
                filter.queue,
                filter.kind,
                filter.tenant,
                filter.tag,
                filter.failedWith,
                filter.fingerprint,
                filter.text,
                since,
                until);
    }
}
