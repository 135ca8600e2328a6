package dev.millrace.store;

import dev.millrace.store.Line.Rate;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that an operator has set over those that code says: they hold, on all nodes, until they are reset. What an adjustment does not say stays as code says
 * it.
 *
 * @param of what sort of thing has these numbers
 * @param name which one
 * @param atOnce how many of it may run at once: of a limit of one key in one queue, of a kind on one node, of a queue or a kind over all nodes; null if that is not
 *     set
 * @param rate how many jobs of one key of a limit may start in a time; null if that is not set, and of all but a limit
 */
public record Adjustment(
        Of of,
        String name,
        @Nullable Integer atOnce,
        @Nullable Rate rate) {

    /** What can have numbers set. */
    public enum Of {
        /** A limit, by its name: in all queues. */
        LIMIT,

        /** How often a kind runs at once on a node: in all queues. */
        KIND,

        /** How often a kind runs at once over all nodes together: in all queues. See {@link FleetShares}. */
        FLEET_KIND,

        /** How often jobs of a queue run at once over all nodes together, whatever their kinds. See {@link FleetShares}. */
        FLEET_QUEUE
    }

    /** One without numbers says nothing. */
    public Adjustment {
        if (atOnce == null && rate == null) throw new IllegalArgumentException("an adjustment needs a number");
    }

    /**
     * One as the store keeps it.
     *
     * @param by who said it last
     * @param since when, on the store's clock
     */
    public record Kept(Adjustment adjustment, String reason, String by, Instant since) {}
}
