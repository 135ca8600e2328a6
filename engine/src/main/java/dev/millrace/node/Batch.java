package dev.millrace.node;

import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Place;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The deliveries of one claim that this node still holds. A place leaves when its outcome is known to be durable, never earlier.
 *
 * <p>The array is read without a lock while others clear it. A reader may therefore still see a place that has just left, and never
 * misses one that has not: too much is what a manifest may say, too little is what it may not.
 */
final class Batch {

    private final ClaimToken token;
    private final long ordinal;
    private final @Nullable Place[] open;
    private final AtomicInteger left;

    Batch(Claim claim) {
        this.token = claim.token();
        this.ordinal = claim.ordinal();
        this.open = claim.places().toArray(new Place[0]);
        this.left = new AtomicInteger(open.length);
    }

    ClaimToken token() {
        return token;
    }

    long ordinal() {
        return ordinal;
    }

    /**
     * The outcome of a delivery is durable, or nobody's business here any more.
     *
     * @return whether it was the last one
     */
    boolean close(int index) {
        open[index] = null;
        return left.decrementAndGet() == 0;
    }

    int open() {
        return left.get();
    }

    void copyOpen(Collection<Place> into) {
        for (var place : open) if (place != null) into.add(place);
    }
}
