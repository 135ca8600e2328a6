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

    /** Somebody else had ended a delivery of this kind that was started here: what this node said of it does not count. Must neither block nor throw. */
    default void lost(Delivery delivery) {}

    /**
     * The node's incarnation ended before it had heard how a delivery that was started here has ended. One that was just being written may have
     * been told as {@link #settled} as well, before or after. Must neither block nor throw.
     */
    default void unsettled(Delivery delivery) {}

    /** What a body says of its end. */
    sealed interface Verdict {
        /** The node writes the outcome. */
        record ToFlush(Ending ending) implements Verdict {}

        /** The outcome was committed with the handler's own transaction; the node only frees the slot. */
        record Committed(Ending ending) implements Verdict {}
    }
}
