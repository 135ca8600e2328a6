package dev.millrace;

/**
 * What was asked for: a record with a {@link Kind}, whose components are the payload.
 *
 * @param <R> what comes back; {@code Void} if nothing does
 */
public interface Job<R> {

    /**
     * How this job wants to be run, told by its own values; the call may say otherwise. Runs once, in the producer, before the job is
     * stored. Must not have effects.
     *
     * @param o the engine's defaults
     */
    default JobOptions options(JobOptions o) {
        return o;
    }
}
