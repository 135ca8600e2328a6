package dev.millrace;

import dev.millrace.store.Adjustment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that an operator has set over those that code says. Immutable. What is null here is as code says it.
 *
 * @param of what has these numbers
 * @param name which one
 * @param concurrency how many may run at once: of a limit of one key in one queue, of a kind on one node, of a queue or a kind over the whole fleet
 * @param rate how many jobs of one key of a limit may start in a time; null of all but a limit
 * @param by who set it last
 * @param since when it was set last, on the store's clock
 */
public record AdjustmentView(
        Of of,
        String name,
        @Nullable Integer concurrency,
        @Nullable Rate rate,
        String reason,
        String by,
        Instant since) {

    /** What can have numbers set. */
    public enum Of {
        /** A {@link Limit}, by its name, in all queues. */
        LIMIT,

        /** How often a kind runs at once on each node. */
        KIND,

        /** How often a kind runs at once over all nodes together. */
        FLEET_KIND,

        /** How often jobs of a queue run at once over all nodes together. */
        FLEET_QUEUE
    }

    /**
     * How many may start in a time.
     *
     * @param burst how many at once after a pause
     */
    public record Rate(int count, Duration period, int burst) {}

    static AdjustmentView of(Adjustment.Kept kept) {
        var adjustment = kept.adjustment();
        var rate = adjustment.rate();
        return new AdjustmentView(
                switch (adjustment.of()) {
                    case LIMIT -> Of.LIMIT;
                    case KIND -> Of.KIND;
                    case FLEET_KIND -> Of.FLEET_KIND;
                    case FLEET_QUEUE -> Of.FLEET_QUEUE;
                },
                adjustment.name(),
                adjustment.atOnce(),
                rate == null ? null : new Rate(rate.count(), rate.period(), rate.burst()),
                kept.reason(),
                kept.by(),
                kept.since());
    }

    /** The numbers in words: {@code 5 at once, 200 in 1 min}. */
    public String numbers() {
        return numbers(concurrency, rate);
    }

    static String numbers(@Nullable Integer concurrency, @Nullable Rate rate) {
        var said = new ArrayList<String>();
        if (concurrency != null) said.add("%,d at once".formatted(concurrency));
        if (rate != null) {
            said.add("%,d in %s".formatted(rate.count(), Words.duration(rate.period())));
            if (rate.burst() > 1) said.add("a burst of %,d".formatted(rate.burst()));
        }
        return String.join(", ", said);
    }
}
