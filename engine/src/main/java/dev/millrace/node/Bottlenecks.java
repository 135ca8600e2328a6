package dev.millrace.node;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Streams in which nothing was found lately but kinds at their own limit. To claim on there would mean to park a whole backlog, only
 * to fetch it back later; so from such a stream no more is claimed than those kinds have room for. Now and then a few are claimed
 * nevertheless, to see whether something else waits behind them.
 */
final class Bottlenecks {

    private static final Duration PROBE_EVERY = Duration.ofSeconds(1);
    private static final int PROBE = 8;

    private final Map<Integer, Narrow> streams = new HashMap<>();

    /** For others: the kinds that keep some stream back. */
    private volatile Set<KindLine> kinds = Set.of();

    private static final class Narrow {
        final Set<KindLine> kinds = new HashSet<>();
        long probed;
    }

    /** What was just read from a stream: the kind of each delivery, null for one that does not run here. */
    void seen(int stream, List<@Nullable KindLine> read, long now) {
        boolean full = false;
        for (var kind : read) {
            if (kind == null || !kind.limited()) {
                if (streams.remove(stream) != null) publish();
                return;
            }
            full |= kind.room() == 0;
        }
        var narrow = streams.get(stream);
        if (narrow == null) {
            if (!full) return;
            narrow = new Narrow();
            narrow.probed = now;
            streams.put(stream, narrow);
        }
        for (var kind : read) if (kind != null) narrow.kinds.add(kind);
        publish();
    }

    private void publish() {
        var all = new HashSet<KindLine>();
        for (var narrow : streams.values()) all.addAll(narrow.kinds);
        if (!all.equals(kinds)) kinds = Set.copyOf(all);
    }

    /** How many to claim from a stream, of those that the node would want. */
    int most(int stream, int want, long now) {
        var narrow = streams.get(stream);
        if (narrow == null) return want;
        int room = 0;
        for (var kind : narrow.kinds) room += kind.room();
        if (room > 0) return Math.min(want, room);
        if (now - narrow.probed < PROBE_EVERY.toNanos()) return 0;
        narrow.probed = now;
        return Math.min(want, PROBE);
    }

    /** From anybody: whether a stream that was kept back is worth a claim now. */
    boolean widened() {
        for (var kind : kinds) if (kind.roomy()) return true;
        return false;
    }
}
