package dev.millrace;

import dev.millrace.store.Bulk;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
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
    private final UUID id;
    private final Filter filter;
    private final Action action;
    private final Details details;
    private final String said;
    private final @Nullable Editor editor;
    private final Bulk.Selection selection;
    private final Found found;

    /**
     * What would become of one job's payload.
     *
     * @param before as text, in the clear; of a value that is kept itself, what it says of itself
     * @param after the same
     */
    public record Edit(JobId job, String before, String after) {}

    /**
     * A job whose payload would stay as it is.
     *
     * @param why in a sentence
     */
    public record Refusal(JobId job, String why) {}

    private Plan(
            NamedOperations operations,
            UUID id,
            Filter filter,
            Action action,
            Details details,
            String said,
            @Nullable Editor editor,
            Bulk.Selection selection,
            Found found) {
        this.operations = operations;
        this.id = id;
        this.filter = filter;
        this.action = action;
        this.details = details;
        this.said = said;
        this.editor = editor;
        this.selection = selection;
        this.found = found;
    }

    /** What was met on the way over all jobs: how many, and the first of them. */
    private record Found(
            long count, List<JobId> first, List<Edit> edits, long refusedCount, List<Refusal> refused, boolean all) {}

    /** What is met on the way over all jobs. */
    private static final class Walk {
        private final Filter filter;
        private long looked;
        long count;
        long refusedCount;
        final List<JobId> first = new ArrayList<>();
        final List<Edit> edits = new ArrayList<>();
        final List<Refusal> refused = new ArrayList<>();

        Walk(Filter filter) {
            this.filter = filter;
        }

        Found found(NamedOperations operations, Instant now) {
            return new Found(
                    count,
                    List.copyOf(first),
                    List.copyOf(edits),
                    refusedCount,
                    List.copyOf(refused),
                    isAll(operations, now));
        }

        /** A step of it follows. */
        void goesOn() {
            Selection.refuseFarther(filter, looked, count + refusedCount);
            looked += LOOK;
        }

        /**
         * Whether nothing of the state was left out. Who names a queue, a kind or a failure means these, whether or not there are others. Only where a time or
         * a text is all that was said are the jobs of the state counted, as far as one more than were met.
         */
        private boolean isAll(NamedOperations operations, Instant now) {
            if (filter.names()) return false;
            if (!filter.looksInside()) return true;
            long met = count + refusedCount;
            if (met == 0) return false;
            var state = Objects.requireNonNull(filter.state);
            var all = Selection.selection(Filter.ALL.state(state), state, now);
            long there = 0;
            var piece = operations.storage().select(all, null, LOOK);
            while (true) {
                there += piece.jobs().size();
                if (there > met) return false;
                if (piece.next() == null) return true;
                piece = operations.storage().select(all, piece.next(), LOOK);
            }
        }

        void met(JobId job) {
            count++;
            if (first.size() < SAMPLE) first.add(job);
        }

        void met(JobId job, Editor.Result result) {
            switch (result) {
                case Editor.Result.Edited(var payload, var before, var after) -> {
                    met(job);
                    if (edits.size() < SAMPLE) edits.add(new Edit(job, before, after));
                }
                case Editor.Result.Refused(var brief, var why) -> {
                    refusedCount++;
                    if (refused.size() < SAMPLE) refused.add(new Refusal(job, why));
                }
            }
        }
    }

    /** What is said of a change may count from now, on the store's clock. */
    interface Saying {
        Details at(Instant now);
    }

    /** @param said what is said beside the verb, as it was said */
    static Plan of(NamedOperations operations, Filter filter, Action action, Saying details, String said) {
        var now = now(operations, filter);
        var selection = Selection.selection(filter, Objects.requireNonNull(filter.state), now);
        var walk = new Walk(filter);
        var piece = operations.storage().select(selection, null, LOOK);
        while (true) {
            piece.jobs().forEach(walk::met);
            if (piece.next() == null) break;
            walk.goesOn();
            piece = operations.storage().select(selection, piece.next(), LOOK);
        }
        return new Plan(
                operations,
                operations.newId(),
                filter,
                action,
                details.at(now),
                said,
                null,
                selection,
                walk.found(operations, now));
    }

    /** The same for an edit: all payloads are read, and edited, so that it is known what would become of them. */
    static Plan of(NamedOperations operations, Filter filter, Editor editor) {
        var now = now(operations, filter);
        var selection = Selection.selection(filter, Objects.requireNonNull(filter.state), now);
        var walk = new Walk(filter);
        var piece = operations.storage().payloads(selection, null, LOOK, LOOK);
        while (true) {
            for (var job : piece.jobs()) walk.met(job.job(), editor.edit(job));
            if (piece.next() == null) break;
            walk.goesOn();
            piece = operations.storage().payloads(selection, piece.next(), LOOK, LOOK);
        }
        var details = Details.patch(editor.kept(), editor.shape());
        return new Plan(
                operations,
                operations.newId(),
                filter,
                Action.EDIT,
                details,
                editor.asked().exactly(),
                editor,
                selection,
                walk.found(operations, now));
    }

    /** On the store's clock. */
    private static Instant now(NamedOperations operations, Filter filter) {
        var state = Objects.requireNonNull(filter.state);
        return operations
                .storage()
                .select(Selection.selection(filter, state, null), null, 1)
                .now();
    }

    /**
     * How many jobs it would change, at the moment at which it was made. All that are selected were looked at: it took as long as that takes. Of an edit, those
     * are counted whose payload would become another one; the others are {@link #refused}.
     */
    public long count() {
        return found.count;
    }

    /** The newest of them, ten at most, as they stand now. */
    public List<JobView> sample() {
        return found.first.stream()
                .flatMap(id -> operations.find(id).stream())
                .map(JobView::brief)
                .toList();
    }

    /** What would become of the payloads of the newest of them, ten at most; none if this is no edit. */
    public List<Edit> edits() {
        return found.edits;
    }

    /** How many jobs are selected, and would be left as they are: since their payload can't be read, or the edit of it could not be, or changes nothing. */
    public long refusedCount() {
        return found.refusedCount;
    }

    /** The newest of these, ten at most, and why. */
    public List<Refusal> refused() {
        return found.refused;
    }

    /**
     * Whether it is about all jobs of its state: nothing else was said, or only a time or a text that leaves none of them out, such as {@code since(ofDays(3650))}.
     * Then {@link Filter#everything} has to be said to run it. Who names what the jobs are, such as their kind, means those, also if there are no others. To
     * know it, the jobs of the state were counted, as far as one more than are met.
     */
    public boolean meetsAll() {
        return found.all;
    }

    /** The id that its operation has, once it is begun: say it to whoever is to go on with it, before anything is done. */
    public UUID id() {
        return id;
    }

    /**
     * The same plan under an id of yours. Who loses the answer to {@link #begin} or {@link #run} makes the same plan again, with the same id, and says the same: if
     * the operation is there, it is gone on with, and no second one is begun. The same is the same change, of the same filter as it was said, at the same
     * rate, for the same reason; functions of edits can't be compared, and count as the same.
     */
    public Plan withId(UUID id) {
        return new Plan(operations, id, filter, action, details, said, editor, selection, found);
    }

    /**
     * Does it, and returns when it is done: {@link #begin} and {@link Operation#resume} in one. Jobs that have changed since the plan was made are left as they are.
     * A plan is done once: to run it again goes on with what was begun.
     *
     * @throws OperationTaken if its {@link #id} stands for another operation
     * @throws MillraceException if it {@linkplain #meetsAll is about all jobs of a state}, and {@link Filter#everything} was not said
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
     * its process dies, resume goes on, from any other, at the same rate. To begin it again, since the answer was lost, gives the operation that is there.
     *
     * @param perSecond not more jobs in a second; 0 means as fast as it goes
     * @throws OperationTaken if its {@link #id} stands for another operation
     */
    public Operation begin(String reason, int perSecond) {
        var why = Bounds.reason("A change of many jobs", reason);
        if (!filter.everything && found.all)
            throw new MillraceException(
                    "This is about all %,d jobs that are %s%s. Narrow it down, by kind(…), queue(…) or since(…), for example; or say that you mean it: everything(), or --all on the command line."
                            .formatted(
                                    found.count + found.refusedCount,
                                    selection.state().wireName(),
                                    filter.looksInside()
                                            ? ": \"%s\" leaves none of them out".formatted(filter.vague())
                                            : ""));
        if (perSecond != 0) Bounds.count("The number of jobs a second", perSecond, MOST_PER_SECOND);
        return operations.begun(
                new Change(
                        id,
                        action,
                        null,
                        selection,
                        details,
                        found.count,
                        perSecond,
                        why,
                        operations.actor(),
                        request(said, perSecond, why)),
                editor == null
                        ? Set.of()
                        : editor.asked().elsewhere().stream()
                                .map(other -> request(other, perSecond, why))
                                .collect(Collectors.toUnmodifiableSet()),
                editor);
    }

    private String request(String beside, int perSecond, String why) {
        return "%s%s of jobs with %s%s, because: %s"
                .formatted(
                        OperationView.word(action),
                        beside.isEmpty() ? "" : " " + beside,
                        filter.exactly(),
                        perSecond == 0 ? "" : ", %d a second".formatted(perSecond),
                        why);
    }

    @Override
    public String toString() {
        return "%s %,d jobs%s: %s".formatted(OperationView.word(action), found.count, how(), filter);
    }

    private String how() {
        var delay = details.delay();
        if (details.runAt() != null) return " to " + details.runAt();
        if (delay != null)
            return " to %s %s".formatted(Words.duration(delay.abs()), delay.isNegative() ? "earlier" : "later");
        return editor == null ? "" : " " + editor.inWords();
    }
}
