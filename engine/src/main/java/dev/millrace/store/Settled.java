package dev.millrace.store;

/** What became of one row of a flush. */
public enum Settled {
    /** This flush wrote the outcome and everything that hangs on it. */
    WON,
    /** An earlier flush of the same claim had written it; nothing was written now. */
    REPEATED,
    /** Somebody else had ended the delivery: it was cancelled, or rescued. Nothing was written. */
    LOST
}
