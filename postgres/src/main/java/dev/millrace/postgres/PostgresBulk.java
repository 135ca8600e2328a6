package dev.millrace.postgres;

import dev.millrace.Deletion;
import dev.millrace.FailureGroup;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Bulk;
import dev.millrace.store.Payload;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
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
    public FailurePiece failures(Selection selection, @Nullable JobId before, int look) {
        return pool.look("group failures", c -> {
            var groups = new ArrayList<FailureGroup>();
            @Nullable JobId next = null;
            try (var s = Session.prepare(
                            c,
                            sql.failures,
                            json.write(fields(selection)),
                            before == null ? null : before.value(),
                            look);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var newest = new JobId(rows.getObject("newest", UUID.class));
                    var fingerprint = rows.getString("fingerprint");
                    if (fingerprint == null) next = newest;
                    else
                        groups.add(new FailureGroup(
                                fingerprint,
                                rows.getString("type"),
                                rows.getString("message"),
                                rows.getLong("jobs"),
                                List.of((String[]) rows.getArray("kinds").getArray()),
                                newest,
                                Objects.requireNonNull(Session.instant(rows, "at"))));
                }
            }
            return new FailurePiece(List.copyOf(groups), next);
        });
    }

    @Override
    public PayloadPiece payloads(Selection selection, @Nullable JobId before, int look, int most) {
        return pool.look("look for payloads", c -> {
            var found = new ArrayList<Editable>();
            @Nullable JobId next = null;
            try (var s = Session.prepare(
                            c,
                            sql.payloads,
                            json.write(fields(selection)),
                            before == null ? null : before.value(),
                            look,
                            most,
                            PAYLOAD_BYTES);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var job = new JobId(rows.getObject("job_id", UUID.class));
                    var kind = rows.getString("kind");
                    if (kind == null) next = job;
                    else
                        found.add(new Editable(
                                job,
                                kind,
                                rows.getInt("kind_version"),
                                rows.getInt("run"),
                                rows.getInt("no"),
                                new Payload.Text(rows.getString("payload"))));
                }
            }
            return new PayloadPiece(List.copyOf(found), next);
        });
    }

    @Override
    public void begin(Change change) {
        pool.once("begin a change of many jobs", c -> {
            var selection = change.selection();
            var said = change.details();
            var priority = said.priority();
            var delay = said.delay();
            var patch = said.patch();
            var shape = said.shape();
            try (var s = Session.prepare(
                    c,
                    sql.beginChange,
                    change.id(),
                    word(change.action()),
                    change.undoes(),
                    selection == null ? null : json.write(fields(selection)),
                    priority == null ? null : priority.rank(),
                    said.runAt(),
                    delay == null ? null : delay.toMillis(),
                    patch == null ? null : patch.text(),
                    shape == null ? null : shape.version(),
                    shape == null ? null : shape.schema(),
                    change.planned(),
                    change.perSecond(),
                    change.reason(),
                    change.by(),
                    change.request())) {
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

    @Override
    public boolean stop(UUID change, Stopped stopped) {
        return pool.once("stop a change of many jobs", c -> {
            try (var s = Session.prepare(c, sql.stopChange, change, stopped.by(), stopped.reason());
                    var rows = s.executeQuery()) {
                return rows.next() && rows.getBoolean(1);
            }
        });
    }

    @Override
    public Optional<Stepped> edit(UUID change, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs) {
        var payloads = new @Nullable String[jobs.size()];
        var left = new @Nullable String[jobs.size()];
        for (int i = 0; i < jobs.size(); i++) {
            payloads[i] = text(jobs.get(i).payload());
            left[i] = jobs.get(i).leftBecause();
        }
        var reads = jobs.stream().map(Edited::read).toList();
        return pool.once("edit many jobs", c -> {
            try (var s = Session.prepare(
                            c,
                            sql.editJobs,
                            change,
                            cursor == null ? null : cursor.value(),
                            next == null ? null : next.value(),
                            jobs.stream().map(one -> one.job().value()).toArray(UUID[]::new),
                            reads.stream().mapToInt(Editable::run).toArray(),
                            reads.stream().mapToInt(Editable::no).toArray(),
                            reads.stream().map(PostgresBulk::hash).toArray(String[]::new),
                            payloads,
                            left);
                    var rows = s.executeQuery()) {
                return rows.next() ? Optional.of(new Stepped(progress(rows), cursor(rows))) : Optional.empty();
            }
        });
    }

    /** Goes back for what was read, which may be large: {@code is_other}. */
    private static String hash(Editable read) {
        var text = read.kind() + " " + read.kindVersion() + " " + text(read.payload());
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java runtime has SHA-256", e);
        }
    }

    private static @Nullable String text(@Nullable Payload payload) {
        return switch (payload) {
            case null -> null;
            case Payload.Text(var text) -> text;
            case Payload.Kept kept ->
                throw new IllegalStateException("A value itself can't be kept in a database: " + kept);
        };
    }

    private static @Nullable JobId cursor(ResultSet rows) throws SQLException {
        var cursor = rows.getObject("cursor", UUID.class);
        return cursor == null ? null : new JobId(cursor);
    }

    @Override
    public Optional<Deletion> deletion(JobId job) {
        return pool.look("look for a deletion", c -> {
            try (var s = Session.prepare(c, sql.deletion, job.value());
                    var rows = s.executeQuery()) {
                return rows.next()
                        ? Optional.of(new Deletion(
                                rows.getObject("change", UUID.class),
                                rows.getString("by"),
                                rows.getString("reason"),
                                Objects.requireNonNull(Session.instant(rows, "at"))))
                        : Optional.empty();
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

    @Override
    public List<KeptChange> unfinished(int limit) {
        return pool.look("look at unfinished changes of many jobs", c -> unfinished(c, limit));
    }

    List<KeptChange> unfinished(Connection c, int limit) throws SQLException {
        return kept(c, sql.unfinished, limit);
    }

    private List<KeptChange> kept(@Nullable UUID id, int limit) {
        return pool.look("look at changes of many jobs", c -> kept(c, sql.changes, id, limit));
    }

    private List<KeptChange> kept(Connection c, String statement, @Nullable Object... said) throws SQLException {
        var found = new ArrayList<KeptChange>();
        try (var s = Session.prepare(c, statement, said);
                var rows = s.executeQuery()) {
            while (rows.next()) found.add(kept(rows));
        }
        return List.copyOf(found);
    }

    private KeptChange kept(ResultSet rows) throws SQLException {
        var selection = rows.getString("selection");
        int rank = rows.getInt("priority");
        var priority = rows.wasNull() ? null : priority(rank);
        long millis = rows.getLong("delay_millis");
        var delay = rows.wasNull() ? null : Duration.ofMillis(millis);
        var patch = rows.getString("patch");
        var schema = rows.getString("shape");
        var shape = schema == null ? null : new Shape(rows.getInt("shape_version"), schema);
        var left = new HashMap<String, Long>();
        json.read(rows.getString("left_by_reason")).forEach((why, count) -> left.put(why, Long.valueOf(count)));
        return new KeptChange(
                new Change(
                        rows.getObject("id", UUID.class),
                        Action.valueOf(rows.getString("action").toUpperCase(Locale.ROOT)),
                        rows.getObject("undoes", UUID.class),
                        selection == null ? null : selection(json.read(selection)),
                        new Details(
                                priority,
                                Session.instant(rows, "run_at"),
                                delay,
                                patch == null ? null : new Payload.Text(patch),
                                shape),
                        rows.getLong("planned"),
                        rows.getInt("rate"),
                        rows.getString("reason"),
                        rows.getString("by"),
                        rows.getString("request")),
                Objects.requireNonNull(Session.instant(rows, "at")),
                Session.instant(rows, "ended_at"),
                progress(rows),
                Map.copyOf(left),
                cursor(rows),
                stopped(rows));
    }

    private static @Nullable Stopped stopped(ResultSet rows) throws SQLException {
        var by = rows.getString("stopped_by");
        return by == null ? null : new Stopped(by, rows.getString("stopped_reason"));
    }

    private static Priority priority(int rank) {
        for (var priority : Priority.values()) if (priority.rank() == rank) return priority;
        throw new IllegalStateException("There is no priority of rank " + rank);
    }
}
