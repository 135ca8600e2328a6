-- Who has a job that runs: found among the newest claims of its stream, where most are, and else by halves. Before, all claims since its own were read.

SET LOCAL lock_timeout = '5s';

-- The claim that has handed out this delivery; its columns are null if none has, or that is not known any more.
CREATE FUNCTION claim_that_has(p_part INT, p_stream INT, p_xid XID8, p_seq BIGINT) RETURNS claim LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE c claim;
BEGIN
    SELECT x.* INTO c FROM (SELECT * FROM claim WHERE stream = p_stream ORDER BY no DESC LIMIT 32) x
     WHERE x.n > 0 AND (p_xid, p_seq) > (x.from_xid, x.from_seq) AND (p_xid, p_seq) <= (x.upto_xid, x.upto_seq)
       AND pg_visible_in_snapshot(p_xid, x.snap) AND NOT pg_visible_in_snapshot(p_xid, x.prev) ORDER BY x.no DESC LIMIT 1;
    IF FOUND THEN RETURN c; END IF;
    RETURN claim_of(p_part, p_stream, p_xid, p_seq);
END $$;

-- As before; but who has a job that runs for long is found without all claims since. The OFFSET keeps the condition before the call: else it were made for each row.
CREATE OR REPLACE FUNCTION look(p_jobs UUID[])
RETURNS TABLE (nr BIGINT, job_id UUID, kind TEXT, kind_version INT, queue TEXT, priority INT, state TEXT, run INT, attempt INT, rescues INT,
               payload TEXT, headers TEXT, enqueued_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, run_at TIMESTAMPTZ, started_at TIMESTAMPTZ,
               ended_at TIMESTAMPTZ, node TEXT, reason TEXT, result TEXT, failure TEXT, progress_done BIGINT, progress_total BIGINT,
               progress_at TIMESTAMPTZ)
LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT i.nr, i.job_id, j.kind, j.kind_version, s.queue, s.priority, now.state, j.run, j.attempt, j.rescues, j.payload, j.headers::TEXT,
               first.enqueued_at, j.expires_at, nullif(t.run_at, 'infinity'), coalesce(o.started_at, c.at), CASE WHEN now.ended THEN o.at END,
               coalesce(o.node, c.node)::TEXT,
               coalesce(t.reason, k.reason, CASE WHEN now.ended THEN o.reason END), o.result,
               coalesce(o.failure, t.failure,
                   CASE WHEN j.attempt > 1 THEN (SELECT f.failure FROM job_log e JOIN outcome f ON f.part = e.part AND f.seq = e.seq
                     WHERE e.job_id = i.job_id AND f.failure IS NOT NULL ORDER BY e.run DESC, e.no DESC LIMIT 1) END)::TEXT,
               p.done, p.total, p.at
          FROM unnest(p_jobs) WITH ORDINALITY i (job_id, nr)
          LEFT JOIN LATERAL (SELECT * FROM timer x WHERE x.job_id = i.job_id LIMIT 1) t ON true
          LEFT JOIN LATERAL (SELECT * FROM parked x WHERE x.job_id = i.job_id LIMIT 1) k ON true
          LEFT JOIN LATERAL (SELECT * FROM job_log x WHERE x.job_id = i.job_id ORDER BY x.run DESC, x.no DESC LIMIT 1) l ON t.id IS NULL AND k.id IS NULL
          LEFT JOIN LATERAL ending_of(l.part, l.seq) o ON true
         CROSS JOIN LATERAL (
               SELECT t.stream, t.kind, t.kind_version, t.run, t.attempt, t.rescues, t.payload, t.headers, t.expires_at, t.enqueued_at WHERE t.id IS NOT NULL
                UNION ALL
               SELECT k.stream, k.kind, k.kind_version, k.run, k.attempt, k.rescues, k.payload, k.headers, k.expires_at, k.enqueued_at
                WHERE k.id IS NOT NULL AND t.id IS NULL
                UNION ALL
               SELECT l.stream, l.kind, l.kind_version, l.run, l.attempt, l.rescues, l.payload, l.headers, l.expires_at, l.enqueued_at
                WHERE l.seq IS NOT NULL) j
          JOIN stream s ON s.id = j.stream
         CROSS JOIN LATERAL (SELECT j.enqueued_at) first
         CROSS JOIN LATERAL (
               SELECT CASE WHEN t.id IS NOT NULL THEN CASE WHEN t.retry THEN 'retryable' ELSE 'scheduled' END
                           WHEN k.id IS NOT NULL THEN 'available'
                           WHEN o.outcome = 'done' THEN 'completed'
                           WHEN o.outcome IN ('cancelled', 'discarded') THEN o.outcome::TEXT
                           WHEN o.outcome IS NULL AND is_claimed(l.stream, l.xid, l.seq) THEN 'running'
                           ELSE 'available' END AS state,
                      coalesce(o.outcome IN ('done', 'cancelled', 'discarded'), false) AS ended) now
          LEFT JOIN LATERAL (SELECT x.node, x.at FROM claim_that_has(l.part, l.stream, l.xid, l.seq) x WHERE now.state = 'running' OFFSET 0) c ON true
          LEFT JOIN progress p ON p.job_id = i.job_id AND p.run = j.run
         WHERE now.state NOT IN ('cancelled', 'discarded') OR NOT EXISTS (SELECT FROM deleted_job d WHERE d.job_id = i.job_id AND d.run = j.run)
         ORDER BY i.nr;
END $$;
