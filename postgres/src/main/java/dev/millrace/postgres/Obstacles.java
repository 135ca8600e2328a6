package dev.millrace.postgres;

import dev.millrace.store.Place;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What stands in the way of flushes: others' open transactions, which hold the row of an outcome. Says how long a flush waits for one, and
 * when one has held an outcome for so long that its connection is ended: its handler was told to stop long before. Safe for use by many
 * threads.
 */
final class Obstacles {

    /** A cancel that is about to commit is waited for. */
    private static final Duration WAIT = Duration.ofSeconds(1);

    /** While somebody is in the way, it is looked for among ever fewer outcomes, by many flushes. */
    private static final Duration SHORT_WAIT = Duration.ofMillis(100);

    private static final Duration LATELY = Duration.ofSeconds(10);

    /** So long a lone outcome is held before its holder is ended; so long again before that is tried again, should it not be allowed. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** By then the holder has been ended. */
    private static final Duration LAST_WAIT = Duration.ofSeconds(3);

    private static final int MOST = 10_000;

    private final World world;
    private final Map<Place, Long> heldSince = new LinkedHashMap<>();
    private boolean met;
    private long metAt;

    Obstacles(World world) {
        this.world = world;
    }

    /** How long a flush waits for a lock. */
    synchronized Duration wait(boolean insists) {
        if (insists) return LAST_WAIT;
        return met && world.nanoTime() - metAt < LATELY.toNanos() ? SHORT_WAIT : WAIT;
    }

    /** Whether whoever holds this outcome has held it long enough. */
    synchronized boolean overdue(Place outcome) {
        var since = heldSince.get(outcome);
        return since != null && world.nanoTime() - since >= PATIENCE.toNanos();
    }

    /**
     * A flush was blocked.
     *
     * @param lone its only outcome; null if it had several
     * @param insisted whether the holder should have been ended
     */
    synchronized void blocked(@Nullable Place lone, boolean insisted) {
        met = true;
        metAt = world.nanoTime();
        if (lone == null) return;
        if (insisted) heldSince.put(lone, metAt);
        else heldSince.putIfAbsent(lone, metAt);
        if (heldSince.size() > MOST)
            heldSince.remove(heldSince.keySet().iterator().next());
    }

    synchronized void written(Place lone) {
        if (!heldSince.isEmpty()) heldSince.remove(lone);
    }
}
