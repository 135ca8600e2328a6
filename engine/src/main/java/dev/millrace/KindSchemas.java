package dev.millrace;

import dev.millrace.store.Catalogue.Published;
import dev.millrace.store.Storage;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What nodes have published of their payloads, held against what is given as text. Typed jobs never come here. */
final class KindSchemas {

    /** Who enqueues by name in a loop should not ask twice for each. */
    private static final Duration FRESH = Duration.ofSeconds(2);

    /** Versions of kinds that are remembered: more than an installation has, and no more than a slip in a loop should take of the memory. */
    private static final int MOST = 1_000;

    private final Storage storage;
    private final World world;
    private final Map<KindName, Looked> looked = new ConcurrentHashMap<>();

    private record Looked(Optional<Published> found, long at) {}

    KindSchemas(Storage storage, World world) {
        this.storage = storage;
        this.world = world;
    }

    /** What is known of it, not older than two seconds. */
    Optional<Published> known(KindName kind) {
        var before = looked.get(kind);
        return before != null && world.nanoTime() - before.at() < FRESH.toNanos() ? before.found() : now(kind);
    }

    private Optional<Published> now(KindName kind) {
        long at = world.nanoTime();
        var found = storage.schema(kind.name(), kind.version());
        if (looked.size() >= MOST) looked.clear();
        looked.put(kind, new Looked(found, at));
        return found;
    }

    /**
     * Refuses what does not fit. What nobody has published is taken as it is.
     *
     * @throws PayloadRefused with what does not fit
     */
    void refuse(KindName kind, String json) {
        var known = known(kind);
        if (misfits(kind, json, known).isEmpty()) return;
        var misfits = misfits(kind, json, now(kind)); // a newer build may have said otherwise since
        if (!misfits.isEmpty()) throw new PayloadRefused(kind, misfits);
    }

    private List<Misfit> misfits(KindName kind, String json, Optional<Published> known) {
        var codec = storage.codec();
        return codec == null || known.isEmpty()
                ? List.of()
                : codec.misfits(json, known.get().schema(), PayloadRefused.inShort(kind));
    }
}
