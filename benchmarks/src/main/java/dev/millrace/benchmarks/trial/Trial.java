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
            case SUSTAINED -> new Sustained();
            case TRANSACTIONAL -> new Transactional();
            case IDLE -> new Idle();
            case HANDLERS -> new Handlers();
            case HELD_HORIZON -> new HeldHorizon();
            case BACKLOG -> new Backlog();
            case TIMERS -> new Timers();
            case NODES -> new OneOfMany();
            case FEATURES -> new Features();
            case SEATS -> new Seats();
            case FAIRNESS -> new Fairness();
            case SOAK -> new Soak();
        };
    }
}
