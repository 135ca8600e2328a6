package dev.millrace.postgres;

import dev.millrace.world.World;
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
 * one is done by a later turn, and enqueues never queue up behind it. What grows with the number of deliveries is done some at a time, within
 * a time that is set for it.
 */
final class Keeping {

    private static final Logger LOG = System.getLogger(Keeping.class.getName());
    private static final List<String> PARTITIONED =
            List.of("job_log", "claim", "outcome", "outcome_batch", "start_mark", "job_note");
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final String LOCK_TIMEOUT = "2s";

    /** Deliveries that are walked over in one step: some tenths of a second. */
    private static final int WALK = 50_000;

    /** Deliveries that are moved in one step, under the lock of their stream. */
    private static final int MOVE = 2_000;

    /** Rows that are deleted in one step. */
    private static final int SWEPT = 10_000;

    /** Holders of unique keys, or batches, that are looked at in one step: a look is a search for a job. */
    private static final int LOOKED_AT = 1_000;

    /** How long each of the above may take in a turn. */
    private static final Duration BUDGET = Duration.ofSeconds(15);

    private final JobSql.Qualifier q;
    private final Settings.Keeping settings;
    private final World world;
    private final Duration rest;

    Keeping(JobSql.Qualifier q, Settings.Keeping settings, World world) {
        this.q = q;
        this.settings = settings;
        this.world = world;
        this.rest = settings.lead().dividedBy(4).compareTo(Duration.ofSeconds(20)) < 0
                ? settings.lead().dividedBy(4)
                : Duration.ofSeconds(20);
    }

    /** Work until a time has passed. */
    private final class Budget {
        private final long end = world.nanoTime() + BUDGET.toNanos();

        private boolean left() {
            return world.nanoTime() - end < 0;
        }
    }

    void turn(Session session) {
        session.step("keep", c -> {
            set(c, "SET lock_timeout = '" + LOCK_TIMEOUT + "'");
            try {
                if (mine(c)) keep(c);
            } finally {
                if (!c.isClosed()) set(c, "RESET lock_timeout");
            }
            return true;
        });
    }

    private boolean mine(Connection c) throws SQLException {
        try {
            return update(
                            c,
                            q.in(
                                    "UPDATE $.meta SET kept_at = clock_timestamp() WHERE kept_at < clock_timestamp() - ?::bigint * INTERVAL '1 ms'"),
                            rest.toMillis())
                    == 1;
        } catch (SQLException e) {
            if (SqlErrors.state(e).equals(LOCK_NOT_AVAILABLE)) return false;
            throw e;
        }
    }

    private void keep(Connection c) throws SQLException {
        attachAhead(c);
        switchWhenOld(c);
        anchorAnew(c);
        seal(c);
        settle(c);
        drop(c);
        forgetKeys(c);
        lookedAt(c, "forget unique keys", q.in("SELECT $.sweep_unique_keys(?)"));
        lookedAt(c, "forget batches", q.in("SELECT $.sweep_batches(?)"));
        lookedAt(c, "forget what jobs waited for", q.in("SELECT $.sweep_dependents(?)"));
        lookedAt(c, "forget deletions", q.in("SELECT $.sweep_deleted(?)"));
        forgetSlots(c);
        forgetChanges(c);
        forgetPauses(c);
        sweep(c);
    }

    private void sweep(Connection c) throws SQLException {
        forget(
                c,
                "sweep",
                q.in("SELECT $.sweep(?::bigint * INTERVAL '1 ms', ?)"),
                settings.retention().toMillis());
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

    private void settle(Connection c) throws SQLException {
        var budget = new Budget();
        for (var live = live(c); live != null && budget.left() && settle(c, live, budget); live = live(c)) {
            if (!patiently(c, "settle partition", q.in("SELECT $.raise_live()")) || live.equals(live(c))) return;
        }
    }

    /** Whether all deliveries of the partition have ended; so far as it was walked within the time. */
    private boolean settle(Connection c, int part, Budget budget) throws SQLException {
        while (true) {
            var walked =
                    texts(c, q.in("SELECT $.settle_part(?, ?)"), part, WALK).getFirst();
            if (walked.equals("done")) return true;
            if (!budget.left()) return false;
            if (walked.equals("open") && !move(c, part)) return false;
        }
    }

    /**
     * Moves what nobody claimed out of a partition past retention, so that one forgotten queue does not keep everything.
     *
     * @return whether something was moved
     */
    private boolean move(Connection c, int part) throws SQLException {
        var old = numbers(
                c,
                q.in(
                        "SELECT no FROM $.part WHERE no = ? AND closed_at < clock_timestamp() - ?::bigint * INTERVAL '1 ms'"),
                part,
                settings.retention().toMillis());
        if (old.isEmpty()) return false;
        boolean moved = false;
        for (int stream : numbers(c, q.in("SELECT stream FROM $.settling WHERE part = ? AND NOT done"), part)) {
            try {
                moved |= numbers(c, q.in("SELECT $.move_unclaimed(?, ?, ?)"), part, stream, MOVE)
                                .getFirst()
                        > 0;
            } catch (SQLException e) {
                later("move old deliveries", e);
            }
        }
        return moved;
    }

    /** The oldest partition that claims still look at, if nothing comes into it any more; else null. */
    private @Nullable Integer live(Connection c) throws SQLException {
        var live = numbers(
                c,
                q.in(
                        "SELECT no FROM $.part, $.meta WHERE no = live_part AND no < current_part AND sealed_at IS NOT NULL"));
        return live.isEmpty() ? null : live.getFirst();
    }

    private void forgetKeys(Connection c) throws SQLException {
        forget(
                c,
                "forget idempotency keys",
                q.in("SELECT $.sweep_keys(?::bigint * INTERVAL '1 ms', ?)"),
                settings.idempotency().toMillis());
    }

    /** Some at a call, which answers how many it has looked at; those that stay have their turn again after a day. */
    private void lookedAt(Connection c, String what, String some) throws SQLException {
        var budget = new Budget();
        int looked;
        do {
            try {
                looked = numbers(c, some, LOOKED_AT).getFirst();
            } catch (SQLException e) {
                later(what, e);
                return;
            }
        } while (looked == LOOKED_AT && budget.left());
    }

    private void forgetSlots(Connection c) throws SQLException {
        forget(
                c,
                "forget slots of schedules",
                q.in("SELECT $.sweep_schedules(?::bigint * INTERVAL '1 ms', ?)"),
                settings.retention().toMillis());
    }

    private void forgetChanges(Connection c) throws SQLException {
        forget(
                c,
                "forget changes of many jobs",
                q.in("SELECT $.sweep_changes(?::bigint * INTERVAL '1 ms', ?)"),
                settings.retention().toMillis());
    }

    /** Those that have ended by themselves, which no look finds. */
    private void forgetPauses(Connection c) throws SQLException {
        update(c, q.in("DELETE FROM $.pause_said WHERE until <= clock_timestamp()"));
    }

    /** Some at a call, each a transaction of its own, until there are no more or others want their turn. */
    private void forget(Connection c, String what, String some, long keptMillis) throws SQLException {
        var budget = new Budget();
        int forgotten;
        do {
            try {
                forgotten = numbers(c, some, keptMillis, SWEPT).getFirst();
            } catch (SQLException e) {
                later(what, e);
                return;
            }
        } while (forgotten == SWEPT && budget.left());
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
            update(c, sql, parameters);
            return true;
        } catch (SQLException e) {
            later(what, e);
            return false;
        }
    }

    private static void later(String what, SQLException e) throws SQLException {
        if (SqlErrors.torn(e)) throw e;
        var level = SqlErrors.state(e).equals(LOCK_NOT_AVAILABLE) ? Level.DEBUG : Level.WARNING;
        LOG.log(level, "Housekeeping: \"{0}\" is left for later: {1}", what, e.getMessage());
    }

    private static void set(Connection c, String sql) throws SQLException {
        try (var s = c.createStatement()) {
            s.execute(sql);
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
