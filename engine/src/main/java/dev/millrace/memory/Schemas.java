package dev.millrace.memory;

import dev.millrace.store.Catalogue.KindSchema;
import dev.millrace.store.Catalogue.Published;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What payloads look like, as nodes publish it. Guarded by the lock of {@link Memory}. */
final class Schemas {

    private record Key(String kind, int version) {}

    /** A schema, and when the node joined that said it: a count. */
    private record Said(Published published, long joined) {}

    private final Map<Key, Said> said =
            new TreeMap<>(Comparator.comparing(Key::kind).thenComparingInt(Key::version));

    void publish(Member node, List<KindSchema> schemas, Instant now) {
        for (var one : schemas) publish(node, one, one.schema(), now);
    }

    private void publish(Member node, KindSchema one, @Nullable String schema, Instant now) {
        var key = new Key(one.kind(), one.version());
        var before = said.get(key);
        if (before != null && before.joined() > node.joined) return;
        if (schema == null) said.remove(key);
        else if (before == null || !before.published().schema().equals(schema))
            said.put(key, new Said(new Published(one.kind(), one.version(), schema, node.card.id(), now), node.joined));
    }

    Optional<Published> find(String kind, int version) {
        return Optional.ofNullable(said.get(new Key(kind, version))).map(Said::published);
    }

    List<Published> all() {
        return said.values().stream().map(Said::published).toList();
    }
}
