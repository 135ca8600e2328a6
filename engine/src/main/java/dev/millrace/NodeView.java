package dev.millrace;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A node as it stands now. Immutable.
 *
 * @param sinceBeat how long ago it last gave a sign of life, on the store's clock; shown, never used to judge
 * @param open deliveries it held at its last manifest
 * @param kinds what it handles, each as {@code name:version} with the newest version that it reads
 * @param reads all that it reads, each as {@code name:version}; null of an older build, which does not tell
 * @param stuck its handlers that were told to end and have not, as it said with its last sign of life; null if it said of none, or is
 *     not alive
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
        Duration sinceBeat,
        @Nullable List<String> reads,
        @Nullable Stuck stuck) {

    public NodeView {
        if (life != Life.ALIVE) stuck = null; // nobody knows what has become of them since
    }

    /**
     * Whether it can read payloads of a kind in this version. Of a node that does not tell, each version up to the newest counts: it may lack the way up from one.
     */
    public boolean canRead(String kind, int version) {
        if (reads != null) return reads.contains(kind + ":" + version);
        return kinds.stream()
                .anyMatch(told -> told.equals(kind) || (nameOf(told).equals(kind) && versionOf(told) >= version));
    }

    /** The versions of a kind that it tells: all that it reads, or of an older build the newest alone. In order; empty if it does not handle the kind. */
    List<Integer> versions(String kind) {
        return (reads == null ? kinds : reads)
                .stream()
                        .filter(told -> told.indexOf(':') > 0 && nameOf(told).equals(kind))
                        .map(NodeView::versionOf)
                        .sorted()
                        .toList();
    }

    static String nameOf(String told) {
        int colon = told.lastIndexOf(':');
        return colon < 0 ? told : told.substring(0, colon);
    }

    /** The newest that there may be, of what is told without one. */
    static int versionOf(String told) {
        int colon = told.lastIndexOf(':');
        return colon < 0 ? Integer.MAX_VALUE : Integer.parseInt(told, colon + 1, told.length(), 10);
    }

    /**
     * Handlers that were told to end and have not: past their deadline, cancelled, or of a lease that was lost. Their slots are free and their jobs go on elsewhere;
     * their threads are not free.
     *
     * @param handlers how many, 1 or more
     * @param oldest the job of the one that was told first
     * @param lasts how long ago that was
     */
    public record Stuck(int handlers, JobId oldest, Duration lasts) {

        public Stuck {
            if (handlers < 1 || lasts.isNegative())
                throw new MillraceException(
                        "%,d handlers that are stuck for %s make no sense: it is one or more, for zero or longer."
                                .formatted(handlers, Words.duration(lasts)));
        }

        /** The same after this time, if nothing has changed; by a clock that may have been set back meanwhile. */
        public Stuck after(Duration more) {
            return more.isNegative() ? this : new Stuck(handlers, oldest, lasts.plus(more));
        }
    }

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
