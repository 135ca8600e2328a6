package dev.millrace;

import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.KeptChange;
import java.util.UUID;
import java.util.function.Consumer;

/** A change of many jobs that was begun. It is kept in the store, with who did it and why; so it can be gone on with, and taken back, from anywhere. */
public final class Operation {

    private final NamedOperations operations;
    private final UUID id;

    Operation(NamedOperations operations, UUID id) {
        this.operations = operations;
        this.id = id;
    }

    /** Its identity, to ask for it later: {@code ops.operation(id)}. */
    public UUID id() {
        return id;
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
     */
    public Operation resume() {
        return resume(view -> {});
    }

    /** The same, and tells how it stands after each step. */
    public Operation resume(Consumer<OperationView> progress) {
        operations.finish(kept(), () -> progress.accept(view()));
        return this;
    }

    /**
     * Takes it back, as far as that is possible, and returns when that is done. Runs that it began and that have not been started end as, and when, the run before
     * them had ended; jobs that it cancelled get a new run with its first attempt, at the time for which they had waited. What has run meanwhile is left as it is, and {@link
     * OperationView#left} tells how many those are, and why. What was not done yet is not done any more.
     *
     * @return the operation that takes back
     * @throws MillraceException if this one takes back another one
     */
    public Operation undo(String reason) {
        var why = Bounds.reason("To take back a change of many jobs", reason);
        var kept = kept();
        if (kept.change().undoes() != null)
            throw new MillraceException(
                    "The operation %s takes back another one, and can't be taken back itself. Select its jobs and do what is to be done: ops.jobs(…)."
                            .formatted(id));
        var action = kept.change().action() == Action.REQUEUE ? Action.CANCEL : Action.REQUEUE;
        return operations
                .begun(new Change(
                        operations.newId(),
                        action,
                        id,
                        null,
                        null,
                        kept.progress().changed(),
                        kept.change().perSecond(),
                        why,
                        operations.actor()))
                .resume();
    }

    @Override
    public String toString() {
        return "operation " + id;
    }
}
