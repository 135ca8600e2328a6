package dev.millrace.app.torture;

import dev.millrace.JobId;
import dev.millrace.store.Protocol;
import dev.millrace.world.World;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The database side of a run: its tables, the effects of its handlers, and the questions of its check. What was acknowledged, and what was
 * done to whom, the torture remembers itself, and brings here when all faults are over.
 */
final class TortureLedger {

    private final DataSource dataSource;
    private final PatientSql sql;

    TortureLedger(DataSource dataSource, String schema, World world) {
        this.dataSource = dataSource;
        this.sql = new PatientSql(dataSource, schema, world);
    }

    /** A job that was sent. */
    record Sent(JobId id, int n, String kind) {}

    void create() throws SQLException {
        sql.run("""
            CREATE TABLE $.torture_effect (n INT NOT NULL, phase TEXT NOT NULL, process TEXT NOT NULL, part INT NOT NULL,
                seq BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp());
            CREATE TABLE $.torture_job (job_id UUID PRIMARY KEY, n INT NOT NULL, kind TEXT NOT NULL, acknowledged BOOL NOT NULL);
            CREATE TABLE $.torture_line (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job_id UUID NOT NULL, key INT NOT NULL, n INT NOT NULL);
            CREATE TABLE $.torture_end (process TEXT NOT NULL, at TIMESTAMPTZ NOT NULL)""");
    }

    /** What the database's clock shows. */
    long now() throws SQLException {
        return sql.number("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT");
    }

    /** Ends at most so many backends of the connections with this name. Returns how many; asks once. */
    int terminate(String application, int most, long draw) throws SQLException {
        try (var connection = dataSource.getConnection()) {
            var pids = new ArrayList<Integer>();
            try (var look = connection.prepareStatement(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = ? ORDER BY pid")) {
                look.setString(1, application);
                try (var rows = look.executeQuery()) {
                    while (rows.next()) pids.add(rows.getInt(1));
                }
            }
            Collections.shuffle(pids, new Random(draw));
            int ended = 0;
            try (var end = connection.prepareStatement("SELECT pg_terminate_backend(?)")) {
                for (int pid : pids.subList(0, Math.min(most, pids.size()))) {
                    end.setInt(1, pid);
                    end.execute();
                    ended++;
                }
            }
            return ended;
        }
    }

    // ---- what the torture remembers

    void sent(Collection<Sent> jobs, boolean acknowledged) throws SQLException {
        sql.patiently(connection -> {
            connection.setAutoCommit(false);
            try (var insert = connection.prepareStatement(
                    sql.q(
                            "INSERT INTO $.torture_job (job_id, n, kind, acknowledged) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"))) {
                for (var job : jobs) {
                    insert.setObject(1, job.id().value());
                    insert.setInt(2, job.n());
                    insert.setString(3, job.kind());
                    insert.setBoolean(4, acknowledged);
                    insert.addBatch();
                }
                insert.executeBatch();
                connection.commit();
                return true;
            } finally {
                connection.setAutoCommit(true);
            }
        });
    }

    /** A process fell silent at this moment of the database's clock, whatever the reason. */
    void ends(Map<String, List<Long>> moments) throws SQLException {
        sql.patiently(connection -> {
            try (var insert = connection.prepareStatement(
                    sql.q("INSERT INTO $.torture_end (process, at) VALUES (?, to_timestamp(? / 1000.0))"))) {
                for (var process : moments.entrySet()) {
                    for (long at : process.getValue()) {
                        insert.setString(1, process.getKey());
                        insert.setLong(2, at);
                        insert.addBatch();
                    }
                }
                insert.executeBatch();
                return true;
            }
        });
    }

    /** Jobs that are in the log, or wait to be, and were not acknowledged. */
    List<Sent> strays() throws SQLException {
        return sql.rows(
                """
                SELECT DISTINCT j.job_id, (j.payload::JSONB ->> 'n')::INT AS n, j.kind
                  FROM (SELECT job_id, payload, kind FROM $.job_log UNION ALL SELECT job_id, payload, kind FROM $.timer
                        UNION ALL SELECT job_id, payload, kind FROM $.parked) j
                 WHERE j.kind NOT IN ('torture-tick', 'torture-part', 'torture-exact-part', 'torture-whole', 'torture-step', 'torture-exact-step')
                   AND NOT EXISTS (SELECT FROM $.torture_job t WHERE t.job_id = j.job_id)
                """,
                row -> new Sent(
                        new JobId(row.getObject("job_id", UUID.class)), row.getInt("n"), row.getString("kind")));
    }

    // ---- how the jobs ended

    private static final String ENDED = "o.outcome IN ('done', 'cancelled', 'discarded')";

    /** How many known jobs have not ended. */
    long open() throws SQLException {
        return open("true");
    }

    long open(boolean acknowledged) throws SQLException {
        return open(acknowledged ? "j.acknowledged" : "NOT j.acknowledged");
    }

    private long open(String which) throws SQLException {
        return sql.number("""
                SELECT count(*) FROM $.torture_job j WHERE %s
                   AND NOT EXISTS (SELECT FROM $.job_log l JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
                                    WHERE l.job_id = j.job_id AND %s)
                """.formatted(which, ENDED));
    }

    /** How many acknowledged jobs ended so. */
    long ended(String outcome) throws SQLException {
        return sql.number("""
                SELECT count(DISTINCT j.job_id) FROM $.torture_job j JOIN $.job_log l ON l.job_id = j.job_id
                  JOIN LATERAL $.ending_of(l.part, l.seq) o ON true WHERE o.outcome = '%s' AND j.acknowledged
                """.formatted(outcome));
    }

    long rescued() throws SQLException {
        return sql.number("SELECT count(*) FROM $.outcome WHERE outcome = 'rescued'");
    }

    /** Any ending twice, or a delivery or a timer left behind an ending. */
    long outcomeTwice() throws SQLException {
        return sql.number("""
                SELECT count(*) FROM (
                    SELECT l.job_id FROM $.job_log l LEFT JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
                     GROUP BY l.job_id HAVING count(*) FILTER (WHERE %1$s) > 1
                        OR count(*) FILTER (WHERE %1$s) = 1 AND count(*) FILTER (WHERE o.outcome IS NULL) > 0
                     UNION
                    SELECT t.job_id FROM $.timer t JOIN $.job_log l ON l.job_id = t.job_id JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
                     WHERE %1$s) twice
                """.formatted(ENDED));
    }

    /** Jobs that ended otherwise than their handler decided, and were not rightly taken for poison. */
    long wrongEnding() throws SQLException {
        return sql.number("SELECT count(*) FROM " + WRONG) - takenForPoison();
    }

    /**
     * Jobs that were discarded because their worker died too often, and did start on at least as many processes that fell silent
     * afterwards, but for the first, as the rule says. Who kills nodes at random must sometimes hit the same job again and again.
     */
    long takenForPoison() throws SQLException {
        return sql.number("SELECT count(*) FROM " + WRONG + """
                AND o.failure ->> 'fingerprint' = 'worker-died'
                AND (SELECT count(DISTINCT e.process) FROM $.torture_effect e JOIN $.torture_end d ON d.process = e.process AND d.at > e.at
                      WHERE e.n = j.n AND e.phase = 'started') >= %d
                """.formatted(Protocol.YOUNG_DEATHS));
    }

    private static final String WRONG = """
            $.torture_job j JOIN $.job_log l ON l.job_id = j.job_id JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
             WHERE o.outcome IN ('done', 'cancelled', 'discarded') AND (o.outcome = 'discarded') <> (j.kind = 'torture-hopeless')
            """;

    // ---- the schedule

    /** The process that fires the schedule; null if none does. */
    @Nullable
    String leader() throws SQLException {
        try (var connection = dataSource.getConnection();
                var look = connection.prepareStatement(
                        sql.q(
                                "SELECT n.name FROM $.schedule s JOIN $.node n ON n.id = s.owner WHERE s.name = 'torture-tick'"));
                var rows = look.executeQuery()) {
            return rows.next() ? rows.getString(1) : null;
        }
    }

    /** The last slot that was fired, in seconds since 1970; 0 if none was. */
    long lastSlot() throws SQLException {
        return sql.number(
                "SELECT coalesce(extract(epoch FROM max(slot))::BIGINT, 0) FROM $.schedule_slot WHERE schedule = 'torture-tick' AND NOT asked");
    }

    /**
     * One a second, from when the first node has brought the schedule, and each is one job.
     *
     * @param began when the run did, on the database's clock, in milliseconds; so is {@code ended}
     * @param ended when it was over: up to here each slot is due
     */
    TortureReport.Slots slots(long began, long ended) throws SQLException {
        return sql.rows(
                        """
                        SELECT count(*) AS fired, count(DISTINCT term) AS terms,
                               (SELECT count(*) FROM $.schedule s, generate_series(date_trunc('second', s.since) + INTERVAL '1 s', to_timestamp(%2$d / 1000.0), INTERVAL '1 s')
                                 WHERE s.name = 'torture-tick') AS due,
                               (SELECT count(*) FROM $.schedule s, generate_series(date_trunc('second', s.since) + INTERVAL '1 s',
                                       greatest(to_timestamp(%2$d / 1000.0), (SELECT max(slot) FROM $.schedule_slot WHERE schedule = s.name AND NOT asked)), INTERVAL '1 s') due
                                 WHERE s.name = 'torture-tick' AND NOT EXISTS (
                                       SELECT FROM $.schedule_slot x WHERE x.schedule = s.name AND NOT x.asked AND x.slot = due)) AS missing,
                               coalesce((SELECT greatest(0, ceil(extract(epoch FROM s.since) - %1$d / 1000.0))::BIGINT FROM $.schedule s WHERE s.name = 'torture-tick'), -1) AS late,
                               coalesce(extract(epoch FROM clock_timestamp() - max(slot))::BIGINT, -1) AS behind,
                               count(*) FILTER (WHERE at < clock_timestamp() - INTERVAL '30 s' AND NOT EXISTS (
                                   SELECT FROM $.job_log l JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
                                    WHERE l.job_id = f.job_id AND o.outcome = 'done')) AS undone,
                               (SELECT count(*) FROM (SELECT payload FROM $.job_log WHERE kind = 'torture-tick'
                                                       GROUP BY payload HAVING count(DISTINCT job_id) > 1) twice) AS twice
                          FROM $.schedule_slot f WHERE schedule = 'torture-tick' AND NOT asked
                        """.formatted(began, ended),
                        row -> new TortureReport.Slots(
                                row.getLong("due"),
                                row.getLong("fired"),
                                row.getLong("missing"),
                                row.getLong("twice"),
                                row.getLong("undone"),
                                row.getLong("late"),
                                row.getLong("behind"),
                                row.getLong("terms")))
                .getFirst();
    }

    // ---- the batches

    /** Batches whose job has not ended. */
    long openBatches() throws SQLException {
        return sql.number("""
                SELECT count(*) FROM $.batch b
                 WHERE NOT EXISTS (SELECT FROM $.job_log l JOIN LATERAL $.ending_of(l.part, l.seq) o ON true WHERE l.job_id = b.id AND %s)
                """.formatted(ENDED));
    }

    /** @param acknowledged those of which it is known that they were taken */
    TortureReport.Batches batches(UUID[] acknowledged) throws SQLException {
        return sql.patiently(connection -> {
            try (var look = connection.prepareStatement(sql.q("""
                    SELECT cardinality(a.ids) AS acknowledged,
                           (SELECT count(*) FROM unnest(a.ids) i WHERE NOT EXISTS (SELECT FROM $.batch x WHERE x.id = i)) AS missing,
                           count(*) FILTER (WHERE b.followed_at IS NULL OR t.firsts < 1 OR t.ends < 1) AS open,
                           count(*) FILTER (WHERE t.firsts > 1 OR t.ends > 1) AS twice,
                           count(*) FILTER (WHERE b.followed_at < p.last) AS early,
                           count(*) FILTER (WHERE (b.parts, c.completed, c.discarded, c.cancelled)
                                                  IS DISTINCT FROM (p.parts, p.completed, p.discarded, p.cancelled)) AS miscounted
                      FROM (SELECT ?::uuid[] AS ids) a
                      LEFT JOIN $.batch b ON true
                      LEFT JOIN LATERAL $.look_at_batch(b.id) c ON true
                      LEFT JOIN LATERAL (
                           SELECT count(*) FILTER (WHERE l.no = 1) AS firsts, count(*) FILTER (WHERE %1$s) AS ends
                             FROM $.job_log l LEFT JOIN LATERAL $.ending_of(l.part, l.seq) o ON true WHERE l.job_id = b.id) t ON true
                      LEFT JOIN LATERAL (
                           SELECT count(DISTINCT i) AS parts, max(o.at) AS last, count(*) FILTER (WHERE o.outcome = 'done') AS completed,
                                  count(*) FILTER (WHERE o.outcome = 'discarded') AS discarded,
                                  count(*) FILTER (WHERE o.outcome = 'cancelled') AS cancelled
                             FROM $.batch_piece y JOIN $.batch_part x ON x.piece = y.piece CROSS JOIN LATERAL unnest(x.jobs) i
                             LEFT JOIN $.job_log l ON l.job_id = i AND l.run = 1
                             LEFT JOIN LATERAL $.ending_of(l.part, l.seq) o ON %1$s
                            WHERE y.batch = b.id) p ON true
                     GROUP BY a.ids
                    """.formatted(ENDED)))) {
                look.setArray(1, connection.createArrayOf("uuid", acknowledged));
                try (var row = look.executeQuery()) {
                    row.next();
                    return new TortureReport.Batches(
                            row.getLong("acknowledged"),
                            row.getLong("missing"),
                            row.getLong("open"),
                            row.getLong("twice"),
                            row.getLong("early"),
                            row.getLong("miscounted"));
                }
            }
        });
    }

    // ---- the lines

    /** Jobs in line that have not ended. */
    long openInLine() throws SQLException {
        return sql.number("""
                SELECT (SELECT count(*) FROM $.timer WHERE kind IN ('torture-step', 'torture-exact-step'))
                     + (SELECT count(*) FROM $.parked WHERE kind IN ('torture-step', 'torture-exact-step'))
                     + (SELECT count(*) FROM $.job_log l WHERE l.kind IN ('torture-step', 'torture-exact-step')
                           AND NOT EXISTS (SELECT FROM $.ending_of(l.part, l.seq)))
                """);
    }

    /** What became of the acknowledged ones, and in which order those came that write with their outcome. */
    TortureReport.Lines lines(UUID[] acknowledged) throws SQLException {
        long open = openInLine();
        return sql.patiently(connection -> {
            try (var look = connection.prepareStatement(sql.q("""
                    SELECT (SELECT count(*) FROM unnest(a.ids) i WHERE NOT EXISTS (SELECT FROM $.job_log l WHERE l.job_id = i)) AS missing,
                           (SELECT count(*) FROM unnest(a.ids) i
                             WHERE EXISTS (SELECT FROM $.job_log l CROSS JOIN LATERAL $.ending_of(l.part, l.seq) o
                                            WHERE l.job_id = i AND l.kind = 'torture-exact-step' AND o.outcome = 'done')
                               AND NOT EXISTS (SELECT FROM $.torture_line t WHERE t.job_id = i)) AS unwritten,
                           (SELECT count(*) FROM (SELECT FROM $.torture_line GROUP BY job_id HAVING count(*) > 1) t) AS twice,
                           (SELECT count(*) FROM (SELECT n, lag(n) OVER (PARTITION BY key ORDER BY id) AS before FROM $.torture_line l WHERE l.job_id = ANY (a.ids)) t
                             WHERE n < before) AS overtaken
                      FROM (SELECT ?::uuid[] AS ids) a
                    """))) {
                look.setArray(1, connection.createArrayOf("uuid", acknowledged));
                try (var row = look.executeQuery()) {
                    row.next();
                    return new TortureReport.Lines(
                            acknowledged.length,
                            row.getLong("missing"),
                            open,
                            row.getLong("unwritten"),
                            row.getLong("twice"),
                            row.getLong("overtaken"));
                }
            }
        });
    }

    // ---- effects

    /** For the questions that follow. */
    void indexEffects() throws SQLException {
        sql.run("CREATE INDEX ON $.torture_effect (n); ANALYZE $.torture_effect; ANALYZE $.torture_job");
    }

    long exactNotOnce() throws SQLException {
        return sql.number("""
                SELECT count(*) FROM $.torture_job j WHERE j.kind = 'torture-exact'
                   AND (SELECT count(*) FROM $.torture_effect e WHERE e.n = j.n AND e.phase = 'done')
                       <> (SELECT count(*) FROM $.job_log l JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
                            WHERE l.job_id = j.job_id AND o.outcome = 'done')
                """);
    }

    /** Jobs that completed, and whose effect is not there. */
    long effectMissing() throws SQLException {
        return sql.number("""
                SELECT count(*) FROM $.torture_job j JOIN $.job_log l ON l.job_id = j.job_id JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
                 WHERE o.outcome = 'done' AND NOT EXISTS (SELECT FROM $.torture_effect e WHERE e.n = j.n AND e.phase = 'done')
                """);
    }

    /**
     * An effect of a job that has several.
     *
     * @param at on the database's clock, in milliseconds; so is {@code ended}
     * @param outcome of the delivery that had this effect; null if it has none
     */
    record Repeated(
            int n,
            String process,
            long at,
            long seq,
            @Nullable String outcome,
            @Nullable String reason,
            long ended) {}

    /** All effects of jobs whose effect is a commit of its own and happened more than once, a job after the other, the oldest first. */
    List<Repeated> repeatedEffects() throws SQLException {
        return sql.rows(
                """
                SELECT e.n, e.process, %s AS at, e.seq, o.outcome, o.reason, %s AS ended
                  FROM $.torture_effect e JOIN $.torture_job j USING (n) LEFT JOIN LATERAL $.ending_of(e.part, e.seq) o ON true
                 WHERE e.phase = 'done' AND j.kind <> 'torture-exact'
                   AND e.n IN (SELECT n FROM $.torture_effect WHERE phase = 'done' GROUP BY n HAVING count(*) > 1)
                 ORDER BY e.n, e.at
                """.formatted(millis("e.at"), millis("o.at")),
                row -> new Repeated(
                        row.getInt("n"),
                        row.getString("process"),
                        row.getLong("at"),
                        row.getLong("seq"),
                        row.getString("outcome"),
                        row.getString("reason"),
                        row.getLong("ended")));
    }

    // ---- recoveries

    /** A node as it once was; times on the database's clock. */
    record Joined(String id, String name, long startedAt, long lastBeat) {}

    Map<String, Joined> nodes() throws SQLException {
        var nodes = new HashMap<String, Joined>();
        var found = sql.rows(
                "SELECT n.id::TEXT, n.name, %s AS started, %s AS beat FROM $.node n LEFT JOIN $.beat b ON b.node = n.id"
                        .formatted(millis("n.started_at"), millis("coalesce(b.at, n.started_at)")),
                row -> new Joined(
                        row.getString("id"), row.getString("name"), row.getLong("started"), row.getLong("beat")));
        for (var node : found) nodes.put(node.id(), node);
        return nodes;
    }

    /**
     * A delivery that was taken back.
     *
     * @param node the dead one's id
     * @param parked when its job was next parked, because its kind ran as often as the node that took it allows; null if it never was
     */
    record Rescue(
            String job, String node, long at, @Nullable Long parked) {}

    /** All of them, a job after the other, the oldest first. */
    List<Rescue> rescues() throws SQLException {
        return sql.rows(
                """
                SELECT o.job_id::TEXT, substring(o.reason FROM 6 FOR 36) AS node, %s AS at,
                       (SELECT %s FROM $.job_log l JOIN $.outcome p ON p.part = l.part AND p.seq = l.seq
                         WHERE l.job_id = o.job_id AND p.outcome = 'parked' AND p.at > o.at) AS parked
                  FROM $.outcome o JOIN $.torture_job j ON j.job_id = o.job_id WHERE o.outcome = 'rescued' ORDER BY o.job_id, o.at
                """.formatted(millis("o.at"), millis("min(p.at)")),
                row -> new Rescue(
                        row.getString("job_id"),
                        row.getString("node"),
                        row.getLong("at"),
                        row.getObject("parked", Long.class)));
    }

    private static String millis(String moment) {
        return "(extract(epoch FROM %s) * 1000)::BIGINT".formatted(moment);
    }
}
