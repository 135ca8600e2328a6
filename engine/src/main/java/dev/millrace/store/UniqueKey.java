package dev.millrace.store;

import java.time.Duration;

/**
 * A key of which the store takes one job. The job that has it holds it for as long as the policy of whoever asks says.
 *
 * @param key the name of the kind and the values that tell one job from another, in a form that does not change
 */
public record UniqueKey(String key, Policy policy) {

    /** How long a key is held, and what becomes of a job that comes meanwhile. */
    public sealed interface Policy {}

    /** Held until its job has ended; the one that is there is answered. */
    public record UntilEnded() implements Policy {}

    /** Held for so long since its job was taken, whether that has ended or not; the one that is there is answered. */
    public record Within(Duration window) implements Policy {}

    /**
     * Held until its job has started; the newest is right. A job that waits for its first time to run becomes what is asked for now, and keeps its
     * id. One that waits for something else (in its stream, for another attempt, parked) is withdrawn as by a cancel, and the new one takes the key;
     * in a transaction of several statements (a caller's, in bulk, of a schedule, with an idempotency key) it is left alone, and the new one comes behind it.
     */
    public record Replace() implements Policy {}

    /**
     * Held until its job is available. The newest is right, and waits as long as it says itself, but in all not longer than this since the first of
     * them was taken. Its job always has a delay.
     */
    public record Debounce(Duration atMost) implements Policy {}
}
