package dev.millrace.app.torture;

import dev.millrace.JobId;
import dev.millrace.store.Protocol;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;
import javax.sql.DataSource;

/** The database side of a run: its schema, the effects of its handlers, and the questions of its check. */
final class TortureLedger {

    private final DataSource dataSource;
    private final String schema;

    TortureLedger(DataSource dataSource, String schema) {
        this.dataSource = dataSource;
        this.schema = schema;
    }

    void create() throws SQLException {
        run(
                "CREATE TABLE $.torture_effect (n INT NOT NULL, phase TEXT NOT NULL, process BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())");
        run("CREATE TABLE $.torture_end (process BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())");
        run("CREATE TABLE $.torture_job (job_id UUID PRIMARY KEY, n INT NOT NULL, kind TEXT NOT NULL)");
    }

    void drop() throws SQLException {
        run("DROP SCHEMA $ CASCADE");
    }

    /** A process was killed, or frozen, now. */
    void ended(long process) throws SQLException {
        run("INSERT INTO $.torture_end (process) VALUES (" + process + ")");
    }

    void acknowledged(Sent job) throws SQLException {
        try (var connection = dataSource.getConnection();
                var insert = connection.prepareStatement(
                        q("INSERT INTO $.torture_job (job_id, n, kind) VALUES (?, ?, ?)"))) {
            insert.setObject(1, job.id().value());
            insert.setInt(2, job.n());
            insert.setString(3, job.kind());
            insert.executeUpdate();
        }
    }

    /** An acknowledged job. */
    record Sent(JobId id, int n, String kind) {}

    /** How many acknowledged jobs have not ended yet. */
    long open() throws SQLException {
        return number("""
                SELECT count(*) FROM $.torture_job j
                 WHERE NOT EXISTS (SELECT FROM $.job_log l JOIN $.outcome o ON o.part = l.part AND o.seq = l.seq
                                    WHERE l.job_id = j.job_id AND o.outcome IN ('done', 'cancelled', 'discarded'))
                """);
    }

    long ended(String outcome) throws SQLException {
        return number("""
                SELECT count(DISTINCT j.job_id) FROM $.torture_job j JOIN $.job_log l ON l.job_id = j.job_id
                  JOIN $.outcome o ON o.part = l.part AND o.seq = l.seq WHERE o.outcome = '%s'
                """.formatted(outcome));
    }

    long rescued() throws SQLException {
        return number("SELECT count(*) FROM $.outcome WHERE outcome = 'rescued'");
    }

    /** Any ending twice, or a delivery or a timer left behind an ending. */
    long outcomeTwice() throws SQLException {
        return number("""
                SELECT count(*) FROM (
                    SELECT l.job_id FROM $.job_log l LEFT JOIN $.outcome o ON o.part = l.part AND o.seq = l.seq
                     GROUP BY l.job_id HAVING count(*) FILTER (WHERE o.outcome IN ('done', 'cancelled', 'discarded')) > 1
                        OR count(*) FILTER (WHERE o.outcome IN ('done', 'cancelled', 'discarded')) = 1 AND count(*) FILTER (WHERE o.outcome IS NULL) > 0
                     UNION
                    SELECT t.job_id FROM $.timer t JOIN $.job_log l ON l.job_id = t.job_id JOIN $.outcome o ON o.part = l.part AND o.seq = l.seq
                     WHERE o.outcome IN ('done', 'cancelled', 'discarded')) twice
                """);
    }

    /** Jobs that ended otherwise than their handler decided, and were not rightly taken for poison. */
    long wrongEnding() throws SQLException {
        return number("SELECT count(*) FROM " + WRONG) - takenForPoison();
    }

    /**
     * Jobs that were discarded because their worker died too often, and did start on at least as many processes that were killed, but
     * for the first, as the rule says. Who kills nodes at random must sometimes hit the same job again and again.
     */
    long takenForPoison() throws SQLException {
        return number("SELECT count(*) FROM " + WRONG + """
                AND o.failure ->> 'fingerprint' = 'worker-died'
                AND (SELECT count(DISTINCT e.process) FROM $.torture_effect e JOIN $.torture_end d ON d.process = e.process AND d.at > e.at
                      WHERE e.n = j.n AND e.phase = 'started') >= %d
                """.formatted(Protocol.YOUNG_DEATHS));
    }

    private static final String WRONG = """
            $.torture_job j JOIN $.job_log l ON l.job_id = j.job_id JOIN $.outcome o ON o.part = l.part AND o.seq = l.seq
             WHERE o.outcome IN ('done', 'cancelled', 'discarded') AND (o.outcome = 'discarded') <> (j.kind = 'torture-hopeless')
            """;

    long exactNotOnce() throws SQLException {
        return number("""
                SELECT count(*) FROM $.torture_job j WHERE j.kind = 'torture-exact'
                   AND (SELECT count(*) FROM $.torture_effect e WHERE e.n = j.n AND e.phase = 'done')
                       <> (SELECT count(*) FROM $.job_log l JOIN $.outcome o ON o.part = l.part AND o.seq = l.seq
                            WHERE l.job_id = j.job_id AND o.outcome = 'done')
                """);
    }

    long effectTwice() throws SQLException {
        return number("""
                SELECT count(*) FROM (SELECT e.n FROM $.torture_effect e JOIN $.torture_job j USING (n)
                 WHERE e.phase = 'done' AND j.kind <> 'torture-exact' GROUP BY e.n HAVING count(*) > 1) x
                """);
    }

    /**
     * From the death of a node to the next start of each job that was taken back from it: p-th fraction, in ms. Where the next node was
     * killed before the job had started on it, to that death: from there on it is the recovery of another one.
     */
    long recoveryMillis(double fraction) throws SQLException {
        return number("""
                SELECT coalesce(percentile_disc(%s) WITHIN GROUP (ORDER BY extract(epoch FROM least(s.at, a.at) - d.at) * 1000)::BIGINT, -1) FROM %s
                """.formatted(fraction, RECOVERIES));
    }

    long recoveries() throws SQLException {
        return number("SELECT count(*) FROM " + RECOVERIES);
    }

    private static final String RECOVERIES = """
            $.outcome r
              JOIN $.node n ON r.reason = 'node ' || n.id || ' died'
              JOIN LATERAL (SELECT min(e.at) AS at FROM $.torture_end e WHERE e.process = n.pid AND e.at > n.started_at) d ON d.at IS NOT NULL
              JOIN $.torture_job j ON j.job_id = r.job_id
              LEFT JOIN LATERAL (SELECT min(e.at) AS at FROM $.torture_effect e WHERE e.n = j.n AND e.phase = 'started' AND e.at > r.at) s ON true
              LEFT JOIN LATERAL (SELECT min(e.at) AS at FROM $.outcome x JOIN $.node m ON x.reason = 'node ' || m.id || ' died'
                                   JOIN $.torture_end e ON e.process = m.pid AND e.at > m.started_at
                                  WHERE x.job_id = r.job_id AND x.outcome = 'rescued' AND x.at > r.at AND e.at > d.at) a ON true
             WHERE r.outcome = 'rescued' AND least(s.at, a.at) IS NOT NULL
            """;

    private void run(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(q(sql));
        }
    }

    private long number(String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(q(sql))) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** The schema's name was made here, of letters, digits and underscores. */
    private String q(String sql) {
        return sql.replace("$", schema);
    }

    static String freshSchema(UUID random) {
        return "torture_" + random.toString().substring(0, 8);
    }
}
