-- Plans that stay good. A session plans a function's statements at their first use, often while the tables are empty, and keeps the plans; and no
-- statistics are kept of a table that stays small, such as `meta`, whose one row is taken for a thousand.

-- Which streams have work. Where a transaction was open at a stream's last claim, the whole stream was read, and each look took longer. As before, but
-- by the index, whatever the statistics say.
CREATE OR REPLACE FUNCTION poll(p_streams INT[]) RETURNS SETOF INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_live INT := (SELECT live_part FROM meta);
BEGIN
    RETURN QUERY
        SELECT s FROM unnest(p_streams) s
         CROSS JOIN LATERAL (SELECT snap, exhausted FROM claim WHERE stream = s AND part >= v_live ORDER BY no DESC LIMIT 1) c
         WHERE NOT c.exhausted
            OR EXISTS (SELECT FROM job_log j WHERE j.stream = s AND j.part >= v_live AND j.xid >= pg_snapshot_xmax(c.snap))
            OR EXISTS (SELECT FROM pg_snapshot_xip(c.snap) x
                        CROSS JOIN LATERAL (SELECT FROM job_log j WHERE j.stream = s AND j.xid = x AND j.part >= v_live LIMIT 1) late);
END $$;

-- The outcomes of a batch. Callers fence. As before, but where all have won, as nearly always, none is looked for among them: a thousand retries in a
-- batch were compared with each other half a million times.
CREATE OR REPLACE FUNCTION settle(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                       p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                       p_result TEXT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_all BOOL; v_streams INT[]; v_lo INT[]; v_hi INT[]; v_won_part INT[]; v_won_seq BIGINT[]; v_part INT; v_live INT := (SELECT live_part FROM meta);
BEGIN
    SELECT array_agg(c.stream ORDER BY t.nr), array_agg(c.lo_part ORDER BY t.nr), array_agg(c.hi_part ORDER BY t.nr)
      INTO v_streams, v_lo, v_hi
      FROM unnest(p_tokens) WITH ORDINALITY t (token, nr)
      LEFT JOIN LATERAL (SELECT * FROM claim x WHERE x.token = t.token OFFSET 0) c ON c.node = p_node AND c.epoch = p_epoch;
    IF EXISTS (SELECT FROM unnest(p_claim, p_part) i (claim, part)
                WHERE i.part >= v_live AND (i.part BETWEEN v_lo[i.claim] AND v_hi[i.claim]) IS NOT TRUE) THEN     -- every claim is still there, and ours
        RAISE EXCEPTION 'flush: unknown claim' USING ERRCODE = 'MR003';
    END IF;
    WITH won AS (
        INSERT INTO outcome (part, seq, job_id, outcome, node, token, started_at, took_micros, reason, failure, result)
        SELECT i.part, i.seq, i.job_id, i.outcome::outcome_kind, p_node, p_tokens[i.claim], i.started, i.took, i.reason, i.failure::JSONB, i.result
          FROM unnest(p_claim, p_part, p_seq, p_job, p_outcome, p_started, p_took, p_reason, p_failure, p_result)
               i (claim, part, seq, job_id, outcome, started, took, reason, failure, result)
         WHERE i.part >= v_live AND NOT EXISTS (SELECT FROM outcome_batch b WHERE b.part = i.part AND b.bucket = i.seq >> 10
                                                   AND get_bit(b.bits, (i.seq & 1023)::INT) = 1)
         ORDER BY i.part, i.seq                                                           -- the order is the lock order
            ON CONFLICT (part, seq) DO NOTHING
        RETURNING part, seq)
    SELECT array_agg(part), array_agg(seq) INTO v_won_part, v_won_seq FROM won;
    v_all := cardinality(v_won_seq) IS NOT DISTINCT FROM cardinality(p_seq);

    IF p_outcome && ARRAY['retry', 'timed_out', 'snooze', 'handed_back', 'parked'] AND v_won_seq IS NOT NULL THEN
        SELECT current_part INTO v_part FROM meta;
        WITH given AS MATERIALIZED (
            SELECT i.outcome, i.delay, i.reason, i.failure, j.*
              FROM unnest(p_claim, p_part, p_xid, p_seq, p_outcome, p_delay, p_reason, p_failure)
                   i (claim, part, xid, seq, outcome, delay, reason, failure)
              JOIN job_log j ON j.part = i.part AND j.stream = v_streams[i.claim] AND j.xid = i.xid::TEXT::XID8 AND j.seq = i.seq
             WHERE i.outcome IN ('retry', 'timed_out', 'snooze', 'handed_back', 'parked')
               AND (v_all OR EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq))),
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

    IF NOT v_all THEN
        RETURN QUERY
            SELECT i.nr, CASE WHEN o.token = p_tokens[i.claim] THEN 'repeated' ELSE 'lost' END
              FROM unnest(p_claim, p_part, p_seq) WITH ORDINALITY i (claim, part, seq, nr)
              LEFT JOIN LATERAL ending_of(i.part, i.seq) o ON true
             WHERE v_won_seq IS NULL
                OR NOT EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq);
    END IF;
END $$;

-- Asked by each node that starts: the server compiled it to machine code first, for half a second.
ALTER FUNCTION streams_to_anchor() SET jit = off;
