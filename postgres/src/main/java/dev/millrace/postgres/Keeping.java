package dev.millrace.postgres;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The life of partitions, one bounded turn at a time: attach ahead, switch, anchor anew, seal, settle, move what nobody claimed, drop. In
 * each turn only a node that won the turn works, but every step is safe if two do it. Locks are waited for shortly: a step that does not get
 * one is done by a later turn, and enqueues never queue up behind it.
 */
final class Keeping {

    private static final Logger LOG = System.getLogger(Keeping.class.getName());
    private static final List<String> PARTITIONED = List.of("job_log", "claim", "outcome", "start_mark", "job_note");
    private static final int MOVE = 10_000;
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final JobSql.Qualifier q;
    private final Settings.Keeping settings;
    private final Duration rest;

    Keeping(JobSql.Qualifier q, Settings.Keeping settings) {
        this.q = q;
        this.settings = settings;
        this.rest = settings.lead().dividedBy(4).compareTo(Duration.ofSeconds(20)) < 0
                ? settings.lead().dividedBy(4)
                : Duration.ofSeconds(20);
    }

    void turn(Session session) {
        session.step("keep", c -> {
            boolean mine = update(
                            c,
                            q.in(
                                    "UPDATE $.meta SET kept_at = clock_timestamp() WHERE kept_at < clock_timestamp() - ?::bigint * INTERVAL '1 ms'"),
                            rest.toMillis())
                    == 1;
            if (mine) {
                attachAhead(c);
                switchWhenOld(c);
                anchorAnew(c);
                seal(c);
                settle(c);
                drop(c);
                update(
                        c,
                        q.in("SELECT $.sweep(?::bigint * INTERVAL '1 ms', ?::bigint * INTERVAL '1 ms')"),
                        settings.retention().toMillis(),
                        settings.idempotency().toMillis());
            }
            return mine;
        });
    }

    private void attachAhead(Connection c) throws SQLException {
        for (int part : numbers(
                c,
                q.in(
                        "SELECT current_part + 1 FROM $.meta WHERE NOT EXISTS (SELECT FROM $.part WHERE no > current_part)"))) {
            patiently(c, "attach partition", q.in("SELECT $.attach_part(?)"), part);
        }
    }

    private void switchWhenOld(Connection c) throws SQLException {
        for (int part : numbers(
                c, q.in("""
                        SELECT m.current_part FROM $.meta m JOIN $.part p ON p.no = m.current_part JOIN $.part n ON n.no = m.current_part + 1
                         WHERE p.current_at < clock_timestamp() - ?::bigint * INTERVAL '1 ms'
                           AND n.attached_at < clock_timestamp() - ?::bigint * INTERVAL '1 ms'
                        """), settings.partition().toMillis(), settings.lead().toMillis())) {
            patiently(c, "switch partition", q.in("SELECT $.switch_part(?)"), part);
            attachAhead(c);
        }
    }

    private void anchorAnew(Connection c) throws SQLException {
        for (int stream : numbers(c, q.in("SELECT $.streams_to_anchor()"))) {
            patiently(c, "anchor stream", q.in("SELECT $.re_anchor(?)"), stream);
        }
    }

    private void seal(Connection c) throws SQLException {
        for (int part : numbers(
                c,
                q.in(
                        "SELECT no FROM $.part WHERE sealed_at IS NULL AND closed_at < clock_timestamp() - ?::bigint * INTERVAL '1 ms' ORDER BY no"),
                settings.lead().toMillis())) {
            patiently(c, "seal partition", q.in("SELECT $.seal_part(?)"), part);
        }
    }

    /** Also moves what nobody claimed out of partitions past retention, so that one forgotten queue does not keep everything. */
    private void settle(Connection c) throws SQLException {
        for (int part : numbers(c, q.in("""
                        SELECT no FROM $.part, $.meta WHERE no = live_part AND sealed_at IS NOT NULL AND settled_at IS NULL
                           AND closed_at < clock_timestamp() - ?::bigint * INTERVAL '1 ms'
                        """), settings.retention().toMillis())) {
            for (int stream : numbers(c, q.in("SELECT id FROM $.stream WHERE shard > -2"))) {
                patiently(c, "move old deliveries", q.in("SELECT $.move_unclaimed(?, ?, ?)"), part, stream, MOVE);
            }
        }
        patiently(c, "settle partition", q.in("SELECT $.raise_live()"));
    }

    /**
     * DETACH … CONCURRENTLY can't run in a function. If it is cut off, the partition stays pending and refuses inserts, which a settled one
     * never gets; the next turn finishes it.
     */
    private void drop(Connection c) throws SQLException {
        for (int part : numbers(
                c,
                q.in("SELECT $.parts_to_drop(?::bigint * INTERVAL '1 ms')"),
                settings.retention().toMillis())) {
            boolean gone = true;
            for (var table : PARTITIONED) gone &= dropOne(c, table, part);
            if (gone) update(c, q.in("UPDATE $.part SET dropped_at = clock_timestamp() WHERE no = ?"), part);
        }
    }

    private boolean dropOne(Connection c, String table, int part) throws SQLException {
        var partition = q.in("$.") + table + "_" + part;
        var attached = texts(
                c,
                "SELECT CASE WHEN inhdetachpending THEN 'pending' ELSE 'attached' END FROM pg_inherits WHERE inhrelid = to_regclass(?)",
                partition);
        boolean detached = true;
        if (!attached.isEmpty()) {
            var how = attached.get(0).equals("pending") ? "FINALIZE" : "CONCURRENTLY";
            detached = patiently(
                    c,
                    "detach partition",
                    q.in("ALTER TABLE $." + table + " DETACH PARTITION ") + partition + " " + how);
        }
        return detached && patiently(c, "drop partition", "DROP TABLE IF EXISTS " + partition);
    }

    /** Runs a step; one that did not get its lock in time is left for a later turn. */
    private static boolean patiently(Connection c, String what, String sql, @Nullable Object... parameters)
            throws SQLException {
        try {
            try (var s = c.createStatement()) {
                s.execute("SET lock_timeout = '2s'");
            }
            update(c, sql, parameters);
            return true;
        } catch (SQLException e) {
            if (SqlErrors.torn(e)) throw e;
            var level = SqlErrors.state(e).equals(LOCK_NOT_AVAILABLE) ? Level.DEBUG : Level.WARNING;
            LOG.log(level, "Housekeeping: \"{0}\" is left for later: {1}", what, e.getMessage());
            return false;
        } finally {
            try (var s = c.createStatement()) {
                s.execute("RESET lock_timeout");
            }
        }
    }

    private static int update(Connection c, String sql, @Nullable Object... parameters) throws SQLException {
        try (var s = Session.prepare(c, sql, parameters)) {
            return s.execute() ? 0 : s.getUpdateCount();
        }
    }

    private static List<Integer> numbers(Connection c, String sql, @Nullable Object... parameters) throws SQLException {
        var numbers = new ArrayList<Integer>();
        try (var s = Session.prepare(c, sql, parameters);
                var rows = s.executeQuery()) {
            while (rows.next()) numbers.add(rows.getInt(1));
        }
        return numbers;
    }

    private static List<String> texts(Connection c, String sql, @Nullable Object... parameters) throws SQLException {
        var texts = new ArrayList<String>();
        try (var s = Session.prepare(c, sql, parameters);
                var rows = s.executeQuery()) {
            while (rows.next()) texts.add(rows.getString(1));
        }
        return texts;
    }
}
