package dev.millrace.postgres;

/**
 * All statements of the store, in the order of a job's life. {@code $} stands for the schema. The steps of the protocol are functions;
 * their text is in {@code migration/V002__protocol.sql}.
 */
final class JobSql {

    /**
     * The time that delays count from. First the transaction gets its number: whoever looks for due timers later than that knows that it is
     * open, and what it will have brought.
     */
    private static final String CLOCK =
            "SELECT clock_timestamp() AS at FROM (SELECT pg_current_xact_id() AS xid OFFSET 0) x WHERE xid IS NOT NULL";

    // ---- enqueue

    /** The partition is read in the transaction that uses it, never remembered. */
    final String intakeState;

    final String append;

    /** Some at once: all, or none if any of their streams is not what it is taken for. */
    final String appendTogether;

    final String appendCopy;
    final String schedule;
    final String scheduleCopy;
    final String idempotency;
    final String idempotencyHolder;

    /** The key of this job's stands for another one: that which holds its unique key. */
    final String idempotencyGoesTo;

    /** Some jobs with unique keys, and in the same statement the queues that are told of, for each that was enqueued. */
    final String enqueueUnique;

    /** How many of these streams are not what they were taken for. */
    final String strangers;

    // ---- enqueue, batches

    final String beginBatch;
    final String growBatch;
    final String putParts;

    // ---- enqueue, whom it concerns

    final String waitFor;
    final String notify;
    final String addQueue;
    final String addKeyedShards;
    final String streams;
    final String addSideShards;
    final String setAside;
    final String setAsides;
    final String shards;
    final String keyedShards;

    // ---- life of a node

    final String join;
    final String beat;
    final String prove;
    final String leave;
    final String census;
    final String witness;
    final String depose;
    final String endHolders;
    final String rescue;
    final String rebase;

    // ---- claim

    final String poll;
    final String take;
    final String resolve;
    final String read;
    final String mark;
    final String outlived;
    final String manifest;

    // ---- keyed shards

    /** The shards, then who could own them. */
    final String ownership;

    final String takeOver;
    final String absent;
    final String behind;
    final String recall;
    final String over;
    final String grant;
    final String giveUp;

    // ---- end

    final String flush;

    /** The same for a flush that ends parts of batches. */
    final String flushParts;

    final String complete;
    final String completePart;

    // ---- waiting

    final String promote;
    final String release;
    final String releaseOfQueues;

    final String shareFleet;
    final String sharedFleet;

    /** One statement, one snapshot: what is committed later than the cursor it answers is for the next look. */
    final String control;

    // ---- schedules

    final String ownSchedules;
    final String fireSlots;
    final String ownAllSchedules;
    final String askSchedule;
    final String setSchedule;
    final String removeSchedule;

    /** Who fires it is at its end, or sees what this transaction writes. */
    final String lockSchedule;

    final String schedules;

    // ---- what payloads look like

    final String publishSchemas;
    final String kindSchema;
    final String kindSchemas;

    // ---- handlers

    final String notes;
    final String checkpoint;
    final String checkpointIn;
    final String readCheckpoint;

    // ---- operators

    final String cancel;
    final String requeue;
    final String pause;
    final String adjust;
    final String reset;
    final String resume;
    final String audit;

    // ---- many jobs at once

    /** The first row tells the time. */
    final String selectJobs;

    /** The row without a fingerprint tells where to go on. */
    final String failures;

    /** The row without a kind tells where to go on. */
    final String payloads;

    final String beginChange;
    final String goOn;
    final String stopChange;
    final String editJobs;
    final String deletion;
    final String changes;
    final String unfinished;

    JobSql(String schema) {
        var q = new Qualifier(schema);
        intakeState = q.in("SELECT current_part, t.at FROM $.meta, (%s OFFSET 0) t".formatted(CLOCK));
        append = q.in("""
                INSERT INTO $.job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
                SELECT (SELECT current_part FROM $.meta), i.stream, ?, ?, ?, ?, ?::jsonb, t.at + ?::bigint * INTERVAL '1 ms', t.at
                  FROM (SELECT clock_timestamp() AS at OFFSET 0) t, (SELECT ?::int, ?::text, ?::int, ?::bool) i (stream, queue, priority, sure)
                 WHERE i.sure OR EXISTS (SELECT FROM $.stream s WHERE (s.id, s.queue, s.priority) = (i.stream, i.queue, i.priority))
                """);
        appendTogether = q.in("""
                WITH put AS (
                    INSERT INTO $.job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
                    SELECT (SELECT current_part FROM $.meta), i.stream, i.job_id, i.kind, i.kind_version, i.payload, i.headers::jsonb,
                           t.at + i.expires_after * INTERVAL '1 ms', t.at
                      FROM (SELECT clock_timestamp() AS at OFFSET 0) t,
                           unnest(?::int[], ?::uuid[], ?::text[], ?::int[], ?::text[], ?::text[], ?::bigint[])
                               WITH ORDINALITY i (stream, job_id, kind, kind_version, payload, headers, expires_after, nr)
                     WHERE NOT EXISTS (
                               SELECT FROM unnest(?::int[], ?::text[], ?::int[]) u (id, queue, priority)
                                WHERE NOT EXISTS (SELECT FROM $.stream s WHERE (s.id, s.queue, s.priority) = (u.id, u.queue, u.priority)))
                     ORDER BY i.nr
                    RETURNING 1)
                SELECT (SELECT count(*) FROM put), (SELECT count(pg_notify(?, queue)) FROM unnest(?::text[]) told (queue))
                """);
        appendCopy = q.in("""
                COPY $.job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at) FROM STDIN (FORMAT binary)
                """);
        schedule = q.in("""
                WITH t AS MATERIALIZED (%s),
                     job AS MATERIALIZED (
                         SELECT coalesce(?::timestamptz, t.at + ?::bigint * INTERVAL '1 ms') AS run_at, i.stream, ?::uuid AS job_id,
                                ?::text AS kind, ?::int AS kind_version, ?::text AS payload, ?::jsonb AS headers,
                                t.at + ?::bigint * INTERVAL '1 ms' AS expires_at, t.at
                           FROM t, (SELECT ?::int, ?::text, ?::int, ?::bool) i (stream, queue, priority, sure)
                          WHERE i.sure OR EXISTS (SELECT FROM $.stream s WHERE (s.id, s.queue, s.priority) = (i.stream, i.queue, i.priority))),
                     late AS (
                         INSERT INTO $.job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
                         SELECT current_part, stream, job_id, kind, kind_version, payload, headers, expires_at, at FROM $.meta, job
                          WHERE run_at <= at RETURNING 1),
                     later AS (
                         INSERT INTO $.timer (run_at, retry, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
                         SELECT run_at, false, stream, job_id, kind, kind_version, payload, headers, expires_at, at FROM job WHERE run_at > at
                         RETURNING 1)
                SELECT (SELECT count(*) FROM late) + (SELECT count(*) FROM later)
                """.formatted(CLOCK));
        scheduleCopy = q.in("""
                COPY $.timer (run_at, retry, stream, job_id, kind, kind_version, payload, headers, expires_at) FROM STDIN (FORMAT binary)
                """);
        idempotency = q.in(
                "INSERT INTO $.idempotency_key (key, request, job_id) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING");
        idempotencyHolder = q.in("SELECT request, job_id FROM $.idempotency_key WHERE key = ?");
        idempotencyGoesTo = q.in("UPDATE $.idempotency_key SET job_id = ? WHERE key = ? AND job_id = ?");
        enqueueUnique = q.in("""
                SELECT u.nr, u.job_id, n.told
                  FROM $.enqueue_unique(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) u
                  LEFT JOIN LATERAL (
                      SELECT count(pg_notify(?, queue)) AS told FROM unnest(?::text[]) told (queue) WHERE u.job_id = ANY (?)) n ON true
                """);
        strangers = q.in("""
                SELECT count(*) FROM unnest(?::int[], ?::text[], ?::int[]) u (id, queue, priority)
                 WHERE NOT EXISTS (SELECT FROM $.stream s WHERE (s.id, s.queue, s.priority) = (u.id, u.queue, u.priority))
                """);
        beginBatch = q.in("SELECT $.begin_batch(?, ?, ?, ?, ?, ?, ?, ?, ?)");
        growBatch = q.in("SELECT $.grow_batch(?, ?, ?)");
        putParts = q.in("SELECT $.put_parts(?, ?, ?)");
        waitFor = q.in("SELECT $.wait_for(?, ?, ?, ?, ?, ?, ?)");
        notify = "SELECT pg_notify(?, ?)";
        addQueue = q.in("SELECT $.add_queue(?)");
        addKeyedShards = q.in("SELECT $.add_keyed_shards(?)");
        addSideShards = q.in("SELECT $.add_side_shards(?, ?, ?)");
        setAside = q.in("SELECT $.set_tenant_aside(?, ?, ?, ?)");
        setAsides = q.in(
                "SELECT priority, tenant, shard FROM $.side_tenant WHERE queue = ? AND used_at > clock_timestamp() - ? * INTERVAL '1 ms'");
        streams = q.in(
                "SELECT id, queue, priority, shard FROM $.stream WHERE queue = ANY (?) AND shard > -2 ORDER BY priority, shard, queue");
        shards = q.in("SELECT shards FROM $.meta");
        keyedShards = q.in("SELECT keyed_shards FROM $.meta");

        join = q.in("SELECT $.join_node(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        beat = q.in("SELECT $.raise_beat(?, ?, ?, ?, ?)");
        prove = q.in("SELECT $.prove(?, ?)");
        leave = q.in("SELECT $.leave_node(?, ?)");
        census = q.in("""
                WITH asker AS MATERIALIZED (
                    SELECT EXISTS (SELECT FROM $.node WHERE id = ? AND epoch = ? AND state = 'alive' AND timeline = $.server_timeline()) AS alive)
                SELECT asker.alive, n.id, n.epoch, n.state, b.n, coalesce(s.millis, 0) AS witnessed
                  FROM asker
                  LEFT JOIN ($.node n JOIN $.beat b ON b.node = n.id LEFT JOIN $.silence s ON s.node = n.id AND s.beat = b.n)
                    ON asker.alive AND n.state <> 'gone'
                """);
        witness = q.in("SELECT $.witness(?, ?, ?, ?, ?)");
        depose = q.in("SELECT $.depose(?, ?, ?, ?, ?)");
        endHolders = q.in("SELECT $.end_holders(?)");
        rescue = q.in("SELECT job_id, queue, kind, rescues, charged, discarded FROM $.rescue(?, ?, ?, ?)");
        rebase = q.in("SELECT $.rebase()");

        poll = q.in("SELECT * FROM $.poll(?)");
        var byRuns =
                "SELECT part, xid::text::bigint, array_agg(seq ORDER BY seq) FROM %s GROUP BY part, xid ORDER BY xid, min(seq)";
        take = q.in(byRuns.formatted("$.take(?, ?, ?, ?, ?, ?)"));
        resolve = q.in(byRuns.formatted("$.resolve(?, ?, ?, ?)"));
        read = q.in("""
                SELECT part, seq, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, enqueued_at, expires_at,
                       expired, cancelled, gone
                  FROM $.read_runs(?, ?, ?, ?, ?, ?)
                """);
        mark = q.in("SELECT $.mark_starts(?, ?, ?, ?)");
        outlived = q.in("SELECT $.outlived_starts(?, ?, ?, ?)");
        manifest = q.in("SELECT $.write_manifest(?, ?, ?, ?, ?, ?, ?, ?)");

        ownership = q.in("SELECT what, queue, stream, node FROM $.keyed_shards_of(?, ?, ?)");
        takeOver = q.in("SELECT $.own_shard(?, ?, ?)");
        absent = q.in("SELECT job_id, headers FROM $.absent_of_shard(?, ?, ?)");
        behind = q.in("SELECT headers, first_xid, first_seq FROM $.behind_of(?, ?, ?)");
        recall = q.in("SELECT nr, job_id, first_xid, first_seq FROM $.recall(?, ?, ?, ?, ?)");
        over = q.in("SELECT * FROM $.over_of(?, ?, ?)");
        grant = q.in("SELECT nr, granted, after, full_in FROM $.grant_starts(?, ?, ?, ?, ?, ?, ?)");
        giveUp = q.in("SELECT $.give_up_shard(?, ?, ?)");

        flush = q.in(
                "SELECT nr, verdict FROM $.flush(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        flushParts = q.in(
                "SELECT nr, verdict FROM $.flush_parts(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        complete = q.in("SELECT $.complete(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        completePart = q.in("SELECT $.complete_part(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

        promote = q.in("SELECT count, next_millis, next_cursor::text FROM $.promote(?, ?, ?, ?::text::$.timer_cursor)");
        release = q.in("SELECT $.release(?, ?, ?, ?, ?, ?)");
        releaseOfQueues = q.in("SELECT $.release(?, ?, ?, ?, ?, ?, ?, ?)");
        sharedFleet = q.in("""
                SELECT m.of, m.name, m.number, m.coded, s.node, n.name AS node_name, s.share, s.running, s.needs
                  FROM (SELECT of, name, at_once AS number, false AS coded FROM $.adjustment WHERE of IN ('fleet_kind', 'fleet_queue')
                         UNION ALL SELECT of, name, number, true FROM $.coded_fleet_number) m
                  LEFT JOIN ($.fleet_share s JOIN $.node n ON n.id = s.node AND n.state <> 'gone') ON s.of = m.of AND s.name = m.name
                 ORDER BY m.of, m.name COLLATE "C", n.name COLLATE "C", s.node
                """);
        shareFleet = q.in("SELECT nr, number, share, target FROM $.share_fleet(?, ?, ?, ?, ?, ?, ?, ?, ?)");
        control = q.in("""
                SELECT CASE WHEN EXISTS (SELECT FROM $.node WHERE id = ? AND epoch = ? AND state = 'alive') THEN 'cursor' ELSE 'fenced' END AS what,
                       pg_current_snapshot()::text AS text, NULL AS name, 0 AS part, 0 AS stream, 0::bigint AS xid, 0::bigint AS seq
                 UNION ALL SELECT 'pause', scope, name, 0, 0, 0, 0 FROM $.pause
                 UNION ALL SELECT 'adjusted', of, name, coalesce(at_once, 0), coalesce(starts, 0), coalesce(millis, 0), coalesce(burst, 0) FROM $.adjustment
                 UNION ALL SELECT 'adjusted', of, name, number, 0, 0, 0 FROM $.coded_fleet_number
                 UNION ALL SELECT 'scheduled', NULL, NULL, 0, 0, 0, 0 WHERE EXISTS (SELECT FROM $.schedule WHERE set_at_run_time)
                 UNION ALL SELECT 'parked', NULL, NULL, 0, 0, 0, 0 WHERE EXISTS (SELECT FROM $.parked WHERE line IS NULL)
                 UNION ALL SELECT 'cancel', NULL, NULL, part, stream, xid, seq FROM $.cancelled_since(?)
                """);

        ownSchedules = q.in(
                "SELECT now, name, term, upto, last_job, asked FROM $.own_schedules(?, ?, ?, ?, ?, ?::bigint * INTERVAL '1 ms', ?::bigint * INTERVAL '1 ms')");
        ownAllSchedules = q.in("""
                SELECT now, name, term, upto, last_job, asked, clash, set_at_run_time, times, policy, queue, priority, spread, kind, kind_version, payload, headers,
                       expiry, key, key_policy, key_millis
                  FROM $.own_schedules(?, ?, ?, ?, ?, ?::bigint * INTERVAL '1 ms', ?::bigint * INTERVAL '1 ms', ?::jsonb)
                """);
        fireSlots = q.in("SELECT $.fire_slots(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        askSchedule = q.in("SELECT $.ask_schedule(?, ?, ?, ?::bigint * INTERVAL '1 ms')");
        setSchedule = q.in("SELECT $.set_schedule(?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?, ?, ?)");
        removeSchedule = q.in("SELECT $.remove_schedule(?, ?, ?)");
        publishSchemas = q.in("SELECT $.publish_schemas(?, ?, ?, ?, ?)");
        kindSchema = q.in(
                "SELECT k.kind, k.version, k.schema, k.node, k.at FROM $.kind_schema k WHERE k.kind = ? AND k.version = ?");
        kindSchemas = q.in(
                "SELECT k.kind, k.version, k.schema, k.node, k.at FROM $.kind_schema k ORDER BY k.kind, k.version");
        lockSchedule = q.in("SELECT FROM $.schedule WHERE name = ? FOR UPDATE");
        schedules = q.in("""
                SELECT s.name, s.times, s.policy, s.since, s.owner, l.slot AS last_slot, l.job_id AS last_job, p.reason AS paused,
                       EXISTS (SELECT FROM $.node n WHERE n.id = s.owner AND n.epoch = s.owner_epoch AND n.state = 'alive') AS alive,
                       d.queue, d.priority, d.spread, d.kind, d.kind_version, d.payload, d.headers, d.expiry, d.key, d.key_policy, d.key_millis,
                       d.by, d.reason, d.at
                  FROM $.schedule s
                  LEFT JOIN $.schedule_set d ON d.schedule = s.name AND s.set_at_run_time
                  LEFT JOIN LATERAL (
                      SELECT slot, job_id FROM $.schedule_slot f WHERE f.schedule = s.name AND NOT f.asked ORDER BY slot DESC LIMIT 1) l ON true
                  LEFT JOIN $.pause p ON p.scope = 'schedule' AND p.name = s.name
                 ORDER BY s.name
                """);

        notes = q.in("SELECT $.write_notes(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        checkpoint = q.in("SELECT $.write_checkpoint(?, ?, ?, ?, ?, ?, ?, ?)");
        checkpointIn = q.in("SELECT $.checkpoint_in(?, ?, ?, ?, ?, ?, ?, ?)");
        readCheckpoint = q.in("SELECT $.read_checkpoint(?, ?, ?, ?, ?)");

        cancel = q.in("SELECT $.cancel_job(?, ?, ?)");
        requeue = q.in("SELECT $.requeue_job(?, ?, ?)");
        pause = q.in("""
                INSERT INTO $.pause_said AS p (scope, name, reason, by, until)
                SELECT a.scope, a.name, a.reason, a.by, a.until
                  FROM (VALUES (?, ?, ?, ?, ?::timestamptz, ?::bigint)) a (scope, name, reason, by, until, most)
                 WHERE (SELECT count(*) FROM $.pause) < a.most OR EXISTS (SELECT FROM $.pause o WHERE o.scope = a.scope AND o.name = a.name)
                ON CONFLICT (scope, name) DO UPDATE SET reason = excluded.reason, by = excluded.by, at = clock_timestamp(), until = excluded.until
                """);
        resume = q.in("DELETE FROM $.pause_said WHERE scope = ? AND name = ?");
        adjust = q.in("""
                INSERT INTO $.adjustment (of, name, at_once, starts, millis, burst, reason, by)
                SELECT a.of, a.name, a.at_once, a.starts, a.millis, a.burst, a.reason, a.by
                  FROM (VALUES (?, ?, ?::int, ?::int, ?::bigint, ?::int, ?, ?, ?::bigint)) a (of, name, at_once, starts, millis, burst, reason, by, most)
                 WHERE (SELECT count(*) FROM $.adjustment) < a.most OR EXISTS (SELECT FROM $.adjustment o WHERE o.of = a.of AND o.name = a.name)
                ON CONFLICT (of, name) DO UPDATE SET at_once = excluded.at_once, starts = excluded.starts, millis = excluded.millis,
                   burst = excluded.burst, reason = excluded.reason, by = excluded.by, at = clock_timestamp()
                """);
        reset = q.in("DELETE FROM $.adjustment WHERE of = ? AND name = ?");
        selectJobs = q.in("""
                SELECT clock_timestamp() AS now, NULL::uuid AS job_id, false AS selected
                 UNION ALL SELECT NULL, s.job_id, s.selected FROM $.select_jobs(?::jsonb, ?, ?) s
                """);
        failures = q.in("SELECT * FROM $.failure_groups(?::jsonb, ?::uuid, ?::int)");
        payloads = q.in("SELECT * FROM $.select_payloads(?::jsonb, ?, ?, ?, ?)");
        beginChange = q.in("SELECT $.begin_change(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        goOn = q.in("SELECT matched, changed, done FROM $.go_on_with(?, ?)");
        stopChange = q.in("SELECT $.stop_change(?, ?, ?)");
        editJobs = q.in("SELECT matched, changed, done, cursor FROM $.edit_jobs(?, ?, ?, ?, ?, ?, ?, ?, ?)");
        deletion = q.in("""
                SELECT d.change, b.by, b.reason, d.at FROM $.deleted_job d JOIN $.bulk_change b ON b.id = d.change
                 WHERE d.job_id = ? AND d.run = (SELECT max(l.run) FROM $.job_log l WHERE l.job_id = d.job_id)
                   AND NOT EXISTS (SELECT FROM $.timer t WHERE t.job_id = d.job_id AND t.run > d.run)
                """);
        var change = """
                SELECT b.id, b.action, b.undoes, b.selection, b.priority, b.run_at, b.delay_millis, b.patch, b.shape_version, b.shape, b.request, b.cursor, b.planned, b.rate, b.reason, b.by, b.at, b.ended_at, b.matched, b.changed,
                       b.stopped_by, b.stopped_reason,
                       b.ended_at IS NOT NULL AS done,
                       (SELECT jsonb_object_agg(w.left_because, w.n) FROM (
                            SELECT j.left_because, count(*) AS n FROM $.bulk_change_job j
                             WHERE j.change = b.id AND j.left_because IS NOT NULL GROUP BY j.left_because) w) AS left_by_reason
                  FROM $.bulk_change b
                """;
        changes = q.in(
                change
                        + ", (SELECT ?::uuid AS id) asked WHERE asked.id IS NULL OR b.id = asked.id ORDER BY b.at DESC LIMIT ?");
        unfinished = q.in(change + " WHERE b.ended_at IS NULL ORDER BY b.at LIMIT ?");
        audit = q.in("INSERT INTO $.audit (by, action, target, reason) VALUES (?, ?, ?, ?)");
    }

    /** Puts the schema's name where {@code $} stands. The name was validated: letters, digits, underscores. */
    record Qualifier(String schema) {
        String in(String sql) {
            return sql.replace("$", schema);
        }
    }
}
