package dev.millrace;

import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Bulk.Stopped;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A change of many jobs that was begun. It is kept in the store, with who did it and why; so it can be gone on with, and taken back, from anywhere. */
public final class Operation {

    private final NamedOperations operations;
    private final UUID id;
    private final boolean existed;
    private final @Nullable Editor editor;

    Operation(NamedOperations operations, UUID id) {
        this(operations, id, true, null);
    }

    /** @param editor how it edits, if it does, and was begun here */
    Operation(NamedOperations operations, UUID id, boolean existed, @Nullable Editor editor) {
        this.operations = operations;
        this.id = id;
        this.existed = existed;
        this.editor = editor;
    }

    /** Its identity, to ask for it later: {@code ops.operation(id)}. */
    public UUID id() {
        return id;
    }

    /** Whether it was there before: it was looked for, or was begun under an id that stood for it already. */
    public boolean existed() {
        return existed;
    }

    /** How it stands now. */
    public OperationView view() {
        return OperationView.of(kept());
    }

    private KeptChange kept() {
        return operations
                .storage()
                .change(id)
                .orElseThrow(() -> new MillraceException(
                        "The operation %s is not known here: it was begun in another database, or is past retention."
                                .formatted(id)));
    }

    /**
     * Does what is left of it, and returns when it is done: also if whoever began it has died. Of two who do so at once each does other jobs. An interrupt ends it with
     * a {@link MillraceException}, its flag kept; what was done stays done.
     *
     * @throws MillraceException if it edits by a function, and was begun by another process: see {@link #resume(Class, UnaryOperator)}
     */
    public Operation resume() {
        return resume(view -> {});
    }

    /** The same, and tells how it stands after each step. */
    public Operation resume(Consumer<OperationView> progress) {
        operations.finish(kept(), editor, null, () -> progress.accept(view()));
        return this;
    }

    /** The same, but not much longer than so: {@link OperationView#endedAt} tells whether it is done. For who must answer in time. */
    public Operation resumeFor(Duration most) {
        operations.finish(kept(), editor, Bounds.span("The time to go on for", most, Bounds.DELAY), () -> {});
        return this;
    }

    /**
     * Goes on with an edit by a function that another process has begun: the function is not kept. It must be the one that was used there.
     *
     * @throws MillraceException if it is no edit
     */
    public <J extends Job<?>> Operation resume(Class<J> kind, UnaryOperator<J> edit) {
        var kept = kept();
        if (kept.change().action() != Action.EDIT || kept.change().undoes() != null)
            throw new MillraceException(
                    "The operation %s is no edit, and takes no function. Go on with resume().".formatted(id));
        operations.finish(kept, operations.editor(kind, edit), null, () -> {});
        return this;
    }

    /**
     * Ends it where it is: what it has done stays done, and what it has not is left as it is. Nobody can go on with it then; what it did can still be taken back.
     * A step that another process has begun is the last one. Of one that has ended already nothing changes.
     *
     * @return whether it had not ended before
     */
    public boolean stop(String reason) {
        var why = Bounds.reason("To stop a change of many jobs", reason);
        kept();
        return operations.storage().stop(id, new Stopped(operations.actor(), why));
    }

    /**
     * Takes it back, as far as that is possible, and returns when that is done. Runs that it began and that have not been started end as, and when, the run before
     * them had ended; jobs that it cancelled get a new run with its first attempt, at the time for which they had waited; jobs that it rescheduled wait for the
     * time they had, or run at once if that has passed; those that it edited have the payload they had; those that it deleted are told of again. What has run
     * meanwhile is left as it is, and {@link OperationView#left} tells how many those are, and why. What was not done yet is not done any more.
     *
     * @return the operation that takes back
     * @throws MillraceException if this one takes back another one
     */
    public Operation undo(String reason) {
        return beginUndo(reason).resume();
    }

    /**
     * Writes down that it is to be taken back. From then on it goes no further; {@link #resume} of what this gives takes back what it has done.
     *
     * @return the operation that takes back
     * @throws MillraceException if this one takes back another one
     */
    public Operation beginUndo(String reason) {
        return beginUndo(operations.newId(), reason);
    }

    /**
     * The same under an id of yours: to say it again, since the answer was lost, gives the operation that is there, and begins no second one.
     *
     * @param undo the id of the operation that takes back
     * @throws OperationTaken if it stands for another one
     * @throws MillraceException if this one takes back another one
     */
    public Operation beginUndo(UUID undo, String reason) {
        var why = Bounds.reason("To take back a change of many jobs", reason);
        var kept = kept();
        if (kept.change().undoes() != null)
            throw new MillraceException(
                    "The operation %s takes back another one, and can't be taken back itself. Select its jobs and do what is to be done: ops.jobs(…)."
                            .formatted(id));
        var action = switch (kept.change().action()) {
            case REQUEUE -> Action.CANCEL;
            case CANCEL -> Action.REQUEUE;
            case RESCHEDULE -> Action.RESCHEDULE;
            case EDIT -> Action.EDIT;
            case DELETE -> Action.DELETE;
        };
        return operations.begun(
                new Change(
                        undo,
                        action,
                        id,
                        null,
                        Details.NONE,
                        kept.progress().changed(),
                        kept.change().perSecond(),
                        why,
                        operations.actor(),
                        "undo %s, because: %s".formatted(id, why)),
                Set.of(),
                null);
    }

    @Override
    public String toString() {
        return "operation " + id;
    }
}
