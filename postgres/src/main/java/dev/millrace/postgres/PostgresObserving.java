package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.QueueView;
import dev.millrace.State;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Look;
import dev.millrace.store.Observations;
import dev.millrace.store.Observations.Age;
import dev.millrace.store.Observations.Archiver;
import dev.millrace.store.Observations.Held;
import dev.millrace.store.Observations.NodeClock;
import dev.millrace.store.Observations.Open;
import dev.millrace.store.Observations.ParkedJobs;
import dev.millrace.store.Observations.Part;
import dev.millrace.store.Observations.Partitions;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Observations.Prepared;
import dev.millrace.store.Observations.Schema;
import dev.millrace.store.Observations.Server;
import dev.millrace.store.Observations.Sessions;
import dev.millrace.store.Observations.Share;
import dev.millrace.store.Observations.Slot;
import dev.millrace.store.Observations.Standby;
import dev.millrace.store.Observations.Table;
import dev.millrace.store.Observing;
import dev.millrace.world.World;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Looks at the server, one question after the other. One that can't be answered is told as that; a server that is away ends it. */
final class PostgresObserving implements Observing {

    private static final String WHAT = "look for what is wrong";
    private static final String PRIVILEGE = "42501";
    private static final String TOO_LATE = "57014";

    private final DataSource dataSource;
    private final Pool pool;
    private final Settings settings;
    private final World world;
    private final ObserveSql sql;

    PostgresObserving(DataSource dataSource, Pool pool, Settings settings, World world) {
        this.dataSource = dataSource;
        this.pool = pool;
        this.settings = settings;
        this.world = world;
        this.sql = new ObserveSql(settings.schema());
    }

    /** Who asks, when, and how the two clocks stand to each other. */
    private record Hello(Instant now, String role, String database, Duration clock, Duration clockError) {}

    @Override
    public Observations observe() {
        var hello = pool.look(WHAT, this::hello);
        return new Observations(
                hello.now(),
                all(sql.parked, PostgresObserving::parked),
                pauses(),
                all(sql.held, PostgresObserving::held),
                new Server(
                        hello.role(),
                        hello.database(),
                        settings.schema(),
                        hello.clock(),
                        hello.clockError(),
                        all(sql.nodeClocks, PostgresObserving::nodeClock),
                        look(this::settings),
                        look(this::sessions),
                        all(sql.prepared, PostgresObserving::prepared),
                        all(sql.slots, PostgresObserving::slot),
                        all(sql.standbys, PostgresObserving::standby),
                        look(this::partitions),
                        all(sql.tables, PostgresObserving::table),
                        all(sql.ages, PostgresObserving::age),
                        one(sql.databaseBytes, rows -> rows.getLong(1)),
                        one(sql.walBytes, rows -> rows.getLong(1)),
                        one(sql.archiver, PostgresObserving::archiver),
                        schema()));
    }

    private Hello hello(Connection c) throws SQLException {
        one(c, "SELECT 1", rows -> rows.getInt(1)); // a connection may have to be made first
        var before = world.now();
        long from = world.nanoTime();
        try (var s = Session.prepare(c, sql.who);
                var rows = s.executeQuery()) {
            rows.next();
            var half = Duration.ofNanos((world.nanoTime() - from) / 2);
            var now = Objects.requireNonNull(instant(rows, 1));
            return new Hello(now, rows.getString(2), rows.getString(3), Duration.between(now, before.plus(half)), half);
        }
    }

    // ---- how it is asked

    private interface Row<T> {
        T of(ResultSet rows) throws SQLException;
    }

    /** What others list too, by their statement, and within the bounds of this look. */
    <T> Look<T> see(Session.Work<T> work) {
        return look(sql.limits, work);
    }

    private <T> Look<T> look(Session.Work<T> work) {
        return look(sql.manners, work);
    }

    private <T> Look<T> look(String manners, Session.Work<T> work) {
        return pool.look(WHAT, c -> {
            c.setAutoCommit(false);
            Look<T> seen;
            try {
                try (var s = c.createStatement()) {
                    s.execute(manners);
                }
                seen = Look.seen(work.run(c));
            } catch (SQLException e) {
                if (SqlErrors.torn(e)) throw e;
                seen = unseen(e);
            }
            c.rollback();
            c.setAutoCommit(true);
            return seen;
        });
    }

    private static <T> Look<T> unseen(SQLException e) {
        var state = SqlErrors.state(e);
        if (state.equals(TOO_LATE)) return new Look.Unseen<>("the server did not answer within 5 s", false);
        var message =
                String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
        return new Look.Unseen<>(
                message.startsWith("ERROR: ") ? message.substring(7) : message, state.equals(PRIVILEGE));
    }

    private <T> Look<List<T>> all(String query, Row<T> row) {
        return look(c -> all(c, query, row));
    }

    private static <T> List<T> all(Connection c, String query, Row<T> row) throws SQLException {
        var found = new ArrayList<T>();
        try (var s = Session.prepare(c, query);
                var rows = s.executeQuery()) {
            while (rows.next()) found.add(row.of(rows));
        }
        return List.copyOf(found);
    }

    private <T> Look<T> one(String query, Row<T> row) {
        return look(c -> one(c, query, row));
    }

    private static <T> T one(Connection c, String query, Row<T> row) throws SQLException {
        try (var s = Session.prepare(c, query);
                var rows = s.executeQuery()) {
            rows.next();
            return row.of(rows);
        }
    }

    // ---- jobs and nodes

    private static ParkedJobs parked(ResultSet rows) throws SQLException {
        long jobs = rows.getLong("jobs");
        return new ParkedJobs(
                rows.getString("queue"),
                rows.getString("kind"),
                rows.getInt("kind_version"),
                Parking.valueOf(rows.getString("parking").toUpperCase(Locale.ROOT)),
                new QueueView.Depth(
                        Math.min(jobs, QueueView.EXACT_UP_TO),
                        jobs <= QueueView.EXACT_UP_TO && !rows.getBoolean("cut")),
                instant(rows, "oldest"),
                new JobId(rows.getObject("example", UUID.class)),
                rows.getString("detail"));
    }

    private Look<List<Pause>> pauses() {
        return look(c -> {
            try (var s = Session.prepare(c, sql.pauses)) {
                return PostgresRecords.pauses(s);
            }
        });
    }

    private static Held held(ResultSet rows) throws SQLException {
        return new Held(
                rows.getObject("id", UUID.class),
                new JobId(rows.getObject("job_id", UUID.class)),
                rows.getString("queue"),
                rows.getString("kind"),
                rows.getBoolean("keyed"),
                Objects.requireNonNull(instant(rows, "at")));
    }

    private static NodeClock nodeClock(ResultSet rows) throws SQLException {
        return new NodeClock(rows.getObject("node", UUID.class), rows.getInt("samples"), Duration.ofNanos((long)
                (rows.getDouble("lag") * 1_000_000)));
    }

    // ---- the server

    private Observations.Settings settings(Connection c) throws SQLException {
        var values = new HashMap<String, String>();
        try (var s = Session.prepare(c, sql.settings);
                var rows = s.executeQuery()) {
            while (rows.next()) values.put(rows.getString(1), rows.getString(2));
        }
        return new Observations.Settings(
                values.getOrDefault("server_version", ""),
                Integer.parseInt(values.getOrDefault("server_version_num", "0")),
                values);
    }

    private Sessions sessions(Connection c) throws SQLException {
        record Counted(int connections, int hidden) {}
        var counted = one(c, sql.connections, rows -> new Counted(rows.getInt("connections"), rows.getInt("hidden")));
        return new Sessions(
                all(c, sql.sessions, PostgresObserving::session),
                counted.connections(),
                counted.hidden(),
                all(
                        c,
                        sql.shares,
                        rows -> new Share(
                                Objects.requireNonNullElse(rows.getString("application_name"), ""),
                                rows.getInt("connections"))));
    }

    private static Observations.Session session(ResultSet rows) throws SQLException {
        var query = rows.getString("query");
        boolean hidden = ObserveSql.HIDDEN.equals(query);
        return new Observations.Session(
                rows.getInt("pid"),
                rows.getString("usename"),
                rows.getString("datname"),
                Objects.requireNonNullElse(rows.getString("application_name"), ""),
                rows.getString("client"),
                rows.getString("backend_type"),
                rows.getString("state"),
                instant(rows, "xact_start"),
                instant(rows, "state_change"),
                number(rows, "age"),
                hidden ? null : query,
                integers(rows.getArray("parts")),
                hidden);
    }

    private static Prepared prepared(ResultSet rows) throws SQLException {
        return new Prepared(
                rows.getString("gid"),
                Objects.requireNonNull(instant(rows, "prepared")),
                rows.getString("owner"),
                rows.getString("database"),
                rows.getLong("age"));
    }

    private static Slot slot(ResultSet rows) throws SQLException {
        return new Slot(
                rows.getString("slot_name"),
                rows.getString("slot_type"),
                rows.getString("database"),
                rows.getBoolean("active"),
                number(rows, "age"),
                number(rows, "retained"),
                rows.getString("wal_status"),
                instant(rows, "inactive_since"));
    }

    private static Standby standby(ResultSet rows) throws SQLException {
        return new Standby(
                rows.getInt("pid"),
                Objects.requireNonNullElse(rows.getString("application_name"), ""),
                rows.getString("client"),
                number(rows, "age"));
    }

    private Partitions partitions(Connection c) throws SQLException {
        record Meta(int current, @Nullable Instant keptAt) {}
        var meta = one(c, sql.meta, rows -> new Meta(rows.getInt("current_part"), instant(rows, "kept_at")));
        var dropped = all(c, sql.dropped, rows -> Duration.ofMillis((long) (rows.getDouble("seconds") * 1_000)));
        return new Partitions(
                meta.current(),
                meta.keptAt(),
                all(c, sql.parts, PostgresObserving::part),
                settings.keeping().retention(),
                dropped.isEmpty() ? null : dropped.getFirst(),
                all(c, sql.detaching, rows -> rows.getString(1)),
                all(c, sql.open, PostgresObserving::open));
    }

    private static Part part(ResultSet rows) throws SQLException {
        return new Part(
                rows.getInt("no"),
                Objects.requireNonNull(instant(rows, "attached_at")),
                instant(rows, "current_at"),
                instant(rows, "closed_at"),
                instant(rows, "sealed_at"),
                instant(rows, "settled_at"),
                rows.getLong("bytes"));
    }

    private static Open open(ResultSet rows) throws SQLException {
        return new Open(
                rows.getInt("live_part"),
                new JobId(rows.getObject("job_id", UUID.class)),
                rows.getString("queue"),
                rows.getString("kind"),
                State.of(rows.getString("state")),
                rows.getString("node"),
                instant(rows, "started_at"));
    }

    private static Table table(ResultSet rows) throws SQLException {
        return new Table(
                rows.getString("relname"),
                rows.getLong("n_live_tup"),
                rows.getLong("n_dead_tup"),
                rows.getLong("bytes"),
                instant(rows, "vacuumed"),
                rows.getBoolean("autovacuum"));
    }

    private static Age age(ResultSet rows) throws SQLException {
        return new Age(rows.getString("datname"), rows.getLong("transactions"), rows.getLong("multixacts"));
    }

    private static Archiver archiver(ResultSet rows) throws SQLException {
        return new Archiver(
                instant(rows, "last_archived_time"),
                instant(rows, "last_failed_time"),
                rows.getLong("failed_count"),
                rows.getString("last_failed_wal"));
    }

    /** With connections of its own, of which none is held meanwhile. */
    private Look<Schema> schema() {
        Look<Boolean> history = one(sql.history, rows -> rows.getBoolean(1));
        return switch (history) {
            case Look.Unseen<Boolean>(var because, var privilege) -> new Look.Unseen<>(because, privilege);
            case Look.Seen<Boolean>(var there) ->
                there
                        ? Migration.look(dataSource, settings.schema())
                        : new Look.Unseen<>(
                                "the numbered SQL files were run by hand, and nothing tells which: there is no table schema_history",
                                false);
        };
    }

    // ---- columns

    private static @Nullable Instant instant(ResultSet rows, String column) throws SQLException {
        return Session.instant(rows, column);
    }

    private static @Nullable Instant instant(ResultSet rows, int column) throws SQLException {
        return Session.instant(rows, column);
    }

    private static @Nullable Long number(ResultSet rows, String column) throws SQLException {
        long number = rows.getLong(column);
        return rows.wasNull() ? null : Long.valueOf(number);
    }

    private static List<Integer> integers(@Nullable Array array) throws SQLException {
        return array == null ? List.of() : List.of((Integer[]) array.getArray());
    }
}
