-- Two things about who is told of a cancel. A node that joined read every cancel mark there was, though it holds nothing yet; what it claims
-- later tells by itself that it was cancelled. And what retention had moved to a newer partition was told as cancelled, and so were its
-- listeners. As before, but a first look answers the cursor only, and what has an outcome for another reason is `gone`.

CREATE OR REPLACE FUNCTION cancelled_since(p_since TEXT) RETURNS TABLE (part INT, stream INT, xid BIGINT, seq BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF p_since = '' THEN RETURN; END IF;
    RETURN QUERY SELECT part, stream, xid::TEXT::BIGINT, seq FROM cancel_mark
       WHERE marked >= pg_snapshot_xmin(p_since::PG_SNAPSHOT) AND NOT pg_visible_in_snapshot(marked, p_since::PG_SNAPSHOT);
END $$;

DROP FUNCTION read_deliveries(INT[], INT[], BIGINT[], BIGINT[], BIGINT);

CREATE FUNCTION read_deliveries(p_part INT[], p_stream INT[], p_xid BIGINT[], p_seq BIGINT[], p_bytes BIGINT)
RETURNS TABLE (nr BIGINT, job_id UUID, run INT, no INT, attempt INT, rescues INT, charged INT, kind TEXT, kind_version INT, payload TEXT,
               headers TEXT, enqueued_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, expired BOOL, cancelled BOOL, gone BOOL)
LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_current INT := (SELECT current_part FROM meta);
BEGIN
    RETURN QUERY
        SELECT r.nr, r.job_id, r.run, r.no, r.attempt, r.rescues, r.charged, r.kind, r.kind_version, r.payload, r.headers::TEXT,
               r.enqueued_at, r.expires_at, coalesce(r.expires_at < clock_timestamp(), false),
               EXISTS (SELECT FROM cancel_mark x WHERE x.part = r.part AND x.seq = r.seq),
               CASE WHEN r.part < v_current THEN EXISTS (SELECT FROM outcome o WHERE o.part = r.part AND o.seq = r.seq) ELSE false END
          FROM (SELECT i.nr, j.*, sum(octet_length(j.payload)) OVER (ORDER BY i.nr) AS bytes
                  FROM unnest(p_part, p_stream, p_xid, p_seq) WITH ORDINALITY i (part, stream, xid, seq, nr)
                  JOIN job_log j ON j.part = i.part AND j.stream = i.stream AND j.xid = i.xid::TEXT::XID8 AND j.seq = i.seq) r
         WHERE r.bytes <= p_bytes OR r.nr = 1
         ORDER BY r.nr;
END $$;
