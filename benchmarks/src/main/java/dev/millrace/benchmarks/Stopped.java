package dev.millrace.benchmarks;

import java.io.Serial;

/** A measurement was ended by somebody who asked for it. Its schemas are dropped by whoever made them. */
public final class Stopped extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    Stopped() {
        super("Stopped before it was measured. Nothing is left in the database.");
    }
}
