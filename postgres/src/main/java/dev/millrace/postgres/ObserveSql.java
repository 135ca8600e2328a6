package dev.millrace.postgres;

/**
 * What a doctor asks of the server: plain looks, in a transaction of their own each that may not write and waits for nobody. {@code $} stands for the
 * schema. What is compared by number of transactions is what {@code age} tells of it.
 */
final class ObserveSql {

    /** What a session's query reads like for who may not see it. */
    static final String HIDDEN = "<insufficient privilege>";

    final String limits =
            "SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '1s'";

    final String manners;
    final String who = "SELECT clock_timestamp(), current_user, current_database()";
    final String parked;
    final String pauses = "SELECT scope, name, reason, by, at, until FROM pause ORDER BY at";
    final String held;
    final String nodeClocks;
    final String sessions;
    final String connections;
    final String shares;
    final String meta;
    final String parts;
    final String dropped;
    final String detaching;
    final String open;
    final String tables;
    final String history;

    final String settings = """
            SELECT name, setting FROM pg_settings
             WHERE name IN ('autovacuum', 'track_counts', 'fsync', 'full_page_writes', 'synchronous_commit', 'max_connections',
                            'superuser_reserved_connections', 'reserved_connections', 'idle_in_transaction_session_timeout', 'max_wal_size',
                            'max_slot_wal_keep_size', 'archive_mode', 'autovacuum_freeze_max_age', 'autovacuum_multixact_freeze_max_age',
                            'vacuum_failsafe_age', 'server_version', 'server_version_num')
            """;

    final String prepared = """
            SELECT gid, prepared, owner, database, age(transaction) AS age FROM pg_prepared_xacts ORDER BY prepared LIMIT 50
            """;

    /** Columns that came with later versions are asked for by name, and are then absent. */
    final String slots = """
            SELECT s.slot_name, s.slot_type, s.database, s.active, greatest(age(s.xmin), age(s.catalog_xmin)) AS age, s.wal_status,
                   CASE WHEN s.restart_lsn IS NOT NULL AND NOT pg_is_in_recovery()
                        THEN pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint END AS retained,
                   CASE WHEN NOT s.active THEN (to_jsonb(s) ->> 'inactive_since')::timestamptz END AS inactive_since
              FROM pg_replication_slots s ORDER BY s.slot_name LIMIT 100
            """;

    final String standbys = """
            SELECT pid, application_name, host(client_addr) AS client, age(backend_xmin) AS age FROM pg_stat_replication ORDER BY pid LIMIT 100
            """;

    final String ages = """
            SELECT datname, age(datfrozenxid) AS transactions, mxid_age(datminmxid) AS multixacts FROM pg_database
             ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC LIMIT 10
            """;

    final String databaseBytes = "SELECT pg_database_size(current_database())";
    final String walBytes = "SELECT sum(size)::bigint FROM pg_ls_waldir()";
    final String archiver =
            "SELECT last_archived_time, last_failed_time, failed_count, last_failed_wal FROM pg_stat_archiver";

    ObserveSql(String schema) {
        var q = new JobSql.Qualifier(schema);
        manners = limits + q.in("""
                ; SET LOCAL search_path = $, pg_temp; SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off
                """);
        // From one queue and kind to the next by the indexes that a release uses, so that a million of one kind costs
        // what ten thousand do. What is put aside for paused tenants goes by tenants, of which a thousand are looked
        // at.
        parked = """
                WITH RECURSIVE waiting AS (
                       (SELECT stream, kind FROM parked WHERE parking <> 'undecodable' AND tenant IS NULL AND line IS NULL ORDER BY stream, kind LIMIT 1)
                        UNION ALL
                       SELECT n.stream, n.kind FROM waiting w
                        CROSS JOIN LATERAL (SELECT p.stream, p.kind FROM parked p WHERE p.parking <> 'undecodable' AND p.tenant IS NULL AND p.line IS NULL AND (p.stream, p.kind) > (w.stream, w.kind)
                                             ORDER BY p.stream, p.kind LIMIT 1) n),
                     aside AS (
                       (SELECT stream, tenant, kind, 1 AS nr FROM parked WHERE tenant IS NOT NULL ORDER BY stream, tenant, kind LIMIT 1)
                        UNION ALL
                       SELECT n.stream, n.tenant, n.kind, w.nr + 1 FROM aside w
                        CROSS JOIN LATERAL (SELECT p.stream, p.tenant, p.kind FROM parked p WHERE p.tenant IS NOT NULL AND (p.stream, p.tenant, p.kind) > (w.stream, w.tenant, w.kind)
                                             ORDER BY p.stream, p.tenant, p.kind LIMIT 1) n
                        WHERE w.nr < 1000),
                     undecodable AS (
                       (SELECT stream, kind FROM parked WHERE parking = 'undecodable' ORDER BY stream, kind LIMIT 1)
                        UNION ALL
                       SELECT n.stream, n.kind FROM undecodable w
                        CROSS JOIN LATERAL (SELECT p.stream, p.kind FROM parked p WHERE p.parking = 'undecodable' AND (p.stream, p.kind) > (w.stream, w.kind)
                                             ORDER BY p.stream, p.kind LIMIT 1) n),
                     behind AS (
                       (SELECT stream FROM parked WHERE line IS NOT NULL ORDER BY stream LIMIT 1)
                        UNION ALL
                       SELECT n.stream FROM behind w
                        CROSS JOIN LATERAL (SELECT p.stream FROM parked p WHERE p.line IS NOT NULL AND p.stream > w.stream ORDER BY p.stream LIMIT 1) n),
                     most AS (
                       SELECT least(10001, greatest(101, 100000 / greatest(1, (SELECT count(*) FROM waiting) + (SELECT count(*) FROM aside) + (SELECT count(*) FROM undecodable) + (SELECT count(*) FROM behind)))) AS n),
                     found AS (
                       SELECT p.*, count(*) OVER (PARTITION BY w.stream, w.kind) >= m.n AS cut FROM most m, waiting w
                        CROSS JOIN LATERAL (SELECT p.stream, p.kind, p.kind_version, p.parking, p.since, p.job_id, p.reason FROM parked p
                                             WHERE p.parking <> 'undecodable' AND p.tenant IS NULL AND p.line IS NULL AND p.stream = w.stream AND p.kind = w.kind
                                             ORDER BY p.id + 0 LIMIT (SELECT n FROM most)) p
                        UNION ALL
                       SELECT p.*, count(*) OVER (PARTITION BY w.stream, w.tenant, w.kind) >= m.n OR w.nr = 1000 AS cut FROM most m, aside w
                        CROSS JOIN LATERAL (SELECT p.stream, p.kind, p.kind_version, p.parking, p.since, p.job_id, p.reason FROM parked p
                                             WHERE p.tenant IS NOT NULL AND p.stream = w.stream AND p.tenant = w.tenant AND p.kind = w.kind
                                             ORDER BY p.id + 0 LIMIT (SELECT n FROM most)) p
                        UNION ALL
                       SELECT p.*, count(*) OVER (PARTITION BY w.stream, w.kind) >= m.n AS cut FROM most m, undecodable w
                        CROSS JOIN LATERAL (SELECT p.stream, p.kind, p.kind_version, p.parking, p.since, p.job_id, p.reason FROM parked p
                                             WHERE p.parking = 'undecodable' AND p.stream = w.stream AND p.kind = w.kind
                                             ORDER BY p.since, p.id LIMIT (SELECT n FROM most)) p
                        UNION ALL
                       SELECT p.*, count(*) OVER (PARTITION BY w.stream) >= m.n AS cut FROM most m, behind w
                        CROSS JOIN LATERAL (SELECT p.stream, p.kind, p.kind_version, p.parking, p.since, p.job_id, p.reason FROM parked p
                                             WHERE p.line IS NOT NULL AND p.stream = w.stream
                                             ORDER BY p.line, p.first_xid, p.first_seq LIMIT (SELECT n FROM most)) p)
                SELECT s.queue, f.kind, f.kind_version, f.parking, count(*) AS jobs, bool_or(f.cut) AS cut, min(f.since) AS oldest,
                       (array_agg(f.job_id ORDER BY f.since))[1] AS example, (array_agg(f.reason ORDER BY f.since))[1] AS detail
                  FROM found f JOIN stream s ON s.id = f.stream
                 GROUP BY s.queue, f.kind, f.kind_version, f.parking ORDER BY count(*) DESC LIMIT 200
                """;
        held = """
                SELECT n.id, l.job_id, s.queue, l.kind, o.stream >= 1000000000 AS keyed, c.at
                  FROM (SELECT id FROM node WHERE state <> 'gone' ORDER BY started_at LIMIT 200) n
                 CROSS JOIN LATERAL open_places(n.id, 5) o
                  JOIN job_log l ON l.part = o.part AND l.stream = o.stream AND l.xid = o.xid AND l.seq = o.seq
                  JOIN stream s ON s.id = o.stream
                 CROSS JOIN LATERAL (
                       SELECT x.at FROM claim x
                        WHERE x.stream = l.stream AND x.n > 0 AND x.node = n.id
                          AND (l.xid, l.seq) > (x.from_xid, x.from_seq) AND (l.xid, l.seq) <= (x.upto_xid, x.upto_seq)
                          AND pg_visible_in_snapshot(l.xid, x.snap) AND NOT pg_visible_in_snapshot(l.xid, x.prev)
                        ORDER BY x.no DESC LIMIT 1) c
                """;
        // Deliveries of the newest partitions, the newest first: an index leads to them. Of many successes in a row of
        // their own the last one counts.
        nodeClocks = """
                SELECT l.node, count(*) AS samples, min(l.lag) AS lag
                  FROM (SELECT current_part AS no FROM meta UNION ALL SELECT current_part - 1 FROM meta) p
                 CROSS JOIN LATERAL (
                       (SELECT o.node, o.at, extract(epoch FROM o.at - o.started_at) * 1000 - o.took_micros / 1000.0 AS lag
                          FROM outcome o WHERE o.part = p.no ORDER BY o.seq DESC LIMIT 500)
                        UNION ALL
                       (SELECT b.node, b.at, extract(epoch FROM b.at - b.base) * 1000
                               - (SELECT max(u.started::bigint + u.took) FROM unnest(b.started, b.took) u (started, took)) / 1000.0
                          FROM outcome_batch b WHERE b.part = p.no ORDER BY b.bucket DESC LIMIT 200)) l
                 WHERE l.lag IS NOT NULL AND l.node IS NOT NULL AND l.at > clock_timestamp() - INTERVAL '1 hour'
                 GROUP BY l.node
                """;
        sessions = q.in("""
                WITH writes AS MATERIALIZED (
                     SELECT l.pid, array_agg(DISTINCT p.no ORDER BY p.no) AS parts
                       FROM pg_locks l JOIN part p ON p.dropped_at IS NULL AND l.relation = to_regclass('$.job_log_' || p.no)
                      WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock'
                        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                      GROUP BY l.pid)
                SELECT a.pid, a.usename, a.datname, a.application_name, host(a.client_addr) AS client, a.backend_type, a.state, a.xact_start,
                       a.state_change, greatest(age(a.backend_xmin), age(a.backend_xid)) AS age, left(a.query, 2000) AS query, w.parts
                  FROM pg_stat_activity a LEFT JOIN writes w ON w.pid = a.pid
                 WHERE a.pid <> pg_backend_pid() AND (a.xact_start IS NOT NULL OR a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
                   AND NOT EXISTS (SELECT FROM pg_stat_replication r WHERE r.pid = a.pid)
                 ORDER BY a.xact_start NULLS LAST, age DESC NULLS LAST LIMIT 200
                """);
        connections = """
                SELECT count(*) FILTER (WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend') AS connections,
                       count(*) FILTER (WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND query = '%s') AS hidden
                  FROM pg_stat_activity
                """.formatted(HIDDEN);
        shares = """
                SELECT application_name, count(*) AS connections FROM pg_stat_activity
                 WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
                 GROUP BY application_name ORDER BY count(*) DESC, application_name LIMIT 5
                """;
        meta = "SELECT current_part, nullif(kept_at, '-infinity') AS kept_at FROM meta";
        parts = q.in("""
                SELECT p.*, (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
                              WHERE c.oid IN (to_regclass('$.job_log_' || p.no), to_regclass('$.claim_' || p.no), to_regclass('$.outcome_' || p.no),
                                              to_regclass('$.outcome_batch_' || p.no), to_regclass('$.start_mark_' || p.no),
                                              to_regclass('$.job_note_' || p.no))) AS bytes
                  FROM part p WHERE p.dropped_at IS NULL ORDER BY p.no LIMIT 1000
                """);
        dropped = """
                SELECT extract(epoch FROM dropped_at - closed_at) AS seconds FROM part WHERE dropped_at IS NOT NULL AND closed_at IS NOT NULL
                 ORDER BY no DESC LIMIT 1
                """;
        detaching = q.in("""
                SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhdetachpending AND c.relnamespace = '$'::regnamespace ORDER BY c.relname
                """);
        // Where the walk through the oldest sealed partition stands, in each stream: before something that has not
        // ended.
        open = """
                SELECT m.live_part, l.job_id, l.queue, l.kind, l.state, l.node, l.started_at
                  FROM meta m, look(ARRAY(
                       SELECT n.job_id
                         FROM settling s JOIN meta x ON s.part = x.live_part
                        CROSS JOIN LATERAL (
                              SELECT j.job_id, j.part, j.seq FROM job_log j
                               WHERE j.part = s.part AND j.stream = s.stream AND (j.xid, j.seq) > (s.xid, s.seq) ORDER BY j.xid, j.seq LIMIT 1) n
                        WHERE NOT s.done AND NOT EXISTS (SELECT FROM ending_of(n.part, n.seq)) LIMIT 20)) l
                 ORDER BY l.started_at NULLS LAST, l.job_id
                """;
        tables = q.in("""
                SELECT t.relname, t.n_live_tup, t.n_dead_tup, pg_total_relation_size(t.relid) AS bytes, greatest(t.last_vacuum, t.last_autovacuum) AS vacuumed,
                       NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions) o
                                    WHERE o.option_name = 'autovacuum_enabled' AND lower(o.option_value) IN ('false', 'off', 'no', '0')) AS autovacuum
                  FROM pg_stat_all_tables t JOIN pg_class c ON c.oid = t.relid
                 WHERE t.schemaname = '$' AND c.relkind = 'r' AND NOT c.relispartition ORDER BY t.n_dead_tup DESC LIMIT 100
                """);
        history = q.in("SELECT to_regclass('$.schema_history') IS NOT NULL");
    }
}
