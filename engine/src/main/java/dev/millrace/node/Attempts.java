package dev.millrace.node;

import dev.millrace.store.Delivery;

/**
 * Where handlers run: a thread each in production, a timed event in the simulation. The node itself knows no threads of handlers.
 */
public interface Attempts {

    /**
     * Starts an attempt, and returns before it has ended.
     *
     * @param attempt to be run once, to its end
     */
    Running start(Delivery delivery, Runnable attempt);

    /** An attempt that was started, and may have ended since. */
    interface Running {

        /** Asks it to end. It may or may not obey; asking again, or too late, does no harm. */
        void interrupt();
    }

    /** One virtual thread per attempt, named after the kind and the job. It is never used again, so that no interrupt can leak. */
    static Attempts onVirtualThreads() {
        return (delivery, attempt) -> {
            var thread = Thread.ofVirtual()
                    .name(delivery.kind() + " " + delivery.job())
                    .start(attempt);
            return thread::interrupt;
        };
    }
}
