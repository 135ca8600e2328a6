package dev.millrace.world;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/**
 * Everything the engine cannot compute by itself: time, chance and rest. Nothing else in the engine reads a clock, draws a
 * random number or sleeps, so that a simulated world replays a whole fleet from one seed.
 *
 * <p>Implementations are safe for use by many threads.
 */
public interface World {

    /** The wall clock: stored and shown, never subtracted, and never used to decide who is alive. */
    Instant now();

    /** The monotonic clock in nanoseconds: for durations only. Its origin means nothing. */
    long nanoTime();

    /** Jitter, identities, shuffling. */
    RandomGenerator random();

    /** Rests. An interrupt ends the rest, and is the caller's to obey. */
    void sleep(Duration duration) throws InterruptedException;
}
