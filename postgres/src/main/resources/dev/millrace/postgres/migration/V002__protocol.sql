-- The storage protocol. One function is one step: one round trip, autocommit, READ COMMITTED, VOLATILE; it answers ids only.
-- complete() and checkpoint_in() alone are made for the caller's own transaction.
--
-- The order of statements is the protocol: lock, then (a statement of its own) look, then snapshot, then rows. A look in the same
-- statement as its lock would see what was before the lock. Lock order everywhere: node, stream, outcomes by (part, seq), rest.

-- ------------------------------------------------------------------------------------------------ fences

CREATE FUNCTION read_committed() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'this step needs READ COMMITTED, not %', current_setting('transaction_isolation') USING ERRCODE = 'MR005';
    END IF;
END $$;

CREATE FUNCTION fence(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM read_committed();
    PERFORM pg_advisory_xact_lock_shared(m.lock_class, n.lock_no) FROM meta m, node n WHERE n.id = p_node;
    PERFORM FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001';
    END IF;
END $$;

-- For steps that only look.
CREATE FUNCTION prove(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001';
    END IF;
END $$;

-- The fence for a caller's transaction: a row lock. Under an old snapshot it fails (40001) where an advisory lock would let pass.
CREATE FUNCTION fence_row(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001';
    END IF;
END $$;

-- ------------------------------------------------------------------------------------------------ streams

-- In a transaction of its own, never in a producer's. The share lock holds off a change of partition.
-- '1:1:' and not the current snapshot: that one would count rows of this very transaction as seen.
CREATE FUNCTION add_queue(p_queue TEXT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_part INT; v_shards INT;
BEGIN
    SELECT current_part, shards INTO v_part, v_shards FROM meta FOR SHARE;
    WITH made AS (
        INSERT INTO stream (queue, priority, shard)
        SELECT p_queue, p, s FROM generate_series(0, 3) p, generate_series(-2, v_shards - 1) s ORDER BY p, s
            ON CONFLICT DO NOTHING
        RETURNING id, shard)
    INSERT INTO claim (part, stream, no, token, prev, snap, exhausted, n)
    SELECT v_part, id, 0, gen_random_uuid(), '1:1:', '1:1:', true, 0 FROM made WHERE shard > -2;
END $$;

-- The front of a stream's queue and priority; where what was rescued or handed back goes.
CREATE FUNCTION front_of(p_stream INT) RETURNS INT LANGUAGE sql STABLE AS $$
    SELECT f.id FROM stream s JOIN stream f ON (f.queue, f.priority, f.shard) = (s.queue, s.priority, -1) WHERE s.id = p_stream
$$;

-- An ordinary stream: itself, or for a front the first shard; where what waited goes.
CREATE FUNCTION ordinary_of(p_stream INT) RETURNS INT LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN s.shard >= 0 THEN s.id
                ELSE (SELECT o.id FROM stream o WHERE (o.queue, o.priority, o.shard) = (s.queue, s.priority, 0)) END
      FROM stream s WHERE s.id = p_stream
$$;

-- Never claimed: deliveries that are born ended, so that every ending has its row in the log.
CREATE FUNCTION ended_of(p_stream INT) RETURNS INT LANGUAGE sql STABLE AS $$
    SELECT e.id FROM stream s JOIN stream e ON (e.queue, e.priority, e.shard) = (s.queue, s.priority, -2) WHERE s.id = p_stream
$$;

-- ------------------------------------------------------------------------------------------------ claim

-- The rows of a window behind a position, in order: first slow transactions, by one exact probe each, then one index range.
CREATE FUNCTION window_rows(p_stream INT, p_lo INT, p_hi INT, p_prev PG_SNAPSHOT, p_snap PG_SNAPSHOT, p_xid XID8, p_seq BIGINT, p_want INT)
RETURNS SETOF place LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_edge XID8 := pg_snapshot_xmax(p_prev);
    v_got  INT := 0;
    v_low  CONSTANT BIGINT := -9223372036854775808;
BEGIN
    IF p_xid < v_edge THEN
        RETURN QUERY
            SELECT r.part, p_stream, r.xid, r.seq
              FROM pg_snapshot_xip(p_prev) x
             CROSS JOIN LATERAL (
                   SELECT j.part, j.xid, j.seq FROM job_log j
                    WHERE j.stream = p_stream AND j.xid = x AND j.part BETWEEN p_lo AND p_hi
                      AND j.seq > CASE WHEN x = p_xid THEN p_seq ELSE v_low END
                    ORDER BY j.seq LIMIT p_want) r
             WHERE x >= p_xid AND pg_visible_in_snapshot(x, p_snap)
             ORDER BY 3, 4 LIMIT p_want;
        GET DIAGNOSTICS v_got = ROW_COUNT;
        p_xid := v_edge;
        p_seq := v_low;
    END IF;
    IF v_got < p_want THEN
        RETURN QUERY
            SELECT j.part, p_stream, j.xid, j.seq FROM job_log j
             WHERE j.stream = p_stream AND j.part BETWEEN p_lo AND p_hi
               AND (j.xid, j.seq) > (p_xid, p_seq)
               AND j.xid < pg_snapshot_xmax(p_snap) AND pg_visible_in_snapshot(j.xid, p_snap)
             ORDER BY j.xid, j.seq LIMIT p_want - v_got;
    END IF;
END $$;

-- A claim's range is immutable: its first n rows behind its start are always the same ones.
CREATE FUNCTION claim_rows(c claim) RETURNS SETOF place LANGUAGE sql VOLATILE AS $$
    SELECT w.* FROM window_rows(c.stream, c.lo_part, c.hi_part, c.prev, c.snap, c.from_xid, c.from_seq, c.n) w WHERE c.n > 0
$$;

-- The newest claim again, without rows and without owner: the void of resolve(), the anchor in a new partition.
CREATE FUNCTION copy_anchor(p_stream INT, p_part INT, p_token UUID) RETURNS VOID LANGUAGE sql VOLATILE AS $$
    INSERT INTO claim (part, stream, no, token, prev, snap, upto_xid, upto_seq, exhausted, n)
    SELECT coalesce(p_part, c.part), stream, no + 1, p_token, prev, snap, upto_xid, upto_seq, exhausted, 0
      FROM claim c WHERE stream = p_stream ORDER BY no DESC LIMIT 1
$$;

CREATE FUNCTION take(p_stream INT, p_want INT, p_node UUID, p_epoch INT, p_ordinal BIGINT, p_token UUID)
RETURNS SETOF place LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    m meta; c claim; v_prev PG_SNAPSHOT; v_snap PG_SNAPSHOT; v_xid XID8; v_seq BIGINT; v_rows PLACE[]; v_got INT;
    v_opened BOOL := false;
BEGIN
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN   -- an own xid below xmax would count as visible: its rows lost for ever
        RAISE EXCEPTION 'take: must be the first write of its transaction' USING ERRCODE = 'MR005';
    END IF;
    PERFORM fence(p_node, p_epoch);
    SELECT * INTO m FROM meta;
    IF NOT pg_try_advisory_xact_lock(m.lock_class + 1, p_stream) THEN RETURN; END IF;
    PERFORM FROM claim WHERE token = p_token;                             -- in all attached partitions
    IF FOUND THEN RAISE EXCEPTION 'take: token % is used or void', p_token USING ERRCODE = 'MR006'; END IF;
    SELECT * INTO m FROM meta;                                            -- again, behind the lock
    SELECT * INTO c FROM claim WHERE stream = p_stream AND part >= m.live_part ORDER BY no DESC LIMIT 1;
    IF NOT FOUND THEN RAISE EXCEPTION 'take: stream % has no anchor', p_stream USING ERRCODE = 'MR002'; END IF;
    LOOP
        IF c.exhausted OR v_opened THEN
            v_prev := c.snap; v_snap := pg_current_snapshot(); v_xid := '0'; v_seq := 0; v_opened := true;
        ELSE
            v_prev := c.prev; v_snap := c.snap; v_xid := c.upto_xid; v_seq := c.upto_seq;
        END IF;
        SELECT array_agg(w ORDER BY w.xid, w.seq) INTO v_rows             -- snapshot first, rows second
          FROM window_rows(p_stream, m.live_part, 2147483647, v_prev, v_snap, v_xid, v_seq, p_want) w;
        v_got := coalesce(cardinality(v_rows), 0);
        EXIT WHEN v_got > 0 OR v_opened;
        v_opened := true;                                                 -- an open window without rows: the next one, in this call
    END LOOP;
    IF v_got = 0 THEN
        IF NOT c.exhausted THEN
            INSERT INTO claim (part, stream, no, token, prev, snap, exhausted, n)
            VALUES (c.part, p_stream, c.no + 1, p_token, v_prev, v_snap, true, 0);
        END IF;
        RETURN;
    END IF;
    INSERT INTO claim (part, stream, no, token, node, epoch, ordinal, prev, snap, from_xid, from_seq, upto_xid, upto_seq, exhausted, n,
                       lo_part, hi_part)
    SELECT c.part, p_stream, c.no + 1, p_token, p_node, p_epoch, p_ordinal, v_prev, v_snap, v_xid, v_seq,
           v_rows[v_got].xid, v_rows[v_got].seq, v_got < p_want, v_got, min(r.part), max(r.part) FROM unnest(v_rows) r;
    RETURN QUERY SELECT * FROM unnest(v_rows);
END $$;

-- After a take() whose commit is unknown. Its rows if it committed; if not, it never will: its token is spent.
CREATE FUNCTION resolve(p_stream INT, p_node UUID, p_epoch INT, p_token UUID)
RETURNS SETOF place LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
DECLARE c claim;
BEGIN
    PERFORM fence(p_node, p_epoch);
    PERFORM pg_advisory_xact_lock(lock_class + 1, p_stream) FROM meta;
    SELECT * INTO c FROM claim WHERE token = p_token;
    IF FOUND THEN RETURN QUERY SELECT * FROM claim_rows(c);
    ELSE PERFORM copy_anchor(p_stream, NULL, p_token);
    END IF;
END $$;

-- Which of these streams have something: both ranges of the next window, and an unfinished one.
CREATE FUNCTION poll(p_streams INT[]) RETURNS SETOF INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_live INT := (SELECT live_part FROM meta);
BEGIN
    RETURN QUERY
        SELECT s FROM unnest(p_streams) s
         CROSS JOIN LATERAL (SELECT snap, exhausted FROM claim WHERE stream = s AND part >= v_live ORDER BY no DESC LIMIT 1) c
         WHERE NOT c.exhausted
            OR EXISTS (SELECT FROM job_log j WHERE j.stream = s AND j.part >= v_live AND j.xid >= pg_snapshot_xmax(c.snap))
            OR EXISTS (SELECT FROM pg_snapshot_xip(c.snap) x JOIN job_log j ON j.xid = x AND j.stream = s AND j.part >= v_live);
END $$;

-- The payloads of claimed deliveries: no lock, writes nothing. In order, as many as fit into p_bytes, at least one.
-- What a retention sweep moved elsewhere has an outcome already; only old partitions can hold such rows.
CREATE FUNCTION read_deliveries(p_part INT[], p_stream INT[], p_xid BIGINT[], p_seq BIGINT[], p_bytes BIGINT)
RETURNS TABLE (nr BIGINT, job_id UUID, run INT, no INT, attempt INT, rescues INT, charged INT, kind TEXT, kind_version INT, payload TEXT,
               headers TEXT, enqueued_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, expired BOOL, cancelled BOOL)
LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_current INT := (SELECT current_part FROM meta);
BEGIN
    RETURN QUERY
        SELECT r.nr, r.job_id, r.run, r.no, r.attempt, r.rescues, r.charged, r.kind, r.kind_version, r.payload, r.headers::TEXT,
               r.enqueued_at, r.expires_at, coalesce(r.expires_at < clock_timestamp(), false),
               EXISTS (SELECT FROM cancel_mark x WHERE x.part = r.part AND x.seq = r.seq)
               OR CASE WHEN r.part < v_current THEN EXISTS (SELECT FROM outcome o WHERE o.part = r.part AND o.seq = r.seq) ELSE false END
          FROM (SELECT i.nr, j.*, sum(octet_length(j.payload)) OVER (ORDER BY i.nr) AS bytes
                  FROM unnest(p_part, p_stream, p_xid, p_seq) WITH ORDINALITY i (part, stream, xid, seq, nr)
                  JOIN job_log j ON j.part = i.part AND j.stream = i.stream AND j.xid = i.xid::TEXT::XID8 AND j.seq = i.seq) r
         WHERE r.bytes <= p_bytes OR r.nr = 1
         ORDER BY r.nr;
END $$;

-- ------------------------------------------------------------------------------------------------ end

-- The outcomes of a batch. Callers fence. Repeated with the same arguments it changes nothing.
-- Answers only what this call did not write: 'repeated' (an earlier call of the same claim did) or 'lost' (somebody else did).
CREATE FUNCTION settle(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                       p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                       p_result TEXT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_streams INT[]; v_lo INT[]; v_hi INT[]; v_won_part INT[]; v_won_seq BIGINT[]; v_part INT;
BEGIN
    SELECT array_agg(c.stream ORDER BY t.nr), array_agg(c.lo_part ORDER BY t.nr), array_agg(c.hi_part ORDER BY t.nr)
      INTO v_streams, v_lo, v_hi
      FROM unnest(p_tokens) WITH ORDINALITY t (token, nr)
      JOIN claim c ON c.token = t.token AND c.node = p_node AND c.epoch = p_epoch;      -- every claim is still there, and ours
    IF cardinality(v_streams) IS DISTINCT FROM cardinality(p_tokens)
       OR EXISTS (SELECT FROM unnest(p_claim, p_part) i (claim, part) WHERE i.part NOT BETWEEN v_lo[i.claim] AND v_hi[i.claim]) THEN
        RAISE EXCEPTION 'flush: unknown claim' USING ERRCODE = 'MR003';
    END IF;
    WITH won AS (
        INSERT INTO outcome (part, seq, job_id, outcome, node, token, started_at, took_micros, reason, failure, result)
        SELECT i.part, i.seq, i.job_id, i.outcome::outcome_kind, p_node, p_tokens[i.claim], i.started, i.took, i.reason, i.failure::JSONB, i.result
          FROM unnest(p_claim, p_part, p_seq, p_job, p_outcome, p_started, p_took, p_reason, p_failure, p_result)
               i (claim, part, seq, job_id, outcome, started, took, reason, failure, result)
         ORDER BY i.part, i.seq                                                           -- the order is the lock order
            ON CONFLICT (part, seq) DO NOTHING
        RETURNING part, seq)
    SELECT array_agg(part), array_agg(seq) INTO v_won_part, v_won_seq FROM won;

    IF p_outcome && ARRAY['retry', 'timed_out', 'snooze', 'handed_back', 'parked'] AND v_won_seq IS NOT NULL THEN
        SELECT current_part INTO v_part FROM meta;
        WITH given AS MATERIALIZED (
            SELECT i.outcome, i.delay, i.reason, i.failure, j.*
              FROM unnest(p_claim, p_part, p_xid, p_seq, p_outcome, p_delay, p_reason, p_failure)
                   i (claim, part, xid, seq, outcome, delay, reason, failure)
              JOIN job_log j ON j.part = i.part AND j.stream = v_streams[i.claim] AND j.xid = i.xid::TEXT::XID8 AND j.seq = i.seq
             WHERE i.outcome IN ('retry', 'timed_out', 'snooze', 'handed_back', 'parked')
               AND EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq)),
        later AS (
            INSERT INTO timer (run_at, retry, reason, failure, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload,
                               headers, expires_at, enqueued_at)
            SELECT clock_timestamp() + delay * INTERVAL '1 ms', outcome <> 'snooze', reason, failure::JSONB, ordinary_of(stream), job_id, run,
                   no + 1, attempt + (outcome <> 'snooze')::INT, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at
              FROM given WHERE outcome IN ('retry', 'timed_out', 'snooze') ORDER BY part, seq),
        aside AS (
            INSERT INTO parked (parking, reason, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers,
                                expires_at, enqueued_at)
            SELECT split_part(reason, ': ', 1), substr(reason, strpos(reason, ': ') + 2), ordinary_of(stream), job_id, run, no + 1, attempt,
                   rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at
              FROM given WHERE outcome = 'parked' ORDER BY part, seq)
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                             enqueued_at)
        SELECT v_part, front_of(stream), job_id, run, no + 1, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
               enqueued_at
          FROM given WHERE outcome = 'handed_back' ORDER BY part, seq;
    END IF;

    IF cardinality(v_won_seq) IS DISTINCT FROM cardinality(p_seq) THEN
        RETURN QUERY
            SELECT i.nr, CASE WHEN o.token = p_tokens[i.claim] THEN 'repeated' ELSE 'lost' END
              FROM unnest(p_claim, p_part, p_seq) WITH ORDINALITY i (claim, part, seq, nr)
              JOIN outcome o ON o.part = i.part AND o.seq = i.seq
             WHERE v_won_seq IS NULL
                OR NOT EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq);
    END IF;
END $$;

CREATE FUNCTION flush(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                      p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                      p_result TEXT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    RETURN QUERY SELECT * FROM settle(p_node, p_epoch, p_tokens, p_claim, p_part, p_xid, p_seq, p_job, p_outcome, p_started, p_took, p_delay,
                                      p_reason, p_failure, p_result);
END $$;

-- The outcome of one delivery in its handler's own transaction, any isolation, as its last word.
CREATE FUNCTION complete(p_node UUID, p_epoch INT, p_token UUID, p_part INT, p_xid BIGINT, p_seq BIGINT, p_job UUID, p_outcome TEXT,
                         p_started TIMESTAMPTZ, p_took BIGINT, p_delay BIGINT, p_reason TEXT, p_failure TEXT, p_result TEXT)
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence_row(p_node, p_epoch);
    PERFORM FROM settle(p_node, p_epoch, ARRAY[p_token], ARRAY[1], ARRAY[p_part], ARRAY[p_xid], ARRAY[p_seq], ARRAY[p_job], ARRAY[p_outcome],
                        ARRAY[p_started], ARRAY[p_took], ARRAY[p_delay], ARRAY[p_reason], ARRAY[p_failure], ARRAY[p_result]);
    IF FOUND THEN RAISE EXCEPTION 'job % has ended already', p_job USING ERRCODE = 'MR008'; END IF;
END $$;

-- Before a handler runs a delivery that was rescued before. Only marked starts are charged.
CREATE FUNCTION mark_starts(p_node UUID, p_epoch INT, p_part INT[], p_seq BIGINT[])
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    INSERT INTO start_mark SELECT i.part, i.seq, p_node FROM unnest(p_part, p_seq) i (part, seq) ORDER BY i.part, i.seq
        ON CONFLICT DO NOTHING;
END $$;

-- `open` may be too much, never too little; p_upto never passes a claim that is not resolved.
CREATE FUNCTION write_manifest(p_node UUID, p_epoch INT, p_no BIGINT, p_upto BIGINT, p_part INT[], p_stream INT[], p_xid BIGINT[], p_seq BIGINT[])
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    INSERT INTO manifest
    SELECT p_node, p_no, p_upto, coalesce(array_agg((i.part, i.stream, i.xid::TEXT::XID8, i.seq)::place), '{}')
      FROM unnest(p_part, p_stream, p_xid, p_seq) i (part, stream, xid, seq)
        ON CONFLICT DO NOTHING;                                                            -- a repetition of an unknown commit
    DELETE FROM manifest WHERE node = p_node AND no < p_no - 1;
END $$;

-- ------------------------------------------------------------------------------------------------ life and death of a node

CREATE FUNCTION join_node(p_node UUID, p_name TEXT, p_host TEXT, p_pid BIGINT, p_version TEXT, p_slots INT, p_queues TEXT[], p_kinds TEXT[])
RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    IF pg_is_in_recovery() THEN RAISE EXCEPTION 'a standby has no complete snapshots' USING ERRCODE = 'MR005'; END IF;
    PERFORM FROM meta m, pg_control_system() s, pg_database d
      WHERE d.datname = current_database() AND d.oid = m.database AND s.system_identifier = m.system_identifier;
    IF NOT FOUND THEN RAISE EXCEPTION 'not the database that the log was written in' USING ERRCODE = 'MR007'; END IF;
    INSERT INTO beat VALUES (p_node, 0);
    INSERT INTO node (id, epoch, state, name, host, pid, version, slots, queues, kinds)
    VALUES (p_node, 1, 'alive', p_name, p_host, p_pid, p_version, p_slots, p_queues, p_kinds);
    RETURN 1;
END $$;

CREATE FUNCTION raise_beat(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM read_committed();
    UPDATE beat SET n = n + 1, at = clock_timestamp()
     WHERE node = p_node AND EXISTS (SELECT FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive');
    IF NOT FOUND THEN RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001'; END IF;
END $$;

-- A node's open deliveries: last manifest and later claims, less what has an outcome.
CREATE FUNCTION open_places(p_node UUID, p_limit INT) RETURNS SETOF place LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE m manifest;
BEGIN
    SELECT * INTO m FROM manifest WHERE node = p_node ORDER BY no DESC LIMIT 1;
    RETURN QUERY
        SELECT o.* FROM (
               SELECT u.* FROM unnest(m.open) u
                UNION
               SELECT r.* FROM claim c CROSS JOIN LATERAL claim_rows(c) r WHERE c.node = p_node AND c.ordinal > coalesce(m.upto_ordinal, -1)) o
         WHERE NOT EXISTS (SELECT FROM outcome x WHERE x.part = o.part AND x.seq = o.seq)
         ORDER BY o.part, o.seq LIMIT p_limit;
END $$;

-- Good-bye: what is open is for the others, at once.
CREATE FUNCTION leave_node(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM read_committed();
    PERFORM pg_advisory_xact_lock(m.lock_class, n.lock_no) FROM meta m, node n WHERE n.id = p_node;
    UPDATE node SET epoch = epoch + 1, state = 'deposed' WHERE id = p_node AND epoch = p_epoch AND state = 'alive';
    IF NOT FOUND THEN RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001'; END IF;
    UPDATE node SET state = 'gone' WHERE id = p_node AND NOT EXISTS (SELECT FROM open_places(p_node, 1));
END $$;

-- The caller waited a lease on its own monotonic clock with p_beat unchanged while its own beats went through.
-- While this waits, end_holders() from another connection ends what blocks it.
CREATE FUNCTION depose(p_by UUID, p_by_epoch INT, p_node UUID, p_epoch INT, p_beat BIGINT)
RETURNS BOOL LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET lock_timeout = '10s' AS $$
DECLARE r RECORD;
BEGIN
    PERFORM read_committed();
    FOR r IN SELECT m.lock_class, n.lock_no, n.id FROM meta m, node n WHERE n.id IN (p_by, p_node) ORDER BY n.lock_no LOOP
        IF r.id = p_node THEN PERFORM pg_advisory_xact_lock(r.lock_class, r.lock_no);      -- in one order: two may depose each other
        ELSE PERFORM pg_advisory_xact_lock_shared(r.lock_class, r.lock_no);
        END IF;
    END LOOP;
    PERFORM fence(p_by, p_by_epoch);
    UPDATE node SET epoch = epoch + 1, state = 'deposed'
     WHERE id = p_node AND epoch = p_epoch AND state = 'alive' AND EXISTS (SELECT FROM beat WHERE node = p_node AND n = p_beat);
    RETURN FOUND;
END $$;

-- Ends what holds the lock that p_waiter waits for, granted; not who waits for it ahead. Needs the same role, or pg_signal_backend.
CREATE FUNCTION end_holders(p_waiter INT) RETURNS INT LANGUAGE sql VOLATILE SET search_path = ${schema}, pg_temp AS $$
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))::INT
      FROM (SELECT DISTINCT h.pid
              FROM pg_locks w
              JOIN pg_locks h ON ROW(h.locktype, h.database, h.relation, h.page, h.tuple, h.transactionid, h.classid, h.objid, h.objsubid)
                   IS NOT DISTINCT FROM ROW(w.locktype, w.database, w.relation, w.page, w.tuple, w.transactionid, w.classid, w.objid, w.objsubid)
              JOIN pg_stat_activity a ON a.pid = h.pid AND a.datname = current_database()
             WHERE w.pid = p_waiter AND NOT w.granted AND h.granted AND h.pid = ANY (pg_blocking_pids(p_waiter))) held
$$;

-- Takes back a deposed node's open deliveries. Any node, any number of times, until it answers nothing: then the node is gone.
CREATE FUNCTION rescue(p_by UUID, p_by_epoch INT, p_dead UUID, p_limit INT)
RETURNS TABLE (job_id UUID, queue TEXT, kind TEXT, rescues INT, charged INT, discarded BOOL) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_open PLACE[]; v_part INT;
BEGIN
    PERFORM fence(p_by, p_by_epoch);
    PERFORM FROM node WHERE id = p_dead AND state = 'deposed';
    IF NOT FOUND THEN RETURN; END IF;
    SELECT array_agg(o) INTO v_open FROM open_places(p_dead, p_limit) o;
    IF v_open IS NULL THEN
        UPDATE node SET state = 'gone' WHERE id = p_dead;
        DELETE FROM manifest WHERE node = p_dead;
        RETURN;
    END IF;
    SELECT current_part INTO v_part FROM meta;
    RETURN QUERY
        WITH given AS MATERIALIZED (
            SELECT j.*, j.charged + (s.seq IS NOT NULL)::INT AS charge
              FROM unnest(v_open) o JOIN job_log j ON j.part = o.part AND j.stream = o.stream AND j.xid = o.xid AND j.seq = o.seq
              LEFT JOIN start_mark s ON s.part = j.part AND s.seq = j.seq),
        won AS (
            INSERT INTO outcome (part, seq, job_id, outcome, node, reason, failure)
            SELECT part, seq, job_id, CASE WHEN charge < 3 THEN 'rescued' ELSE 'discarded' END::outcome_kind, p_by,
                   CASE WHEN charge < 3 THEN 'node ' || p_dead || ' died' END,
                   CASE WHEN charge >= 3 THEN jsonb_build_object('type', 'worker died', 'message',
                       'its worker died ' || charge || ' times after a marked start', 'fingerprint', 'worker-died', 'attempt', attempt,
                       'trace', '') END
              FROM given ORDER BY part, seq
                ON CONFLICT (part, seq) DO NOTHING
            RETURNING part, seq, outcome),
        kept AS MATERIALIZED (SELECT g.*, w.outcome FROM given g JOIN won w ON w.part = g.part AND w.seq = g.seq),
        again AS (
            INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                                 enqueued_at)
            SELECT v_part, front_of(stream), job_id, run, no + 1, attempt, rescues + 1, charge, kind, kind_version, payload, headers, expires_at,
                   enqueued_at
              FROM kept WHERE outcome = 'rescued' ORDER BY part, seq)
        SELECT k.job_id, s.queue, k.kind, k.rescues + 1, k.charge, k.outcome = 'discarded' FROM kept k JOIN stream s ON s.id = k.stream;
    IF NOT FOUND THEN   -- all of them ended meanwhile: there may be more
        RETURN QUERY SELECT * FROM rescue(p_by, p_by_epoch, p_dead, p_limit);
    END IF;
END $$;

-- ------------------------------------------------------------------------------------------------ waiting

-- An ending for a job that is in no stream now: a delivery that is born ended.
CREATE FUNCTION end_unclaimed(p_stream INT, p_job UUID, p_run INT, p_no INT, p_attempt INT, p_rescues INT, p_charged INT, p_kind TEXT,
                              p_kind_version INT, p_payload TEXT, p_headers JSONB, p_expires_at TIMESTAMPTZ, p_enqueued_at TIMESTAMPTZ,
                              p_outcome outcome_kind, p_reason TEXT, p_failure JSONB)
RETURNS VOID LANGUAGE sql VOLATILE AS $$
    WITH born AS (
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                             enqueued_at)
        SELECT current_part, ended_of(p_stream), p_job, p_run, p_no, p_attempt, p_rescues, p_charged, p_kind, p_kind_version, p_payload,
               p_headers, p_expires_at, p_enqueued_at FROM meta
        RETURNING part, seq)
    INSERT INTO outcome (part, seq, job_id, outcome, reason, failure)
    SELECT part, seq, p_job, p_outcome, p_reason, p_failure FROM born
$$;

-- Due timers back into their streams; expired ones end here. The second statement needs no lock of the first: what it deleted is ours.
CREATE FUNCTION promote(p_node UUID, p_epoch INT, p_limit INT) RETURNS TABLE (count INT, next_millis BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp AS $$
DECLARE v_due timer[]; t timer; v_n INT := 0;
BEGIN
    PERFORM fence(p_node, p_epoch);
    WITH due AS MATERIALIZED (SELECT id FROM timer WHERE run_at <= clock_timestamp() ORDER BY run_at, id LIMIT p_limit FOR UPDATE SKIP LOCKED),
         taken AS (DELETE FROM timer USING due WHERE timer.id = due.id RETURNING timer.*)
    SELECT array_agg(taken::timer ORDER BY taken.run_at, taken.id) INTO v_due FROM taken;
    IF v_due IS NOT NULL THEN
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                             enqueued_at)
        SELECT m.current_part, d.stream, d.job_id, d.run, d.no, d.attempt, d.rescues, d.charged, d.kind, d.kind_version, d.payload, d.headers,
               d.expires_at, d.enqueued_at
          FROM meta m, unnest(v_due) WITH ORDINALITY d
         WHERE d.expires_at IS NULL OR d.expires_at >= clock_timestamp() ORDER BY d.ordinality;
        GET DIAGNOSTICS v_n = ROW_COUNT;
        FOREACH t IN ARRAY v_due LOOP
            IF t.expires_at < clock_timestamp() AND NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = t.job_id AND j.run = t.run AND j.no = t.no) THEN
                PERFORM end_unclaimed(t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload,
                    t.headers, t.expires_at, t.enqueued_at, 'discarded', NULL, jsonb_build_object('type', 'expired', 'message',
                    'it expired at ' || t.expires_at || ', before its time to run had come', 'fingerprint', 'expired', 'attempt', 0, 'trace', ''));
            END IF;
        END LOOP;
    END IF;
    RETURN QUERY SELECT v_n, (SELECT CASE WHEN min(run_at) IS NOT NULL
                          THEN greatest(0, ceil(extract(epoch FROM min(run_at) - clock_timestamp()) * 1000))::BIGINT END FROM timer);
END $$;

-- Parked deliveries back into their ordinary streams, oldest first, as many of each kind as the caller can run.
CREATE FUNCTION release(p_node UUID, p_epoch INT, p_kind TEXT[], p_version INT[], p_room INT[], p_limit INT)
RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_n INT;
BEGIN
    PERFORM fence(p_node, p_epoch);
    WITH fit AS MATERIALIZED (
        SELECT r.id FROM unnest(p_kind, p_version, p_room) k (kind, version, room)
         CROSS JOIN LATERAL (
               SELECT p.id FROM parked p JOIN stream s ON s.id = p.stream
                WHERE p.kind = k.kind AND p.kind_version <= k.version
                  AND (p.parking <> 'undecodable' OR p.since < (SELECT started_at FROM node WHERE id = p_node))   -- a newer build, perhaps
                  AND NOT EXISTS (SELECT FROM pause z WHERE (z.scope, z.name) IN (('kind', p.kind), ('queue', s.queue)))
                ORDER BY p.id LIMIT k.room) r
         ORDER BY r.id LIMIT p_limit),
    mine AS MATERIALIZED (SELECT p.id FROM parked p JOIN fit ON fit.id = p.id ORDER BY p.id FOR UPDATE OF p SKIP LOCKED),
    freed AS (DELETE FROM parked USING mine WHERE parked.id = mine.id RETURNING parked.*)
    INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT m.current_part, f.stream, f.job_id, f.run, f.no, f.attempt, f.rescues, f.charged, f.kind, f.kind_version, f.payload, f.headers,
           f.expires_at, f.enqueued_at FROM meta m, freed f ORDER BY f.id;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;

-- ------------------------------------------------------------------------------------------------ handlers

CREATE FUNCTION write_notes(p_node UUID, p_epoch INT, p_part INT[], p_job UUID[], p_run INT[], p_no INT[], p_attempt INT[], p_at TIMESTAMPTZ[],
                            p_line TEXT[], p_done BIGINT[], p_total BIGINT[])
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    INSERT INTO job_note (part, job_id, run, attempt, at, line)
    SELECT i.part, i.job, i.run, i.attempt, i.at, i.line
      FROM unnest(p_part, p_job, p_run, p_attempt, p_at, p_line) WITH ORDINALITY i (part, job, run, attempt, at, line, nr)
     WHERE i.line IS NOT NULL ORDER BY i.nr;
    INSERT INTO progress AS p (job_id, run, no, done, total, at)
    SELECT DISTINCT ON (i.job) i.job, i.run, i.no, i.done, i.total, i.at
      FROM unnest(p_job, p_run, p_no, p_at, p_done, p_total) WITH ORDINALITY i (job, run, no, at, done, total, nr)
     WHERE i.done IS NOT NULL ORDER BY i.job, i.nr DESC
        ON CONFLICT (job_id) DO UPDATE SET run = excluded.run, no = excluded.no, done = excluded.done, total = excluded.total, at = excluded.at
     WHERE (p.run, p.no) <= (excluded.run, excluded.no);
END $$;

-- Callers fence. Refused once the delivery has ended, or a later delivery of the job has read the checkpoint.
CREATE FUNCTION put_checkpoint(p_part INT, p_seq BIGINT, p_job UUID, p_run INT, p_no INT, p_value TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO checkpoint AS c (job_id, run, no, value) VALUES (p_job, p_run, p_no, p_value)
        ON CONFLICT (job_id) DO UPDATE SET run = excluded.run, no = excluded.no, value = excluded.value, at = clock_timestamp()
     WHERE (c.run, c.no) <= (excluded.run, excluded.no);
    IF NOT FOUND OR EXISTS (SELECT FROM outcome WHERE part = p_part AND seq = p_seq) THEN
        RAISE EXCEPTION 'job % has ended here, or runs elsewhere', p_job USING ERRCODE = 'MR008';
    END IF;
END $$;

CREATE FUNCTION write_checkpoint(p_node UUID, p_epoch INT, p_part INT, p_seq BIGINT, p_job UUID, p_run INT, p_no INT, p_value TEXT)
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    PERFORM put_checkpoint(p_part, p_seq, p_job, p_run, p_no, p_value);
END $$;

-- In the caller's transaction, any isolation: it commits with the caller's rows.
CREATE FUNCTION checkpoint_in(p_node UUID, p_epoch INT, p_part INT, p_seq BIGINT, p_job UUID, p_run INT, p_no INT, p_value TEXT)
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence_row(p_node, p_epoch);
    PERFORM put_checkpoint(p_part, p_seq, p_job, p_run, p_no, p_value);
END $$;

-- Reading takes it over: an upsert, so that it waits for an earlier delivery's open transaction. Nothing known: nothing is written
-- unless such a transaction is open, which only a rescued or repeated delivery can meet.
CREATE FUNCTION read_checkpoint(p_node UUID, p_epoch INT, p_job UUID, p_run INT, p_no INT)
RETURNS TEXT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_value TEXT;
BEGIN
    PERFORM fence(p_node, p_epoch);
    IF p_no = 1 AND p_run = 1 THEN                       -- the first delivery of all: there is nobody to take it over from
        RETURN (SELECT value FROM checkpoint WHERE job_id = p_job);
    END IF;
    INSERT INTO checkpoint AS c (job_id, run, no, value) VALUES (p_job, p_run, p_no, NULL)
        ON CONFLICT (job_id) DO UPDATE SET no = excluded.no, run = excluded.run, value = CASE WHEN c.run = excluded.run THEN c.value END
     WHERE (c.run, c.no) <= (excluded.run, excluded.no)
    RETURNING c.value INTO v_value;
    IF NOT FOUND THEN RAISE EXCEPTION 'job % runs elsewhere', p_job USING ERRCODE = 'MR008'; END IF;
    RETURN v_value;
END $$;

-- ------------------------------------------------------------------------------------------------ operators

-- Everything that was cancelled since the snapshot in p_since ('' for all), by transaction: a slow one is not skipped.
CREATE FUNCTION cancelled_since(p_since TEXT) RETURNS TABLE (part INT, stream INT, xid BIGINT, seq BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF p_since = '' THEN RETURN QUERY SELECT part, stream, xid::TEXT::BIGINT, seq FROM cancel_mark;
    ELSE RETURN QUERY SELECT part, stream, xid::TEXT::BIGINT, seq FROM cancel_mark
           WHERE marked >= pg_snapshot_xmin(p_since::PG_SNAPSHOT) AND NOT pg_visible_in_snapshot(marked, p_since::PG_SNAPSHOT);
    END IF;
END $$;

-- The state the job is in now; null if it is not known. Exactly one of this and the job's own ending wins: the unique outcome decides.
CREATE FUNCTION cancel_job(p_job UUID, p_reason TEXT, p_by TEXT) RETURNS TEXT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
DECLARE t timer; p parked; j job_log; v_outcome outcome_kind; v_known BOOL;
BEGIN
    PERFORM read_committed();
    FOR i IN 1..100 LOOP
        DELETE FROM timer WHERE job_id = p_job RETURNING * INTO t;
        IF FOUND THEN
            PERFORM end_unclaimed(t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload, t.headers,
                                  t.expires_at, t.enqueued_at, 'cancelled', p_reason, NULL);
            INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'cancel', p_job::TEXT, p_reason);
            RETURN 'cancelled';
        END IF;
        DELETE FROM parked WHERE job_id = p_job RETURNING * INTO p;
        IF FOUND THEN
            PERFORM end_unclaimed(p.stream, p.job_id, p.run, p.no, p.attempt, p.rescues, p.charged, p.kind, p.kind_version, p.payload, p.headers,
                                  p.expires_at, p.enqueued_at, 'cancelled', p_reason, NULL);
            INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'cancel', p_job::TEXT, p_reason);
            RETURN 'cancelled';
        END IF;
        SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
        IF NOT FOUND THEN
            IF v_known OR EXISTS (SELECT FROM timer WHERE job_id = p_job UNION ALL SELECT FROM parked WHERE job_id = p_job) THEN
                v_known := true; CONTINUE;
            END IF;
            RETURN NULL;
        END IF;
        SELECT outcome INTO v_outcome FROM outcome o WHERE o.part = j.part AND o.seq = j.seq;
        IF NOT FOUND THEN
            INSERT INTO outcome (part, seq, job_id, outcome, reason) VALUES (j.part, j.seq, p_job, 'cancelled', p_reason) ON CONFLICT DO NOTHING;
            IF FOUND THEN
                INSERT INTO cancel_mark (part, seq, stream, xid) VALUES (j.part, j.seq, j.stream, j.xid);
                INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'cancel', p_job::TEXT, p_reason);
                RETURN 'cancelled';
            END IF;
        ELSE
            CASE v_outcome
                WHEN 'done' THEN RETURN 'completed';
                WHEN 'cancelled' THEN RETURN 'cancelled';
                WHEN 'discarded' THEN RETURN 'discarded';
                ELSE NULL;                      -- it is on its way from one table to another: look again
            END CASE;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'job % moved too fast to be cancelled', p_job USING ERRCODE = '40001';
END $$;

-- A new run of a job that has ended. Answers the state before; if that had not ended, nothing was done; null if the job is not known.
CREATE FUNCTION requeue_job(p_job UUID, p_by TEXT) RETURNS TEXT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
DECLARE j job_log; v_outcome outcome_kind;
BEGIN
    PERFORM read_committed();
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;         -- twice at once is once
    PERFORM FROM timer WHERE job_id = p_job;
    IF FOUND THEN RETURN (SELECT CASE WHEN retry THEN 'retryable' ELSE 'scheduled' END FROM timer WHERE job_id = p_job); END IF;
    PERFORM FROM parked WHERE job_id = p_job;
    IF FOUND THEN RETURN 'available'; END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT outcome INTO v_outcome FROM outcome o WHERE o.part = j.part AND o.seq = j.seq;
    IF v_outcome IS NULL THEN RETURN CASE WHEN is_claimed(j.stream, j.xid, j.seq) THEN 'running' ELSE 'available' END; END IF;
    IF v_outcome NOT IN ('done', 'cancelled', 'discarded') THEN RETURN 'available'; END IF;
    INSERT INTO job_log (part, stream, job_id, run, kind, kind_version, payload, headers)
    SELECT current_part, ordinary_of(j.stream), j.job_id, j.run + 1, j.kind, j.kind_version, j.payload, j.headers FROM meta;
    PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = j.stream;
    INSERT INTO audit (by, action, target) VALUES (p_by, 'requeue', p_job::TEXT);
    RETURN CASE v_outcome WHEN 'done' THEN 'completed' ELSE v_outcome::TEXT END;
END $$;
