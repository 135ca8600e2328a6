package dev.millrace.simulation.fleet;

import java.time.Duration;

/** Somebody who talks to the store: a process that can be cut off, stand still, and die. */
interface Client {

    String name();

    /** Goes on only if it lives: waits while it is frozen, and throws {@link Killed} if it is dead. */
    void awake();

    boolean cutOff();

    /** Whether it can die or freeze in the middle of a step. */
    boolean mortal();

    /** It dies here and now. */
    void die(String how);

    /** It stands still for so long, all of it. */
    void stall(Duration time);

    /** The store is about to answer one of its steps with this. */
    default void thrown(RuntimeException answer) {}

    /** Its sign of life went through. */
    default void beatHeard() {}

    /** Something has gone wrong with one of its steps, or taken long. */
    void troubled();

    /** Thrown into code of a process that has died in the middle of a step: nothing behind the step happens any more. */
    final class Killed extends Error {
        private static final long serialVersionUID = 1L;

        Killed() {
            super("this process is dead", null, false, false);
        }
    }
}
