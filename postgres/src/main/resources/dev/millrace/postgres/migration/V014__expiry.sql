-- A parked job never expired: nobody looked at it before some node could run it. And whatever expired was told as if no attempt had been made,
-- the seventh of its run as well. Besides, what is due was compared with clock_timestamp() itself, which no index can be asked for: each look
-- for due timers went through all of them.

CREATE INDEX ON parked (expires_at) WHERE expires_at IS NOT NULL;

-- In the words of the engine: see store.Expiry.
CREATE FUNCTION expiry_failure(p_no INT, p_attempt INT, p_rescues INT) RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('type', 'expired', 'fingerprint', 'expired', 'trace', '', 'attempt', CASE WHEN p_no = 1 THEN 0 ELSE p_attempt END,
               'message', 'It expired before '
                   || CASE WHEN p_no = 1 THEN 'it could start: no attempt was made'
                           WHEN p_attempt > 1 OR p_rescues > 0 THEN 'attempt ' || p_attempt || ' could start'
                           ELSE 'it could start' END || '.')
$$;

-- As before, and parked jobs that have expired end here too, some at a time.
CREATE OR REPLACE FUNCTION promote(p_node UUID, p_epoch INT, p_limit INT) RETURNS TABLE (count INT, next_millis BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp AS $$
DECLARE v_due timer[]; t timer; p parked; v_n INT := 0; v_now TIMESTAMPTZ := clock_timestamp();
BEGIN
    PERFORM fence(p_node, p_epoch);
    WITH due AS MATERIALIZED (SELECT id FROM timer WHERE run_at <= v_now ORDER BY run_at, id LIMIT p_limit FOR UPDATE SKIP LOCKED),
         taken AS (DELETE FROM timer USING due WHERE timer.id = due.id RETURNING timer.*)
    SELECT array_agg(taken::timer ORDER BY taken.run_at, taken.id) INTO v_due FROM taken;
    IF v_due IS NOT NULL THEN
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                             enqueued_at)
        SELECT m.current_part, d.stream, d.job_id, d.run, d.no, d.attempt, d.rescues, d.charged, d.kind, d.kind_version, d.payload, d.headers,
               d.expires_at, d.enqueued_at
          FROM meta m, unnest(v_due) WITH ORDINALITY d
         WHERE d.expires_at IS NULL OR d.expires_at >= v_now ORDER BY d.ordinality;
        GET DIAGNOSTICS v_n = ROW_COUNT;
        FOREACH t IN ARRAY v_due LOOP
            IF t.expires_at < v_now AND NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = t.job_id AND j.run = t.run AND j.no = t.no) THEN
                PERFORM end_unclaimed(t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload,
                    t.headers, t.expires_at, t.enqueued_at, 'discarded', NULL, expiry_failure(t.no, t.attempt, t.rescues));
            END IF;
        END LOOP;
    END IF;
    FOR p IN
        WITH late AS MATERIALIZED (
            SELECT id FROM parked WHERE expires_at < v_now ORDER BY expires_at LIMIT least(p_limit, 100) FOR UPDATE SKIP LOCKED)
        DELETE FROM parked USING late WHERE parked.id = late.id RETURNING parked.*
    LOOP
        PERFORM end_unclaimed(p.stream, p.job_id, p.run, p.no, p.attempt, p.rescues, p.charged, p.kind, p.kind_version, p.payload, p.headers,
                              p.expires_at, p.enqueued_at, 'discarded', NULL, expiry_failure(p.no, p.attempt, p.rescues));
    END LOOP;
    RETURN QUERY SELECT v_n, (SELECT CASE WHEN min(run_at) IS NOT NULL
                          THEN greatest(0, ceil(extract(epoch FROM min(run_at) - clock_timestamp()) * 1000))::BIGINT END FROM timer);
END $$;
