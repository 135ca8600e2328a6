-- Two things about deaths, for fleets in which many nodes die. How long a node has been silent is known to all, so that the death of who
-- watched it delays nobody. And a death is charged to a marked start only while that is young: nodes that are killed from outside, one
-- after the other, would otherwise make every long job look guilty.

-- The longest that any node has watched another's beat stand still. A row counts while `beat` is the counter's value.
CREATE TABLE silence (
    node   UUID   PRIMARY KEY,
    beat   BIGINT NOT NULL,
    millis BIGINT NOT NULL
);

CREATE FUNCTION witness(p_by UUID, p_by_epoch INT, p_node UUID, p_beat BIGINT, p_millis BIGINT)
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence(p_by, p_by_epoch);
    INSERT INTO silence AS s VALUES (p_node, p_beat, p_millis)
        ON CONFLICT (node) DO UPDATE SET beat = excluded.beat, millis = excluded.millis
            WHERE (s.beat, s.millis) < (excluded.beat, excluded.millis);
END $$;

-- Marked starts whose handler ran past its youth. Few: only what lost a node before is marked at all.
CREATE TABLE outlived (
    part INT    NOT NULL,
    seq  BIGINT NOT NULL,
    PRIMARY KEY (part, seq)
);

CREATE FUNCTION outlived_starts(p_node UUID, p_epoch INT, p_part INT[], p_seq BIGINT[])
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    INSERT INTO outlived SELECT i.part, i.seq FROM unnest(p_part, p_seq) i (part, seq) ORDER BY i.part, i.seq
        ON CONFLICT DO NOTHING;
END $$;

-- How often this run died with its node after it was young.
CREATE FUNCTION late_deaths(p_job UUID, p_run INT) RETURNS INT LANGUAGE sql STABLE SET search_path = ${schema}, pg_temp AS $$
    SELECT count(*)::INT
      FROM job_log j
      JOIN outlived y ON y.part = j.part AND y.seq = j.seq
      JOIN outcome o ON o.part = j.part AND o.seq = j.seq AND o.outcome = 'rescued'
     WHERE j.job_id = p_job AND j.run = p_run
$$;

-- As before, but for whom it charges: a marked start that died young adds a charge, one that had outlived its youth clears all of them.
-- Three charges discard; so do six deaths of a run that came later.
CREATE OR REPLACE FUNCTION rescue(p_by UUID, p_by_epoch INT, p_dead UUID, p_limit INT)
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
            SELECT j.*, CASE WHEN s.seq IS NULL THEN j.charged WHEN y.seq IS NULL THEN j.charged + 1 ELSE 0 END AS charge,
                   CASE WHEN s.seq IS NULL OR y.seq IS NULL THEN 0 ELSE late_deaths(j.job_id, j.run) + 1 END AS late
              FROM unnest(v_open) o JOIN job_log j ON j.part = o.part AND j.stream = o.stream AND j.xid = o.xid AND j.seq = o.seq
              LEFT JOIN start_mark s ON s.part = j.part AND s.seq = j.seq
              LEFT JOIN outlived y ON y.part = j.part AND y.seq = j.seq),
        judged AS MATERIALIZED (
            SELECT *, CASE WHEN charge >= 3 THEN 'its worker died ' || charge || ' times soon after a marked start'
                           WHEN late >= 6 THEN 'its worker died ' || late || ' times while it ran' END AS verdict FROM given),
        won AS (
            INSERT INTO outcome (part, seq, job_id, outcome, node, reason, failure)
            SELECT part, seq, job_id, CASE WHEN verdict IS NULL THEN 'rescued' ELSE 'discarded' END::outcome_kind, p_by,
                   CASE WHEN verdict IS NULL THEN 'node ' || p_dead || ' died' END,
                   CASE WHEN verdict IS NOT NULL THEN jsonb_build_object('type', 'worker died', 'message', verdict,
                       'fingerprint', 'worker-died', 'attempt', attempt, 'trace', '') END
              FROM judged ORDER BY part, seq
                ON CONFLICT (part, seq) DO NOTHING
            RETURNING part, seq, outcome),
        kept AS MATERIALIZED (SELECT g.*, w.outcome FROM judged g JOIN won w ON w.part = g.part AND w.seq = g.seq),
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

-- As before, and `outlived` and `silence`.
CREATE OR REPLACE FUNCTION sweep(p_keep INTERVAL, p_keys INTERVAL) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    DELETE FROM idempotency_key WHERE ctid IN (SELECT ctid FROM idempotency_key WHERE at < clock_timestamp() - p_keys LIMIT 10000);
    DELETE FROM cancel_mark WHERE part < (SELECT live_part FROM meta);
    DELETE FROM outlived WHERE part < (SELECT live_part FROM meta);
    DELETE FROM silence s WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = s.node AND n.state <> 'gone');
    DELETE FROM node n WHERE state = 'gone' AND EXISTS (SELECT FROM beat b WHERE b.node = n.id AND b.at < clock_timestamp() - INTERVAL '1 day');
    DELETE FROM beat b WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = b.node) AND b.at < clock_timestamp() - INTERVAL '1 hour';
    DELETE FROM manifest m WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = m.node AND n.state <> 'gone');
    DELETE FROM progress p WHERE at < clock_timestamp() - p_keep
        AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = p.job_id) AND NOT EXISTS (SELECT FROM parked t WHERE t.job_id = p.job_id)
        AND NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = p.job_id);
    DELETE FROM checkpoint p WHERE at < clock_timestamp() - p_keep
        AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = p.job_id) AND NOT EXISTS (SELECT FROM parked t WHERE t.job_id = p.job_id)
        AND NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = p.job_id);
    DELETE FROM audit WHERE at < clock_timestamp() - INTERVAL '365 days';
END $$;
