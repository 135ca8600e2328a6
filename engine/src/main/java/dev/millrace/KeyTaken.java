package dev.millrace;

import java.io.Serial;

/** An idempotency key stands for another request than the one it came with now. Nothing was enqueued; the message tells both. */
public final class KeyTaken extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final transient JobId holder;

    /** For stores. */
    public KeyTaken(JobId holder, String message) {
        super(message);
        this.holder = holder;
    }

    /** The job that the key stands for. */
    public JobId holder() {
        return holder;
    }
}
