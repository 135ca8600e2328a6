package dev.millrace;

import dev.millrace.store.Bulk;
import dev.millrace.store.Bulk.Action;
import java.time.Instant;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Many jobs, to do the same to all of them: {@code ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED)).requeue()}. Does nothing by itself. */
public final class Selection {

    /** Those that can be found without reading all that is kept. */
    private static final Set<State> REACHED =
            Set.of(State.DISCARDED, State.CANCELLED, State.SCHEDULED, State.RETRYABLE, State.AVAILABLE);

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
        return new Plan(operations, filter, Action.REQUEUE, options.apply(RequeueOptions.DEFAULT).priority);
    }

    /** Withdraws them. Those that a node has are left alone: cancel them one by one, which tells their handlers. */
    public Plan cancel() {
        var state = state("cancel");
        if (state.ended())
            throw new MillraceException(
                    "Jobs that are %s have ended, and can't be cancelled. Cancel those that are scheduled, retryable or available."
                            .formatted(state.wireName()));
        return new Plan(operations, filter, Action.CANCEL, null);
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
