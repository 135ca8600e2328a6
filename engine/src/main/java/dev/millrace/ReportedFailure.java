package dev.millrace;

import java.io.Serial;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An error that happened in another program, for a {@link RawHandler} to throw: the job's {@link Failure} has its type, its message and its trace,
 * not those of this exception. Immutable.
 */
public final class ReportedFailure extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    /** Characters of a type, and of a place. */
    private static final int NAME = 200;

    private final String type;
    private final String place;
    private final String trace;
    private final @Nullable Duration after;
    private final boolean last;

    private ReportedFailure(
            String type, String message, String place, String trace, @Nullable Duration after, boolean last) {
        super(message, null, false, false);
        this.type = type;
        this.place = place;
        this.trace = trace;
        this.after = after;
        this.last = last;
    }

    /**
     * An error that is judged by the kind's {@link Retry}.
     *
     * @param type what it is called there, such as {@code ValueError}; at most 200 characters, the rest is cut
     * @param message what it said
     * @param place where it came from, the same for each error from there: with the type it makes the fingerprint, by which failures are grouped. Empty
     *     if that is not known
     * @param trace the stack trace, as its language prints it; may be empty
     */
    public static ReportedFailure of(String type, String message, String place, String trace) {
        return new ReportedFailure(
                named("The type of a failure", type),
                message.isBlank() ? "(no message)" : message,
                Words.cut(Words.line(place), NAME),
                trace,
                null,
                false);
    }

    private static String named(String what, String name) {
        if (name.isBlank())
            throw new MillraceException(
                    what + " is empty. Give its name, such as ValueError: failures are grouped by it.");
        return Words.cut(Words.line(name), NAME);
    }

    /**
     * The same, with another attempt after this delay, and up to a tenth of it later, instead of the policy's back-off. It still counts: when the
     * attempts are used up, the job is discarded.
     */
    public ReportedFailure retryIn(Duration delay) {
        return new ReportedFailure(type, message(), place, trace, Bounds.delay("A retry", delay), false);
    }

    /** The same, and no further attempt could succeed: the job is discarded. */
    public ReportedFailure discarding() {
        return new ReportedFailure(type, message(), place, trace, null, true);
    }

    /** What it is called where it happened. */
    public String type() {
        return type;
    }

    /** Where it came from; empty if that is not known. */
    public String place() {
        return place;
    }

    /** The stack trace; may be empty. */
    public String trace() {
        return trace;
    }

    /** When another attempt is to follow; empty if the policy says so, or if none is to follow. */
    public Optional<Duration> after() {
        return Optional.ofNullable(after);
    }

    /** Whether no further attempt is to follow. */
    public boolean isLast() {
        return last;
    }

    private String message() {
        return String.valueOf(getMessage());
    }
}
