package dev.millrace.benchmarks.trial;

/** One regime, played once by one contender. */
@FunctionalInterface
interface Trial {

    /**
     * Plays it.
     *
     * @throws NotPlayable if the contender can't be opened here
     */
    Findings play(Stage stage) throws Exception;

    /** The one for this regime. */
    static Trial of(Regime regime) {
        return switch (regime) {
            case BURN_DOWN -> new BurnDown();
            case ENQUEUE -> new BulkEnqueue();
        };
    }
}
