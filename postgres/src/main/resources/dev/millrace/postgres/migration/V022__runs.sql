-- Reading what was claimed cost more than claiming it: each delivery was looked up by itself. What one transaction has appended to a stream stands side
-- by side there, and a claim takes it in that order: it is read as a run now, by one look into the index. Where each job has a transaction of its own
-- that is what it was before.

-- The payloads of claimed deliveries of one stream, given by runs: no lock, writes nothing. In order, as many as fit into p_bytes, at least one. All
-- of a run's rows are of one transaction, so that a claim that has its first and its last has all of them.
-- What a retention sweep moved elsewhere has an outcome already; only old partitions can hold such rows.
CREATE FUNCTION read_runs(p_stream INT, p_part INT[], p_xid BIGINT[], p_from BIGINT[], p_upto BIGINT[], p_bytes BIGINT)
RETURNS TABLE (part INT, seq BIGINT, job_id UUID, run INT, no INT, attempt INT, rescues INT, charged INT, kind TEXT, kind_version INT, payload TEXT,
               headers TEXT, enqueued_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, expired BOOL, cancelled BOOL, gone BOOL)
LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_current INT := (SELECT current_part FROM meta);
    v_marks BOOL := EXISTS (SELECT FROM cancel_mark WHERE part = ANY (p_part));
BEGIN
    RETURN QUERY
        SELECT r.part, r.seq, r.job_id, r.run, r.no, r.attempt, r.rescues, r.charged, r.kind, r.kind_version, r.payload, r.headers::TEXT,
               r.enqueued_at, r.expires_at, coalesce(r.expires_at < clock_timestamp(), false),
               CASE WHEN v_marks THEN EXISTS (SELECT FROM cancel_mark x WHERE x.part = r.part AND x.seq = r.seq) ELSE false END,
               CASE WHEN r.part < v_current THEN EXISTS (SELECT FROM outcome o WHERE o.part = r.part AND o.seq = r.seq) ELSE false END
          FROM (SELECT j.*, i.nr, sum(octet_length(j.payload)) OVER w AS bytes, row_number() OVER w AS place
                  FROM unnest(p_part, p_xid, p_from, p_upto) WITH ORDINALITY i (part, xid, first, last, nr)
                 CROSS JOIN LATERAL (
                       SELECT * FROM job_log l
                        WHERE l.part = i.part AND l.stream = p_stream AND l.xid = i.xid::TEXT::XID8 AND l.seq BETWEEN i.first AND i.last
                        ORDER BY l.seq OFFSET 0) j
                WINDOW w AS (ORDER BY i.nr, j.seq)) r
         WHERE r.bytes <= p_bytes OR r.place = 1
         ORDER BY r.nr, r.seq;
END $$;
