-- A flush that is repeated after its delivery's partition has been dropped could not be written, again and again: there is nowhere to write it;
-- or its claim was not known any more, and the node took itself for deposed. As before, but below the live partition everything has ended, so what
-- comes for it has lost, or was written before: 'lost'.

CREATE OR REPLACE FUNCTION settle(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                       p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                       p_result TEXT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_streams INT[]; v_lo INT[]; v_hi INT[]; v_won_part INT[]; v_won_seq BIGINT[]; v_part INT; v_live INT := (SELECT live_part FROM meta);
BEGIN
    SELECT array_agg(c.stream ORDER BY t.nr), array_agg(c.lo_part ORDER BY t.nr), array_agg(c.hi_part ORDER BY t.nr)
      INTO v_streams, v_lo, v_hi
      FROM unnest(p_tokens) WITH ORDINALITY t (token, nr)
      LEFT JOIN claim c ON c.token = t.token AND c.node = p_node AND c.epoch = p_epoch;
    IF EXISTS (SELECT FROM unnest(p_claim, p_part) i (claim, part)
                WHERE i.part >= v_live AND (i.part BETWEEN v_lo[i.claim] AND v_hi[i.claim]) IS NOT TRUE) THEN     -- every claim is still there, and ours
        RAISE EXCEPTION 'flush: unknown claim' USING ERRCODE = 'MR003';
    END IF;
    WITH won AS (
        INSERT INTO outcome (part, seq, job_id, outcome, node, token, started_at, took_micros, reason, failure, result)
        SELECT i.part, i.seq, i.job_id, i.outcome::outcome_kind, p_node, p_tokens[i.claim], i.started, i.took, i.reason, i.failure::JSONB, i.result
          FROM unnest(p_claim, p_part, p_seq, p_job, p_outcome, p_started, p_took, p_reason, p_failure, p_result)
               i (claim, part, seq, job_id, outcome, started, took, reason, failure, result)
         WHERE i.part >= v_live
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
              LEFT JOIN outcome o ON o.part = i.part AND o.seq = i.seq
             WHERE v_won_seq IS NULL
                OR NOT EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq);
    END IF;
END $$;
