-- What a new build would have to read: some of the jobs that wait in these queues. Of each kind and version the p_most oldest among what it
-- looks at, which is p_look jobs from either end of the timers and of what is parked, and a tenth of that from
-- the head of each stream; p_bytes of payload in all, but one of each. The first row has no job, and tells whether the others are all there are.
CREATE FUNCTION waiting_sample(p_queues TEXT[], p_most INT, p_look INT, p_bytes BIGINT)
RETURNS TABLE (job_id UUID, kind TEXT, kind_version INT, payload TEXT, complete BOOL) LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp SET jit = off AS $$
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
                 SELECT b.* FROM poll(v_streams) s CROSS JOIN LATERAL backlog(s, p_look / 10) b),
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
        SELECT NULL::UUID, NULL::TEXT, NULL::INT, NULL::TEXT,
               (SELECT count(*) FROM timers) < p_look AND (SELECT count(*) FROM parkings) < p_look
               AND NOT EXISTS (SELECT FROM backlogs b GROUP BY b.stream HAVING count(*) >= p_look / 10)
               AND (SELECT count(*) FROM met) = (SELECT count(*) FROM fitting f WHERE f.fits)
         UNION ALL
        SELECT * FROM (SELECT f.job_id, f.kind, f.kind_version, f.payload, NULL::BOOL FROM fitting f WHERE f.fits
                        ORDER BY f.kind, f.kind_version, f.nr) ordered;
END $$;
