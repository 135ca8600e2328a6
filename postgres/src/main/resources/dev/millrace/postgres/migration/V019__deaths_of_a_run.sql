-- A job that killed its node now young, now late, was never stopped for the young deaths, since a late one clears them, and only half as early as
-- it should for the late ones. As before, but six marked starts of a run that died with their nodes discard it, whenever they did.

DROP FUNCTION late_deaths(UUID, INT);

CREATE FUNCTION marked_deaths(p_job UUID, p_run INT) RETURNS INT LANGUAGE sql STABLE SET search_path = ${schema}, pg_temp AS $$
    SELECT count(*)::INT
      FROM job_log j
      JOIN start_mark s ON s.part = j.part AND s.seq = j.seq
      JOIN outcome o ON o.part = j.part AND o.seq = j.seq AND o.outcome = 'rescued'
     WHERE j.job_id = p_job AND j.run = p_run
$$;

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
                   CASE WHEN s.seq IS NULL THEN 0 ELSE marked_deaths(j.job_id, j.run) + 1 END AS deaths
              FROM unnest(v_open) o JOIN job_log j ON j.part = o.part AND j.stream = o.stream AND j.xid = o.xid AND j.seq = o.seq
              LEFT JOIN start_mark s ON s.part = j.part AND s.seq = j.seq
              LEFT JOIN outlived y ON y.part = j.part AND y.seq = j.seq),
        judged AS MATERIALIZED (
            SELECT *, CASE WHEN charge >= 3 THEN 'its worker died ' || charge || ' times soon after a marked start'
                           WHEN deaths >= 6 THEN 'its worker died ' || deaths || ' times while it ran' END AS verdict FROM given),
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
