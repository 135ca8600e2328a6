package dev.millrace;

/**
 * The last error of a job, as it is stored.
 *
 * @param type the class name of the exception, or a word of the engine such as {@code timed out}
 * @param message what it said, at most {@value #MAX_MESSAGE} characters
 * @param fingerprint equal for errors that came from the same place: a hash of the type and the frames of the stack
 * @param attempt the attempt that failed, counted from 1; 0 if the job ended without one
 * @param trace the stack trace, at most {@value #MAX_TRACE} characters; empty if there is none
 */
public record Failure(String type, String message, String fingerprint, int attempt, String trace) {

    /** The longest message that is stored. */
    public static final int MAX_MESSAGE = 2_000;

    /** The longest stack trace that is stored. */
    public static final int MAX_TRACE = 8_000;

    public Failure {
        message = Words.storable(Words.cut(message, MAX_MESSAGE));
        trace = Words.storable(Words.cut(trace, MAX_TRACE));
    }
}
