package dev.millrace;

import dev.millrace.store.Bulk.Shape;
import dev.millrace.store.Catalogue;
import dev.millrace.store.Catalogue.Published;
import dev.millrace.store.Storage;
import dev.millrace.world.World;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

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

    /**
     * What of a text does not fit what is known of its kind, not older than two seconds, or else a class of the kind. For who asks this of many.
     *
     * @param shape what the class tells; null if there is none
     */
    List<Misfit> misfits(KindName kind, String json, @Nullable Shape shape) {
        var published = misfits(kind, json, known(kind));
        return published.isEmpty() && shape != null && shape.version() == kind.version()
                ? misfits(kind, json, shape.schema())
                : published;
    }

    private List<Misfit> misfits(KindName kind, String json, Optional<Published> known) {
        return known.isEmpty() ? List.of() : misfits(kind, json, known.get().schema());
    }

    private List<Misfit> misfits(KindName kind, String json, String schema) {
        var codec = storage.codec();
        return codec == null ? List.of() : codec.misfits(json, schema, PayloadRefused.inShort(kind));
    }

    /** What payloads of a class look like; null if the codec can't tell, or it is more than is kept. */
    static @Nullable String of(Codec codec, Type type) {
        var schema = codec.schema(type);
        return schema == null || schema.length() > Catalogue.SCHEMA_BYTES ? null : schema;
    }

    /** The same of the class of a kind. */
    @Nullable
    Shape shape(KindType kind) {
        var codec = storage.codec();
        var schema = codec == null || RawBody.isRaw(kind) ? null : of(codec, kind.type());
        return schema == null ? null : new Shape(kind.name().version(), schema);
    }
}
