package dev.millrace.app.console;

import java.io.Serial;
import java.util.Objects;

/** A command can't go on. The message says what happened, why, and what to do; the code is what the process exits with. */
public final class CommandFailed extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final ExitCode code;

    public CommandFailed(ExitCode code, String message) {
        super(message);
        this.code = code;
    }

    public CommandFailed(ExitCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    public ExitCode code() {
        return code;
    }
}
