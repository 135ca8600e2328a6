package dev.millrace.simulation.checker;

/** A broken invariant. */
public final class Broken extends AssertionError {

    private static final long serialVersionUID = 1L;

    private final String invariant;

    public Broken(String invariant, String message) {
        super(invariant + ": " + message);
        this.invariant = invariant;
    }

    /** Its name, as {@link Checker#invariant} has it. */
    public String invariant() {
        return invariant;
    }
}
