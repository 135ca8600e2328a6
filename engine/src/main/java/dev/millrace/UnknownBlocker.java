package dev.millrace;

import java.io.Serial;

/**
 * A job was to {@linkplain JobOptions#after run after} another one that is not known. Nothing was enqueued. In a transaction of yours the database refuses
 * whatever comes after it: roll back.
 */
public final class UnknownBlocker extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final transient JobId blocker;

    /** For stores. */
    public UnknownBlocker(JobId blocker) {
        super(
                "There is no job %s to run after: the transaction that enqueued it has not committed, or it ended so long ago that it is no longer kept, or it was enqueued elsewhere. Nothing was enqueued. Leave it out if it has ended; else enqueue it first, in the same transaction if need be."
                        .formatted(blocker));
        this.blocker = blocker;
    }

    /** The job that is not known. */
    public JobId blocker() {
        return blocker;
    }
}
