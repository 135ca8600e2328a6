package dev.millrace;

import java.io.Serial;
import java.util.UUID;

/** An id stands for another operation than the one it came with now. Nothing was begun; the message tells both. */
public final class OperationTaken extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final UUID operation;

    OperationTaken(UUID operation, String message) {
        super(message);
        this.operation = operation;
    }

    /** The operation that is there. */
    public UUID operation() {
        return operation;
    }
}
