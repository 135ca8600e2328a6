package dev.millrace.store;

import static dev.millrace.State.AVAILABLE;
import static dev.millrace.State.CANCELLED;
import static dev.millrace.State.COMPLETED;
import static dev.millrace.State.DISCARDED;
import static dev.millrace.State.RETRYABLE;
import static dev.millrace.State.RUNNING;
import static dev.millrace.State.SCHEDULED;

import dev.millrace.State;
import java.util.EnumSet;
import java.util.Set;

/**
 * The table of state changes: which are possible, and what each is called. The picture in {@code ARCHITECTURE.md}, the stores' contract
 * and the simulator's checkers are held against it.
 */
public enum Transition {
    /** Its time has come, or the batch that it follows is at its end, or the jobs that it runs after have ended. */
    PROMOTE(Set.of(SCHEDULED), AVAILABLE),
    /** A node holds its delivery. */
    CLAIM(Set.of(AVAILABLE), RUNNING),
    /** The handler is done. */
    COMPLETE(Set.of(RUNNING), COMPLETED),
    /** It failed or timed out, and attempts remain. */
    RETRY(Set.of(RUNNING), RETRYABLE),
    /** Its back-off has elapsed. */
    REVIVE(Set.of(RETRYABLE), AVAILABLE),
    /** Postponed by its handler; costs no attempt. */
    SNOOZE(Set.of(RUNNING), SCHEDULED),
    /** Its node was deposed: to the front stream. */
    RESCUE(Set.of(RUNNING), AVAILABLE),
    /** Claimed, never started. */
    HAND_BACK(Set.of(RUNNING), AVAILABLE),
    /** This node can't run it now; {@code why} says what it waits for. */
    PARK(Set.of(RUNNING), AVAILABLE),
    /** Attempts used up, refused for good, or its worker died too often. */
    DISCARD(Set.of(RUNNING), DISCARDED),
    /** Its expiry passed before it ran. */
    EXPIRE(EnumSet.of(SCHEDULED, AVAILABLE, RUNNING, RETRYABLE), DISCARDED),
    /** Withdrawn, from any unfinished state. */
    CANCEL(EnumSet.of(SCHEDULED, AVAILABLE, RUNNING, RETRYABLE), CANCELLED),
    /** By an operator: a new run of the same job. */
    REQUEUE(EnumSet.of(COMPLETED, CANCELLED, DISCARDED), AVAILABLE),
    /** A cancel of many is taken back: a new run, which waits for the time that the job waited for. */
    RESTORE(Set.of(CANCELLED), SCHEDULED),
    /** By an operator: it is to wait for a time, before a node has it. */
    RESCHEDULE(Set.of(AVAILABLE), SCHEDULED);

    @SuppressWarnings("ImmutableEnumChecker") // a Set.copyOf: it can't change
    private final Set<State> from;

    private final State to;

    Transition(Set<State> from, State to) {
        this.from = Set.copyOf(from);
        this.to = to;
    }

    public Set<State> from() {
        return from;
    }

    public State to() {
        return to;
    }

    /** Whether some transition leads from the one state to the other. */
    public static boolean possible(State from, State to) {
        for (var transition : values()) if (transition.from.contains(from) && transition.to == to) return true;
        return false;
    }
}
