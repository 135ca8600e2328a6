package dev.millrace.app.embedded;

import java.time.Duration;
import java.time.Instant;

/** The only place of this package where time comes from. */
interface Time {

    /** The wall clock: stored and shown, never subtracted. */
    Instant now();

    /** The monotonic clock: for durations only. */
    long nanoTime();

    /** Sleeps, and ends early only by an interrupt. */
    void sleep(Duration duration) throws InterruptedException;
}
