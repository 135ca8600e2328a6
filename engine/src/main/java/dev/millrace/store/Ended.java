package dev.millrace.store;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A delivery and how it ended, on its way into a flush.
 *
 * @param startedAt the node's wall clock, shown and never compared; null if its handler never started
 */
public record Ended(
        Delivery delivery, Ending ending, @Nullable Instant startedAt, Duration took) {}
