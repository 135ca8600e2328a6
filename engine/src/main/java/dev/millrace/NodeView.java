package dev.millrace;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * A node as it stands now. Immutable.
 *
 * @param sinceBeat how long ago it last gave a sign of life, on the store's clock; shown, never used to judge
 * @param open deliveries it held at its last manifest
 * @param kinds what it handles, each as {@code name:version} with the newest version that it reads
 */
public record NodeView(
        UUID id,
        String name,
        String host,
        long pid,
        String version,
        Life life,
        int slots,
        int open,
        List<String> queues,
        List<String> kinds,
        Instant startedAt,
        Duration sinceBeat) {

    /** Where a node is in its life. */
    public enum Life {
        /** It beats, or did a moment ago. */
        ALIVE,
        /** Another node found its beat standing still and took over; some of its work may still be open. */
        DEPOSED,
        /** Nothing of it is open any more: it left, or its work was taken over. */
        GONE
    }
}
