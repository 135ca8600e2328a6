-- What a build would find: how many jobs of each kind and version wait, and some of them; and available jobs, without a walk through all that is live.

-- ---------------------------------------------------------------------------------------------- what waits, by kind and version

-- Jobs that wait in these queues. Looked at are p_look jobs from either end of the timers and of what is parked, and p_each from the head of each stream that
-- has any. First a row without a kind, which tells whether that is all there is; then a row without a job for each kind and version, with how many of it were
-- met; then jobs, of each kind and version the p_most oldest that were met, but p_bytes of payload in all, and one of each at least.
-- Bound: twice p_look entries of the timers' and of the parked jobs' index each with their rows, p_each deliveries of each stream, and p_bytes.
-- `waiting_sample` stays for processes that were started before this.
CREATE FUNCTION waiting_jobs(p_queues TEXT[], p_most INT, p_look INT, p_each INT, p_bytes BIGINT)
RETURNS TABLE (kind TEXT, kind_version INT, met BIGINT, job_id UUID, payload TEXT, complete BOOL) LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE v_streams INT[] := ARRAY(SELECT id FROM stream WHERE queue = ANY (p_queues) AND shard > -2);
BEGIN
    RETURN QUERY
        WITH timers AS MATERIALIZED (
                 (SELECT id, stream, job_id, kind, kind_version FROM timer ORDER BY run_at, id LIMIT p_look)
                  UNION (SELECT id, stream, job_id, kind, kind_version FROM timer ORDER BY run_at DESC, id DESC LIMIT p_look)),
             parkings AS MATERIALIZED (
                 (SELECT id, stream, job_id, kind, kind_version FROM parked ORDER BY id LIMIT p_look)
                  UNION (SELECT id, stream, job_id, kind, kind_version FROM parked ORDER BY id DESC LIMIT p_look)),
             backlogs AS MATERIALIZED (
                 SELECT b.* FROM poll(v_streams) s CROSS JOIN LATERAL backlog(s, p_each) b),
             met AS MATERIALIZED (
                 SELECT t.id AS timer, NULL::BIGINT AS parking, NULL::place AS place, t.job_id, t.kind, t.kind_version
                   FROM timers t WHERE t.stream = ANY (v_streams)
                  UNION ALL
                 SELECT NULL, k.id, NULL, k.job_id, k.kind, k.kind_version FROM parkings k WHERE k.stream = ANY (v_streams)
                  UNION ALL
                 SELECT NULL, NULL, (b.part, b.stream, b.xid, b.seq)::place, j.job_id, j.kind, j.kind_version
                   FROM backlogs b JOIN job_log j ON j.part = b.part AND j.stream = b.stream AND j.xid = b.xid AND j.seq = b.seq
                  WHERE NOT EXISTS (SELECT FROM outcome o WHERE o.part = b.part AND o.seq = b.seq)),
             ranked AS (
                 SELECT m.*, row_number() OVER (PARTITION BY m.kind, m.kind_version ORDER BY m.job_id) AS nr FROM met m),
             chosen AS MATERIALIZED (
                 SELECT r.nr, r.job_id, r.kind, r.kind_version,
                        coalesce((SELECT x.payload FROM timer x WHERE x.id = r.timer), (SELECT x.payload FROM parked x WHERE x.id = r.parking),
                            (SELECT x.payload FROM job_log x WHERE x.part = (r.place).part AND x.stream = (r.place).stream
                                AND x.xid = (r.place).xid AND x.seq = (r.place).seq)) AS payload
                   FROM ranked r WHERE r.nr <= p_most),
             fitting AS MATERIALIZED (
                 SELECT c.*, c.nr = 1 OR sum(octet_length(c.payload)) OVER (ORDER BY c.nr, c.kind, c.kind_version) <= p_bytes AS fits FROM chosen c)
        SELECT NULL::TEXT, NULL::INT, NULL::BIGINT, NULL::UUID, NULL::TEXT,
               (SELECT count(*) FROM timers) < p_look AND (SELECT count(*) FROM parkings) < p_look
               AND NOT EXISTS (SELECT FROM backlogs b GROUP BY b.stream HAVING count(*) >= p_each)
         UNION ALL
        SELECT * FROM (SELECT m.kind, m.kind_version, count(*), NULL::UUID, NULL::TEXT, NULL::BOOL FROM met m
                        GROUP BY m.kind, m.kind_version ORDER BY m.kind COLLATE "C", m.kind_version) counted
         UNION ALL
        SELECT * FROM (SELECT f.kind, f.kind_version, NULL::BIGINT, f.job_id, f.payload, NULL::BOOL FROM fitting f WHERE f.fits
                        ORDER BY f.kind COLLATE "C", f.kind_version, f.nr) ordered;
END $$;

-- ---------------------------------------------------------------------------------------------- changes of many

-- As before; but of available jobs what waits to be claimed is read by itself, if it is not more than 10,000 deliveries. All deliveries of the partitions that
-- are not past were walked for them, most of them of jobs that have ended: for three jobs among a day of a million an hour, all of them.
-- Bound: a claim of each stream, 10,001 deliveries that wait, p_look that are parked, and for each that is looked at its last delivery; beyond it p_look deliveries.
CREATE OR REPLACE FUNCTION select_jobs(p_selection JSONB, p_before UUID, p_look INT) RETURNS TABLE (job_id UUID, run INT, selected BOOL) LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_state   TEXT := p_selection->>'state';
    v_before  UUID := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    v_since   TIMESTAMPTZ := coalesce((p_selection->>'since')::TIMESTAMPTZ, '-infinity');
    v_upto    TIMESTAMPTZ := coalesce((p_selection->>'upto')::TIMESTAMPTZ, 'infinity');
    v_streams INT[] := CASE WHEN p_selection->>'queue' IS NOT NULL THEN ARRAY(SELECT id FROM stream WHERE queue = p_selection->>'queue') END;
    v_live    INT := (SELECT live_part FROM meta);
    v_failure BOOL := p_selection ?| ARRAY['failedWith', 'fingerprint', 'text'];
    v_log     UUID[];
    v_busy    INT[];
    v_much    CONSTANT INT := 10000;
    v_parked  UUID[];
    v_floor   UUID := '00000000-0000-0000-0000-000000000000';
BEGIN
    CASE
    WHEN v_state IN ('discarded', 'cancelled') THEN
        RETURN QUERY
            SELECT c.job_id, l.run,
                   coalesce(e.outcome::TEXT = v_state AND e.at BETWEEN v_since AND v_upto AND (v_streams IS NULL OR l.stream = ANY (v_streams))
                            AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = c.job_id) AND NOT EXISTS (SELECT FROM parked k WHERE k.job_id = c.job_id)
                            AND NOT EXISTS (SELECT FROM deleted_job d WHERE d.job_id = c.job_id AND d.run = l.run)
                            AND is_selected(p_selection, l.kind, l.headers, l.payload,
                                            CASE WHEN v_failure THEN coalesce(e.failure, last_failure(c.job_id, l.run)) END), false)
              FROM (SELECT DISTINCT x.job_id FROM (
                        SELECT o.job_id FROM outcome o
                         WHERE o.outcome IN ('cancelled', 'discarded') AND o.job_id < v_before ORDER BY o.job_id DESC LIMIT p_look) x) c
             CROSS JOIN LATERAL (SELECT j.* FROM job_log j WHERE j.job_id = c.job_id ORDER BY j.run DESC, j.no DESC LIMIT 1) l
              LEFT JOIN LATERAL ending_of(l.part, l.seq) e ON true
             ORDER BY c.job_id DESC;
    WHEN v_state IN ('scheduled', 'retryable') THEN
        RETURN QUERY
            SELECT t.job_id, t.run,
                   t.retry = (v_state = 'retryable') AND t.enqueued_at BETWEEN v_since AND v_upto AND (v_streams IS NULL OR t.stream = ANY (v_streams))
                   AND is_selected(p_selection, t.kind, t.headers, t.payload, CASE WHEN v_failure THEN coalesce(t.failure, last_failure(t.job_id, t.run)) END)
              FROM timer t WHERE t.job_id < v_before ORDER BY t.job_id DESC LIMIT p_look;
    WHEN v_state = 'available' THEN
        v_busy := ARRAY(SELECT p FROM poll(ARRAY(SELECT x.id FROM stream x WHERE x.shard > -2 AND (v_streams IS NULL OR x.id = ANY (v_streams)))) p);
        IF (SELECT count(*) FROM (SELECT FROM unnest(v_busy) s CROSS JOIN LATERAL backlog(s, v_much + 1) b LIMIT v_much + 1) w) <= v_much THEN
            v_log := ARRAY(SELECT DISTINCT j.job_id FROM unnest(v_busy) s CROSS JOIN LATERAL backlog(s, v_much) b
                             JOIN job_log j ON j.part = b.part AND j.stream = b.stream AND j.xid = b.xid AND j.seq = b.seq
                            WHERE j.job_id < v_before ORDER BY j.job_id DESC LIMIT p_look);
        ELSE
            v_log := ARRAY(SELECT l.job_id FROM job_log l WHERE l.part >= v_live AND l.job_id < v_before ORDER BY l.job_id DESC LIMIT p_look);
        END IF;
        v_parked := ARRAY(SELECT k.job_id FROM parked k WHERE k.job_id < v_before ORDER BY k.job_id DESC LIMIT p_look);
        -- Where a list is full there may be more below its end, so the other is read no further than that.
        IF cardinality(v_log) = p_look THEN v_floor := greatest(v_floor, v_log[p_look]); END IF;
        IF cardinality(v_parked) = p_look THEN v_floor := greatest(v_floor, v_parked[p_look]); END IF;
        RETURN QUERY
            SELECT c.job_id, coalesce(k.run, l.run),
                   CASE WHEN k.job_id IS NOT NULL
                        THEN k.enqueued_at BETWEEN v_since AND v_upto AND (v_streams IS NULL OR k.stream = ANY (v_streams))
                             AND is_selected(p_selection, k.kind, k.headers, k.payload, CASE WHEN v_failure THEN last_failure(c.job_id, k.run) END)
                        ELSE coalesce(l.enqueued_at BETWEEN v_since AND v_upto AND (v_streams IS NULL OR l.stream = ANY (v_streams))
                             AND is_selected(p_selection, l.kind, l.headers, l.payload, CASE WHEN v_failure THEN last_failure(c.job_id, l.run) END)
                             AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = c.job_id)
                             AND NOT EXISTS (SELECT FROM ending_of(l.part, l.seq)) AND NOT is_claimed(l.stream, l.xid, l.seq), false)
                   END
              FROM (SELECT DISTINCT u.id AS job_id FROM unnest(v_log || v_parked) u (id) WHERE u.id >= v_floor) c
              LEFT JOIN LATERAL (SELECT p.* FROM parked p WHERE p.job_id = c.job_id LIMIT 1) k ON true
              LEFT JOIN LATERAL (SELECT j.* FROM job_log j WHERE j.job_id = c.job_id ORDER BY j.run DESC, j.no DESC LIMIT 1) l ON true
             ORDER BY c.job_id DESC;
    ELSE
        RAISE EXCEPTION 'select_jobs: jobs that are % are not searched', v_state USING ERRCODE = '22023';
    END CASE;
END $$;
