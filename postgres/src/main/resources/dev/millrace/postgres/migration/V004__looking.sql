-- Looking. Nothing here locks, writes, or reads more of the log than it says.

-- Whether a stream's claims have passed this delivery.
CREATE FUNCTION is_claimed(p_stream INT, p_xid XID8, p_seq BIGINT) RETURNS BOOL LANGUAGE sql STABLE AS $$
    SELECT pg_visible_in_snapshot(p_xid, c.prev)
           OR pg_visible_in_snapshot(p_xid, c.snap) AND (c.exhausted OR (p_xid, p_seq) <= (c.upto_xid, c.upto_seq))
      FROM claim c WHERE c.stream = p_stream AND c.part >= (SELECT live_part FROM meta) ORDER BY c.no DESC LIMIT 1
$$;

-- What a stream's claims have not passed, in order.
CREATE FUNCTION backlog(p_stream INT, p_limit INT) RETURNS SETOF place LANGUAGE plpgsql STABLE AS $$
DECLARE c claim; v_live INT; v_n INT := 0;
BEGIN
    SELECT live_part INTO v_live FROM meta;
    SELECT * INTO c FROM claim WHERE stream = p_stream AND part >= v_live ORDER BY no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN; END IF;
    IF NOT c.exhausted THEN
        RETURN QUERY SELECT * FROM window_rows(p_stream, v_live, 2147483647, c.prev, c.snap, c.upto_xid, c.upto_seq, p_limit);
        GET DIAGNOSTICS v_n = ROW_COUNT;
    END IF;
    IF v_n < p_limit THEN
        RETURN QUERY SELECT * FROM window_rows(p_stream, v_live, 2147483647, c.snap, pg_current_snapshot(), '0', 0, p_limit - v_n);
    END IF;
END $$;

-- These jobs as they stand now, in the order given; unknown ones are left out.
CREATE FUNCTION look(p_jobs UUID[])
RETURNS TABLE (nr BIGINT, job_id UUID, kind TEXT, kind_version INT, queue TEXT, priority INT, state TEXT, run INT, attempt INT, rescues INT,
               payload TEXT, headers TEXT, enqueued_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, run_at TIMESTAMPTZ, started_at TIMESTAMPTZ,
               ended_at TIMESTAMPTZ, node TEXT, reason TEXT, result TEXT, failure TEXT, progress_done BIGINT, progress_total BIGINT,
               progress_at TIMESTAMPTZ)
LANGUAGE sql STABLE SET search_path = ${schema}, pg_temp AS $$
    SELECT i.nr, i.job_id, j.kind, j.kind_version, s.queue, s.priority, now.state, j.run, j.attempt, j.rescues, j.payload, j.headers::TEXT,
           first.enqueued_at, j.expires_at, t.run_at, coalesce(o.started_at, c.at), CASE WHEN now.ended THEN o.at END,
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
      LEFT JOIN outcome o ON o.part = l.part AND o.seq = l.seq
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
      LEFT JOIN LATERAL (
           SELECT x.node, x.at FROM claim x
            WHERE now.state = 'running' AND x.stream = l.stream AND x.n > 0 AND (l.xid, l.seq) > (x.from_xid, x.from_seq)
              AND (l.xid, l.seq) <= (x.upto_xid, x.upto_seq)
              AND pg_visible_in_snapshot(l.xid, x.snap) AND NOT pg_visible_in_snapshot(l.xid, x.prev)
            ORDER BY x.no DESC LIMIT 1) c ON true
      LEFT JOIN progress p ON p.job_id = i.job_id AND p.run = j.run
     ORDER BY i.nr
$$;

-- Jobs, newest first. Ended well, or waiting to be claimed: among the newest 50,000 deliveries before p_before; of what waits also the
-- first 1,000 of each stream.
CREATE FUNCTION list_jobs(p_state TEXT, p_queue TEXT, p_kind TEXT, p_before UUID, p_limit INT)
RETURNS SETOF UUID LANGUAGE plpgsql STABLE SET search_path = ${schema}, pg_temp AS $$
DECLARE
    v_streams INT[] := ARRAY(SELECT id FROM stream WHERE p_queue IS NULL OR queue = p_queue);
    v_before  UUID  := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
    CASE
    WHEN p_state IN ('scheduled', 'retryable') THEN
        RETURN QUERY SELECT t.job_id FROM timer t
          WHERE t.retry = (p_state = 'retryable') AND t.job_id < v_before AND t.stream = ANY (v_streams) AND (p_kind IS NULL OR t.kind = p_kind)
          ORDER BY t.job_id DESC LIMIT p_limit;
    WHEN p_state IN ('cancelled', 'discarded') THEN
        RETURN QUERY SELECT o.job_id FROM outcome o
          CROSS JOIN LATERAL (SELECT l.* FROM job_log l WHERE l.job_id = o.job_id ORDER BY l.run DESC, l.no DESC LIMIT 1) l
          WHERE o.outcome IN ('cancelled', 'discarded') AND o.outcome::TEXT = p_state AND o.job_id < v_before
            AND (l.part, l.seq) = (o.part, o.seq) AND l.stream = ANY (v_streams) AND (p_kind IS NULL OR l.kind = p_kind)
          ORDER BY o.job_id DESC LIMIT p_limit;
    WHEN p_state = 'running' THEN
        RETURN QUERY SELECT j.job_id FROM node n CROSS JOIN LATERAL open_places(n.id, 10000) o
            JOIN job_log j ON j.part = o.part AND j.stream = o.stream AND j.xid = o.xid AND j.seq = o.seq
          WHERE n.state <> 'gone' AND j.job_id < v_before AND j.stream = ANY (v_streams) AND (p_kind IS NULL OR j.kind = p_kind)
          ORDER BY j.job_id DESC LIMIT p_limit;
    WHEN p_state = 'completed' THEN
        RETURN QUERY SELECT l.job_id FROM (SELECT * FROM job_log x WHERE x.job_id < v_before ORDER BY x.job_id DESC LIMIT 50000) l
            JOIN outcome o ON o.part = l.part AND o.seq = l.seq AND o.outcome = 'done'
          WHERE l.stream = ANY (v_streams) AND (p_kind IS NULL OR l.kind = p_kind)
            AND NOT EXISTS (SELECT FROM job_log y WHERE y.job_id = l.job_id AND (y.run, y.no) > (l.run, l.no))
          ORDER BY l.job_id DESC LIMIT p_limit;
    WHEN p_state = 'available' THEN
        RETURN QUERY SELECT DISTINCT w.job_id FROM (
              SELECT k.job_id FROM parked k
                WHERE k.job_id < v_before AND k.stream = ANY (v_streams) AND (p_kind IS NULL OR k.kind = p_kind)
            UNION ALL
              SELECT l.job_id FROM (SELECT * FROM job_log x WHERE x.job_id < v_before ORDER BY x.job_id DESC LIMIT 50000) l
                WHERE l.stream = ANY (v_streams) AND (p_kind IS NULL OR l.kind = p_kind)
                  AND NOT EXISTS (SELECT FROM outcome o WHERE o.part = l.part AND o.seq = l.seq) AND NOT is_claimed(l.stream, l.xid, l.seq)
            UNION ALL
              SELECT j.job_id FROM unnest(v_streams) s CROSS JOIN LATERAL backlog(s, 1000) b
                JOIN job_log j ON j.part = b.part AND j.stream = b.stream AND j.xid = b.xid AND j.seq = b.seq
                WHERE j.job_id < v_before AND (p_kind IS NULL OR j.kind = p_kind)
                  AND NOT EXISTS (SELECT FROM outcome o WHERE o.part = j.part AND o.seq = j.seq)) w
          ORDER BY 1 DESC LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT DISTINCT w.job_id FROM (
              (SELECT l.job_id FROM job_log l WHERE l.job_id < v_before AND (p_queue IS NULL OR l.stream = ANY (v_streams))
                AND (p_kind IS NULL OR l.kind = p_kind) ORDER BY l.job_id DESC LIMIT p_limit * 4)
            UNION ALL
              (SELECT t.job_id FROM timer t WHERE t.job_id < v_before AND t.stream = ANY (v_streams)
                AND (p_kind IS NULL OR t.kind = p_kind) ORDER BY t.job_id DESC LIMIT p_limit)
            UNION ALL
              (SELECT k.job_id FROM parked k WHERE k.job_id < v_before AND k.stream = ANY (v_streams)
                AND (p_kind IS NULL OR k.kind = p_kind) ORDER BY k.job_id DESC LIMIT p_limit)) w
          ORDER BY 1 DESC LIMIT p_limit;
    END CASE;
END $$;

-- All queues with their depths, each counted up to p_cap + 1. Only streams and nodes that have something are looked into.
CREATE FUNCTION queue_depths(p_cap INT)
RETURNS TABLE (queue TEXT, available BIGINT, running BIGINT, scheduled BIGINT, retryable BIGINT, parked BIGINT, oldest TIMESTAMPTZ, paused TEXT)
LANGUAGE plpgsql STABLE SET search_path = ${schema}, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH busy AS MATERIALIZED (
                 SELECT s.id, s.queue FROM poll(ARRAY(SELECT id FROM stream WHERE shard > -2)) p JOIN stream s ON s.id = p),
             waiting AS MATERIALIZED (
                 SELECT s.queue, s.id, b.n, b.first
                   FROM busy s
                  CROSS JOIN LATERAL (
                        SELECT count(*) AS n, (array_agg(w.place ORDER BY w.nr))[1] AS first
                          FROM (SELECT r::place AS place, row_number() OVER () AS nr FROM backlog(s.id, p_cap + 1) r
                                 WHERE NOT EXISTS (SELECT FROM cancel_mark x WHERE x.part = r.part AND x.seq = r.seq)) w) b),
             held AS MATERIALIZED (
                 SELECT s.queue, count(*) AS n FROM node n CROSS JOIN LATERAL open_places(n.id, p_cap + 1) o JOIN stream s ON s.id = o.stream
                  WHERE n.state <> 'gone' GROUP BY s.queue)
        SELECT q.queue,
               coalesce((SELECT sum(w.n)::BIGINT FROM waiting w WHERE w.queue = q.queue), 0),
               coalesce((SELECT h.n FROM held h WHERE h.queue = q.queue), 0),
               (SELECT count(*) FROM (SELECT FROM timer t WHERE t.stream = ANY (q.streams) AND NOT t.retry LIMIT p_cap + 1) x),
               (SELECT count(*) FROM (SELECT FROM timer t WHERE t.stream = ANY (q.streams) AND t.retry LIMIT p_cap + 1) x),
               (SELECT count(*) FROM (SELECT FROM parked t WHERE t.stream = ANY (q.streams) LIMIT p_cap + 1) x),
               (SELECT min(j.enqueued_at) FROM waiting w
                  JOIN job_log j ON j.part = (w.first).part AND j.stream = (w.first).stream AND j.xid = (w.first).xid AND j.seq = (w.first).seq
                 WHERE w.queue = q.queue),
               (SELECT z.reason FROM pause z WHERE z.scope = 'queue' AND z.name = q.queue)
          FROM (SELECT s.queue, array_agg(s.id) AS streams FROM stream s GROUP BY s.queue) q
         ORDER BY q.queue;
END $$;

-- For people at a prompt: the deliveries of the newest 1,000 jobs, readable.
CREATE VIEW recent_jobs AS
    SELECT l.* FROM look(ARRAY(SELECT list_jobs(NULL, NULL, NULL, NULL, 1000))) l;
