package dev.millrace.postgres;

import dev.millrace.FailureGroup;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Bulk;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Changes of many jobs: each step is one call of one function of the schema, and commits by itself. */
final class PostgresBulk implements Bulk {

    private final JobSql sql;
    private final Pool pool;
    private final Json json;

    PostgresBulk(JobSql sql, Pool pool, Json json) {
        this.sql = sql;
        this.pool = pool;
        this.json = json;
    }

    /** The first row tells the time, each other one a job that was looked at. */
    @Override
    public Piece select(Selection selection, @Nullable JobId before, int look) {
        return pool.look("look for jobs", c -> {
            var selected = new ArrayList<JobId>();
            @Nullable JobId last = null;
            try (var s = Session.prepare(
                            c,
                            sql.selectJobs,
                            json.write(fields(selection)),
                            before == null ? null : before.value(),
                            look);
                    var rows = s.executeQuery()) {
                rows.next();
                var now = Objects.requireNonNull(Session.instant(rows, "now"));
                while (rows.next()) {
                    last = new JobId(rows.getObject("job_id", UUID.class));
                    if (rows.getBoolean("selected")) selected.add(last);
                }
                return new Piece(List.copyOf(selected), last, now);
            }
        });
    }

    private static Map<String, String> fields(Selection selection) {
        var fields = new HashMap<String, String>();
        fields.put("state", selection.state().wireName());
        put(fields, "queue", selection.queue());
        put(fields, "kind", selection.kind());
        put(fields, "tenant", selection.tenant());
        put(fields, "tag", selection.tag());
        put(fields, "failedWith", selection.failedWith());
        put(fields, "fingerprint", selection.fingerprint());
        put(fields, "text", selection.text());
        put(fields, "since", selection.since());
        put(fields, "upto", selection.upto());
        return fields;
    }

    private static void put(Map<String, String> fields, String name, @Nullable Object value) {
        if (value != null) fields.put(name, value.toString());
    }

    private static Selection selection(Map<String, String> fields) {
        return new Selection(
                State.of(Objects.requireNonNull(fields.get("state"))),
                fields.get("queue"),
                fields.get("kind"),
                fields.get("tenant"),
                fields.get("tag"),
                fields.get("failedWith"),
                fields.get("fingerprint"),
                fields.get("text"),
                instant(fields.get("since")),
                instant(fields.get("upto")));
    }

    private static @Nullable Instant instant(@Nullable String text) {
        return text == null ? null : Instant.parse(text);
    }

    @Override
    public List<FailureGroup> failures(Selection selection, int look, int most) {
        return pool.look("group failures", c -> {
            var groups = new ArrayList<FailureGroup>();
            try (var s = Session.prepare(c, sql.failures, json.write(fields(selection)), look, most);
                    var rows = s.executeQuery()) {
                while (rows.next())
                    groups.add(new FailureGroup(
                            rows.getString("fingerprint"),
                            rows.getString("type"),
                            rows.getString("message"),
                            rows.getLong("jobs"),
                            List.of((String[]) rows.getArray("kinds").getArray()),
                            new JobId(rows.getObject("newest", UUID.class)),
                            Objects.requireNonNull(Session.instant(rows, "at"))));
            }
            return List.copyOf(groups);
        });
    }

    @Override
    public void begin(Change change) {
        pool.once("begin a change of many jobs", c -> {
            var selection = change.selection();
            var priority = change.priority();
            try (var s = Session.prepare(
                    c,
                    sql.beginChange,
                    change.id(),
                    word(change.action()),
                    change.undoes(),
                    selection == null ? null : json.write(fields(selection)),
                    priority == null ? null : priority.rank(),
                    change.planned(),
                    change.perSecond(),
                    change.reason(),
                    change.by())) {
                return s.execute();
            }
        });
    }

    private static String word(Action action) {
        return action.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Optional<Progress> goOn(UUID change, int most) {
        return pool.once("change many jobs", c -> {
            try (var s = Session.prepare(c, sql.goOn, change, most);
                    var rows = s.executeQuery()) {
                return rows.next() ? Optional.of(progress(rows)) : Optional.empty();
            }
        });
    }

    private static Progress progress(ResultSet rows) throws SQLException {
        return new Progress(rows.getLong("matched"), rows.getLong("changed"), rows.getBoolean("done"));
    }

    @Override
    public Optional<KeptChange> change(UUID id) {
        return kept(id, 1).stream().findFirst();
    }

    @Override
    public List<KeptChange> changes(int limit) {
        return kept(null, limit);
    }

    private List<KeptChange> kept(@Nullable UUID id, int limit) {
        return pool.look("look at changes of many jobs", c -> {
            var found = new ArrayList<KeptChange>();
            try (var s = Session.prepare(c, sql.changes, id, limit);
                    var rows = s.executeQuery()) {
                while (rows.next()) found.add(kept(rows));
            }
            return List.copyOf(found);
        });
    }

    private KeptChange kept(ResultSet rows) throws SQLException {
        var selection = rows.getString("selection");
        int rank = rows.getInt("priority");
        var priority = rows.wasNull() ? null : priority(rank);
        var left = new HashMap<String, Long>();
        json.read(rows.getString("left_by_reason")).forEach((why, count) -> left.put(why, Long.valueOf(count)));
        return new KeptChange(
                new Change(
                        rows.getObject("id", UUID.class),
                        Action.valueOf(rows.getString("action").toUpperCase(Locale.ROOT)),
                        rows.getObject("undoes", UUID.class),
                        selection == null ? null : selection(json.read(selection)),
                        priority,
                        rows.getLong("planned"),
                        rows.getInt("rate"),
                        rows.getString("reason"),
                        rows.getString("by")),
                Objects.requireNonNull(Session.instant(rows, "at")),
                Session.instant(rows, "ended_at"),
                progress(rows),
                Map.copyOf(left));
    }

    private static Priority priority(int rank) {
        for (var priority : Priority.values()) if (priority.rank() == rank) return priority;
        throw new IllegalStateException("There is no priority of rank " + rank);
    }
}
