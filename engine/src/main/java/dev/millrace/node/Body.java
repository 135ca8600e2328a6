package dev.millrace.node;

import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import java.time.Duration;

/** Runs the handler of one delivery. The front door makes it: it knows types, codecs and retry policies. */
public interface Body {

    /**
     * Runs it to its end, on the calling thread. Failures of the handler are an ending, not an exception.
     *
     * @throws InterruptedException if the held delivery was taken away (deadline, cancel, lost lease, shutdown): whatever is returned or
     *     thrown then no longer counts
     */
    Verdict run(Delivery delivery, Held held) throws InterruptedException;

    /**
     * What an attempt that ran into its deadline amounts to: {@link Ending.TimedOut}, or {@link Ending.Discarded} if it was the last
     * one. Called while the body may still be running, on a thread of the node that must not be held up.
     */
    Ending timedOut(Delivery delivery, Duration deadline);

    /**
     * An outcome of this kind is durable, or was found to be: the delivery ended so. Not called for a delivery that somebody else ended.
     * Called by a thread that many others wait for: must neither block nor throw.
     */
    default void settled(Delivery delivery, Ending ending) {}

    /** What a body says of its end. */
    sealed interface Verdict {
        /** The node writes the outcome. */
        record ToFlush(Ending ending) implements Verdict {}

        /** The outcome was committed with the handler's own transaction; the node only frees the slot. */
        record Committed(Ending ending) implements Verdict {}
    }
}
