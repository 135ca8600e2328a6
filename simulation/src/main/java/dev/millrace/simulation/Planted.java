package dev.millrace.simulation;

/** Bugs that a test plants into the simulated store, to prove that the checkers see what they are for. */
enum Planted {
    NONE,
    /** The flush of a deposed node is accepted. */
    FLUSH_WITHOUT_FENCE,
    /** A deposed node may still claim. */
    ZOMBIE_CLAIM,
    /** A flush is acknowledged, and written a little later; so slots are freed for outcomes that may never be. */
    ACKNOWLEDGED_BEFORE_DURABLE,
    /** Who hears that a commit is unknown is told that nothing was written. */
    UNKNOWN_TAKEN_FOR_ROLLED_BACK,
    /** Marks of starts are not written, so that no death is ever charged. */
    MARKS_FORGOTTEN
}
