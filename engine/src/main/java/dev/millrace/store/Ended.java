package dev.millrace.store;

import dev.millrace.JobId;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A delivery and how it ended, on its way into a flush.
 *
 * @param startedAt the node's wall clock, shown and never compared; null if its handler never started
 * @param contested whether its handler may have written an ending in a transaction of its own, whose fate is not known: then the store has to
 *     find out which of the two it is, and that other one may still be open
 */
public record Ended(
        Delivery delivery, Ending ending, @Nullable Instant startedAt, Duration took, boolean contested) {

    /** One that nobody else on its node has tried to end. */
    public Ended(Delivery delivery, Ending ending, @Nullable Instant startedAt, Duration took) {
        this(delivery, ending, startedAt, took, false);
    }

    /** The batch of which a part has ended by this; null if that is none. Of each part the first run is what counts. */
    public @Nullable JobId partOf() {
        return delivery.run() == 1 && ending.leadsTo().ended() ? PartOf.batch(delivery.headers()) : null;
    }
}
