-- A row that a hand deleted from the log made its claim reach into the next one when it was read again, since only the number of its rows was
-- counted off; and a rescue that found nothing but such rows called itself for ever. A claim ends where it ends, and what has no row is not open.

CREATE OR REPLACE FUNCTION claim_rows(c claim) RETURNS SETOF place LANGUAGE sql VOLATILE AS $$
    SELECT w.* FROM window_rows(c.stream, c.lo_part, c.hi_part, c.prev, c.snap, c.from_xid, c.from_seq, c.n) w
     WHERE c.n > 0 AND (w.xid, w.seq) <= (c.upto_xid, c.upto_seq)
$$;

CREATE OR REPLACE FUNCTION open_places(p_node UUID, p_limit INT) RETURNS SETOF place LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE m manifest;
BEGIN
    SELECT * INTO m FROM manifest WHERE node = p_node ORDER BY no DESC LIMIT 1;
    RETURN QUERY
        SELECT o.* FROM (
               SELECT j.part, j.stream, j.xid, j.seq FROM unnest(m.open) u
                 JOIN job_log j ON j.part = u.part AND j.stream = u.stream AND j.xid = u.xid AND j.seq = u.seq
                UNION
               SELECT r.* FROM claim c CROSS JOIN LATERAL claim_rows(c) r WHERE c.node = p_node AND c.ordinal > coalesce(m.upto_ordinal, -1)) o
         WHERE NOT EXISTS (SELECT FROM outcome x WHERE x.part = o.part AND x.seq = o.seq)
         ORDER BY o.part, o.seq LIMIT p_limit;
END $$;
