package dev.millrace;

import java.util.Locale;

/** The seven states of a job. Which may follow which stands in one table, drawn in {@code ARCHITECTURE.md}. */
public enum State {
    /** Waits for a time that its sender or its handler chose. */
    SCHEDULED,
    /** Ready to run, or parked with a reason that {@code why} names. */
    AVAILABLE,
    /** Held by a node: its handler runs, or is about to. */
    RUNNING,
    /** Failed, and waits for its next attempt. */
    RETRYABLE,
    /** Ended well; its result is kept as long as its partition. */
    COMPLETED,
    /** Ended because somebody withdrew it. */
    CANCELLED,
    /** Ended badly: attempts used up, refused for good, expired, or its worker died too often. */
    DISCARDED;

    /** Whether a job in this state will not run again, unless an operator requeues it. */
    public boolean ended() {
        return this == COMPLETED || this == CANCELLED || this == DISCARDED;
    }

    /** The name as it is stored and shown: lower case. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The state with this stored name.
     *
     * @throws MillraceException if there is none
     */
    public static State of(String wireName) {
        for (var state : values()) if (state.wireName().equals(wireName)) return state;
        throw new MillraceException(
                "\"%s\" is not a state. The states are scheduled, available, running, retryable, completed, cancelled and discarded."
                        .formatted(Words.cut(wireName, 80)));
    }
}
