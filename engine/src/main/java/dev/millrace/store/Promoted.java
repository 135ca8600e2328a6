package dev.millrace.store;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a promotion.
 *
 * @param count how many timers became deliveries; jobs that run after others count as well when they are let go or cancelled
 * @param next how long until the next one is due; null if none waits
 */
public record Promoted(int count, @Nullable Duration next) {}
