package dev.millrace.postgres;

import dev.millrace.store.Catalogue;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What payloads look like, in one small table. */
final class PostgresCatalogue implements Catalogue {

    private final JobSql sql;
    private final Session session;
    private final Pool pool;

    PostgresCatalogue(JobSql sql, Session session, Pool pool) {
        this.sql = sql;
        this.session = session;
        this.pool = pool;
    }

    @Override
    public void publish(Lease lease, List<KindSchema> schemas) {
        var kinds = new String[schemas.size()];
        var versions = new Integer[schemas.size()];
        var texts = new @Nullable String[schemas.size()];
        for (int i = 0; i < schemas.size(); i++) {
            kinds[i] = schemas.get(i).kind();
            versions[i] = schemas.get(i).version();
            texts[i] = schemas.get(i).schema();
        }
        session.step("publish schemas", c -> {
            try (var s = Session.prepare(
                    c, sql.publishSchemas, lease.node().value(), lease.epoch().value(), kinds, versions, texts)) {
                return s.execute();
            }
        });
    }

    @Override
    public Optional<Published> schema(String kind, int version) {
        return pool.look("look at a schema", c -> {
            try (var s = Session.prepare(c, sql.kindSchema, kind, version);
                    var rows = s.executeQuery()) {
                return rows.next() ? Optional.of(published(rows)) : Optional.empty();
            }
        });
    }

    @Override
    public List<Published> schemas() {
        return pool.look("list schemas", c -> {
            var found = new ArrayList<Published>();
            try (var s = Session.prepare(c, sql.kindSchemas);
                    var rows = s.executeQuery()) {
                while (rows.next()) found.add(published(rows));
            }
            return List.copyOf(found);
        });
    }

    private static Published published(ResultSet rows) throws SQLException {
        return new Published(
                rows.getString("kind"),
                rows.getInt("version"),
                rows.getString("schema"),
                new NodeId(rows.getObject("node", UUID.class)),
                Objects.requireNonNull(Session.instant(rows, "at")));
    }
}
