package dev.millrace;

import dev.millrace.store.Bulk;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Piece;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What would be done to many jobs. Nothing has happened yet: look at {@link #count} and {@link #sample}, then {@link #run}. It is of the moment at which it
 * was made: what comes later is not touched. Immutable, and safe for use by many threads.
 */
public final class Plan {

    /** Jobs that are looked at in one step of the search. */
    static final int LOOK = 5_000;

    private static final int SAMPLE = 10;
    private static final int MOST_PER_SECOND = 1_000_000;

    private final NamedOperations operations;
    private final Filter filter;
    private final Action action;
    private final @Nullable Priority priority;
    private final Bulk.Selection selection;
    private final long count;
    private final List<JobId> first;

    Plan(NamedOperations operations, Filter filter, Action action, @Nullable Priority priority) {
        this.operations = operations;
        this.filter = filter;
        this.action = action;
        this.priority = priority;
        var state = Objects.requireNonNull(filter.state);
        var now = now(state);
        this.selection = Selection.selection(filter, state, now);
        var found = new ArrayList<JobId>();
        long matched = 0;
        for (var piece = piece(null); ; piece = piece(piece.next())) {
            matched += piece.jobs().size();
            for (var job : piece.jobs()) if (found.size() < SAMPLE) found.add(job);
            if (piece.next() == null) break;
        }
        this.count = matched;
        this.first = List.copyOf(found);
    }

    /** On the store's clock. */
    private Instant now(State state) {
        return operations
                .storage()
                .select(Selection.selection(filter, state, null), null, 1)
                .now();
    }

    private Piece piece(@Nullable JobId before) {
        return operations.storage().select(selection, before, LOOK);
    }

    /** How many jobs it is about, at the moment at which it was made. All were looked at: it took as long as that takes. */
    public long count() {
        return count;
    }

    /** The newest of them, ten at most, as they stand now. */
    public List<JobView> sample() {
        return first.stream()
                .flatMap(id -> operations.find(id).stream())
                .map(JobView::brief)
                .toList();
    }

    /**
     * Does it, and returns when it is done: {@link #begin} and {@link Operation#resume} in one. Jobs that have changed since the plan was made are left as they are.
     *
     * @throws MillraceException if it is about all jobs of a state, and {@link Filter#everything} was not said
     */
    public Operation run(String reason) {
        return begin(reason, 0).resume();
    }

    /**
     * The same, not faster than so many jobs a second.
     *
     * @param perSecond 1 to 1,000,000
     */
    public Operation run(String reason, int perSecond) {
        return begin(reason, Bounds.count("The number of jobs a second", perSecond, MOST_PER_SECOND))
                .resume();
    }

    /**
     * Writes down what is to be done, under your name and with your reason. Nothing is done yet: {@link Operation#resume} does it, some hundred jobs at a time; if
     * its process dies, resume goes on, from any other, at the same rate.
     *
     * @param perSecond not more jobs in a second; 0 means as fast as it goes
     */
    public Operation begin(String reason, int perSecond) {
        var why = Bounds.reason("A change of many jobs", reason);
        if (!filter.everything && filter.queue == null && filter.kind == null && !filter.looksInside())
            throw new MillraceException(
                    "This is about all %,d jobs that are %s. Narrow it down, by kind(…), queue(…) or since(…), for example; or say that you mean it: everything(), or --all on the command line."
                            .formatted(count, selection.state().wireName()));
        if (perSecond != 0) Bounds.count("The number of jobs a second", perSecond, MOST_PER_SECOND);
        return operations.begun(new Change(
                operations.newId(), action, null, selection, priority, count, perSecond, why, operations.actor()));
    }

    @Override
    public String toString() {
        return "%s %,d jobs: %s".formatted(action == Action.REQUEUE ? "requeue" : "cancel", count, filter);
    }
}
