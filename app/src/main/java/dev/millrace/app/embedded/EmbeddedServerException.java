package dev.millrace.app.embedded;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The embedded server can't be had: the message says what happened, why, and what to do about it.
 *
 * <p>The message is one paragraph for a person. {@link #reason()} is for a program (an exit code), {@link #logTail()}
 * for whoever wants to dig.
 */
public final class EmbeddedServerException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Why there is no server; each has one thing that a person can do about it. */
    public enum Reason {
        /** Another living process holds the data directory. */
        IN_USE,
        /** The directory holds something, and it isn't ours. */
        FOREIGN_DIRECTORY,
        /** The path can't be a data directory: a file is in its way, or its name can't be passed on. */
        UNUSABLE_PATH,
        /** The cluster is there but incomplete or corrupt. */
        DAMAGED,
        /** The cluster was made by another major version of PostgreSQL. */
        WRONG_VERSION,
        /** No space, or no quota, is left. */
        DISK_FULL,
        /** The file system is mounted read-only. */
        READ_ONLY,
        /** The user may not read, write or execute there. */
        PERMISSION_DENIED,
        /** The requested port is taken. */
        PORT_TAKEN,
        /** The system refuses the server its memory. */
        MEMORY,
        /** No binaries for this operating system and processor are aboard. */
        UNSUPPORTED_PLATFORM,
        /** The server's programs miss a library of the system. */
        MISSING_LIBRARY,
        /** The process runs as root and found no way to run the server as somebody else. */
        ROOT_REFUSED,
        /** An earlier server still holds the cluster and did not end. */
        STILL_RUNNING,
        /** The server did not answer within the limit. */
        START_TIMEOUT,
        /** The server did not start, and its log says something that this class has no word for. */
        START_FAILED,
        /** It was started again and again, and died each time. */
        KEEPS_DYING,
        /** The calling thread was interrupted while it waited. */
        INTERRUPTED
    }

    private final Reason reason;
    private final String logTail;

    EmbeddedServerException(Reason reason, String message) {
        this(reason, message, "", null);
    }

    EmbeddedServerException(Reason reason, String message, String logTail, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.logTail = logTail;
    }

    static EmbeddedServerException interrupted(String doing, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new EmbeddedServerException(
                Reason.INTERRUPTED,
                "%s was interrupted, because this process is about to stop. What was begun is finished or swept up at the next start."
                        .formatted(doing),
                "",
                cause);
    }

    /** One paragraph for a person. There always is one. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /** Why there is no server. */
    public Reason reason() {
        return reason;
    }

    /** The last lines that the server wrote, where it wrote any. */
    public Optional<String> logTail() {
        return logTail.isBlank() ? Optional.empty() : Optional.of(logTail);
    }
}
