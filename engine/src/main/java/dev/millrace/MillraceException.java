package dev.millrace;

import java.io.Serial;
import java.util.Objects;

/** The root of everything that Millrace throws. Its message says what happened, why, and what to do. */
public class MillraceException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    /** An error with its whole story in the message. */
    public MillraceException(String message) {
        super(message);
    }

    /** An error that another one led to. */
    public MillraceException(String message, Throwable cause) {
        super(message, cause);
    }

    /** What happened, why, and what to do. There always is one. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
