package dev.millrace.node;

/**
 * Tells a step that fails for what it carries from one that fails for the storage: the same step has failed several times in a row,
 * and this node's beats go through meanwhile. Such a step is cut into pieces, so that what can't be done holds up nothing else.
 */
final class Stubborn {

    private static final int FAILURES = 3;

    private final Beater beater;
    private int failures;
    private long beatsBefore;

    Stubborn(Beater beater) {
        this.beater = beater;
    }

    void succeeded() {
        failures = 0;
    }

    /** Counts one more failure. Returns whether the step's own content is to be suspected. */
    boolean failed() {
        if (failures++ == 0) beatsBefore = beater.count();
        if (failures < FAILURES || beater.count() == beatsBefore) return false;
        failures = 0;
        return true;
    }
}
