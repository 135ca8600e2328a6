package dev.millrace.simulation.store;

import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.SchemaKey;
import dev.millrace.simulation.store.Rows.SchemaRow;
import dev.millrace.store.Catalogue.KindSchema;
import dev.millrace.store.Catalogue.Published;
import dev.millrace.store.Lease;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What payloads look like: {@code V037__kind_schemas.sql}. */
final class Publishing {

    private final Tables tables;
    private final Fences fences;

    Publishing(Tables tables, Fences fences) {
        this.tables = tables;
        this.fences = fences;
    }

    void publish(Transaction tx, Lease lease, List<KindSchema> schemas) {
        fences.fence(tx, lease);
        tx.statement();
        var joined = Objects.requireNonNull(tables.nodes.get(tx, lease.node())).startedAt();
        tx.statement();
        for (var one : schemas) publish(tx, lease, one, joined);
    }

    private void publish(Transaction tx, Lease lease, KindSchema one, Instant joined) {
        var key = new SchemaKey(one.kind(), one.version());
        var schema = one.schema();
        if (schema == null) {
            tables.schemas.delete(tx, key, row -> !row.joinedAt().isAfter(joined));
            return;
        }
        var known = tables.schemas.get(tx, key);
        if (known != null && known.published().schema().equals(schema)) return;
        var row = new SchemaRow(new Published(one.kind(), one.version(), schema, lease.node(), tables.now()), joined);
        if (tables.schemas.insertIfAbsent(tx, key, row)) return;
        tx.statement();
        tables.schemas.update(
                tx,
                key,
                there -> !there.joinedAt().isAfter(joined)
                        && !there.published().schema().equals(schema),
                there -> row);
    }

    Optional<Published> find(Transaction tx, String kind, int version) {
        tx.statement();
        return Optional.ofNullable(tables.schemas.get(tx, new SchemaKey(kind, version)))
                .map(SchemaRow::published);
    }

    List<Published> all(Transaction tx) {
        tx.statement();
        return tables.schemas.all(tx).stream().map(SchemaRow::published).toList();
    }
}
