package dev.millrace.node;

import java.time.Duration;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Outcomes that could not be written, each alone by now. They are tried again, one at a time and seldom: each try may have to wait for a
 * lock, and everything else that ends on this node waits behind it. For the finisher's thread.
 */
final class Aside {

    /** Between two tries, whichever they are. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final ArrayDeque<HeldDelivery> line = new ArrayDeque<>();
    private long next;

    /** It was tried just now, in vain. */
    void add(HeldDelivery held, long now) {
        line.addLast(held);
        next = now + PAUSE.toNanos();
    }

    /** The one to be tried now, taken out; null if none is. */
    @Nullable
    HeldDelivery due(long now) {
        return next - now > 0 ? null : line.pollFirst();
    }

    /** In how many nanoseconds the next one is to be tried. */
    long rest(long now) {
        return line.isEmpty() ? Long.MAX_VALUE : Math.max(0, next - now);
    }
}
