package dev.millrace.app.embedded;

import java.time.Duration;

/**
 * When to give up on a server that dies: at the third time without a minute of life in between. A start that fails is a
 * death without any life.
 */
final class Strikes {

    static final int OUT = 3;
    static final Duration GOOD_LIFE = Duration.ofSeconds(60);

    private int strikes;

    /** Counts a death. False means: enough. */
    boolean mayTryAgainAfter(Duration life) {
        if (life.compareTo(GOOD_LIFE) >= 0) {
            strikes = 0;
        }
        strikes++;
        return strikes < OUT;
    }
}
