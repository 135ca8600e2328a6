-- Why a job does not run, told by looks that read no more than they say, however much waits. Nothing here locks or writes.

-- ---------------------------------------------------------------------------------------------- claims

-- Whether a stream's claims had passed this delivery when this one was made.
CREATE FUNCTION has_passed(c claim, p_xid XID8, p_seq BIGINT) RETURNS BOOL LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_visible_in_snapshot(p_xid, c.prev)
           OR pg_visible_in_snapshot(p_xid, c.snap) AND (c.exhausted OR (p_xid, p_seq) <= (c.upto_xid, c.upto_seq))
$$;

-- The claim that has handed out the delivery that stands there; null if none has, or that is not known any more. What one claim has passed all later ones have,
-- so it is found by halves. Bound: two claims for each partition that is kept, and 64; for a hundred thousand claims of a stream some twenty.
CREATE FUNCTION claim_of(p_part INT, p_stream INT, p_xid XID8, p_seq BIGINT) RETURNS claim LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE c claim; v_part INT := p_part; v_oldest INT; v_lo BIGINT; v_hi BIGINT; v_mid BIGINT;
BEGIN
    SELECT * INTO c FROM claim WHERE stream = p_stream ORDER BY no DESC LIMIT 1;
    IF has_passed(c, p_xid, p_seq) IS NOT TRUE THEN RETURN NULL; END IF;
    v_hi := c.no;
    -- From the first claim of a partition that has not passed it. Not from the oldest: what stands before a restore are snapshots of another cluster, which may
    -- say anything; each stream begins anew there, in a partition of its own, with a claim that has passed nothing. In an earlier partition than the delivery's
    -- own lies a claim that was made before its stream had an anchor in this one.
    SELECT min(no) INTO v_oldest FROM part WHERE dropped_at IS NULL;
    LOOP
        SELECT * INTO c FROM claim WHERE stream = p_stream AND part = v_part ORDER BY no LIMIT 1;
        IF FOUND AND NOT has_passed(c, p_xid, p_seq) THEN
            v_lo := c.no + 1;
            EXIT;
        END IF;
        v_part := v_part - 1;
        IF v_part < v_oldest THEN
            SELECT no INTO v_lo FROM claim WHERE stream = p_stream ORDER BY no LIMIT 1;
            EXIT;
        END IF;
    END LOOP;
    WHILE v_lo < v_hi LOOP
        v_mid := (v_lo + v_hi) / 2;
        SELECT * INTO c FROM claim WHERE stream = p_stream AND no <= v_mid ORDER BY no DESC LIMIT 1;
        IF has_passed(c, p_xid, p_seq) THEN v_hi := c.no; ELSE v_lo := v_mid + 1; END IF;
    END LOOP;
    SELECT * INTO c FROM claim WHERE stream = p_stream AND no = v_hi;
    IF c.n > 0 AND (p_xid, p_seq) > (c.from_xid, c.from_seq) AND (p_xid, p_seq) <= (c.upto_xid, c.upto_seq)
       AND pg_visible_in_snapshot(p_xid, c.snap) AND NOT pg_visible_in_snapshot(p_xid, c.prev) THEN RETURN c; END IF;
    RETURN NULL;
END $$;

-- ---------------------------------------------------------------------------------------------- lines

-- The jobs of a keyed job's shard that have its order or its limit and have not ended, for who asks why it waits: held by a node, back and not claimed, enqueued
-- and not claimed, absent; the job itself is always among them. What is enqueued is told only for a job that nobody has claimed: no other one waits for it.
-- A row 'cut' tells that there may be more, a row 'held cut' that a node may hold more; a row 'full' how many microseconds it takes the allowance of its limit, if
-- one is kept. Of what is held and never came back nr tells whether it was claimed with the job or before: it is not more than the job's own, which is the
-- number of its claim; -1 if that is not known any more, or the job is not held. Of what is enqueued nr is its place among these.
-- Bound, for p_look = 1,000: as many deliveries that are back, and as many that are enqueued; of the node 10,000 claims since its last manifest, and of the shard
-- 20,000 deliveries that it may hold; 10,000 of each kind that are absent; and what claim_of reads.
CREATE OR REPLACE FUNCTION in_line(p_job UUID, p_look INT)
RETURNS TABLE (what TEXT, job_id UUID, headers TEXT, xid BIGINT, seq BIGINT, nr BIGINT) LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    own RECORD; m manifest; c claim; v_shard INT; v_front INT; v_node UUID; v_order TEXT; v_name TEXT; v_key TEXT; v_open PLACE[]; v_since BIGINT;
    v_claimed BOOL := false; v_row UUID; v_n INT; v_cut BOOL := false; v_held_cut BOOL := false;
BEGIN
    SELECT f.* INTO own FROM (
        SELECT t.stream, t.headers, NULL::INT AS part, NULL::XID8 AS xid, NULL::BIGINT AS seq, false AS behind, 0 AS place FROM timer t WHERE t.job_id = p_job AND t.no > 1
         UNION ALL SELECT k.stream, k.headers, NULL, NULL, NULL, k.line IS NOT NULL, 0 FROM parked k WHERE k.job_id = p_job
         UNION ALL SELECT l.* FROM (SELECT x.stream, x.headers, x.part, x.xid, x.seq, false, 1 FROM job_log x WHERE x.job_id = p_job ORDER BY x.run DESC, x.no DESC LIMIT 1) l) f
     ORDER BY f.place LIMIT 1;
    IF NOT FOUND OR own.stream < 1000000000 THEN RETURN; END IF;
    v_shard := own.stream & ~1;
    v_front := own.stream | 1;
    v_order := own.headers->>':order';
    v_name := split_part(own.headers->>':limit', ' ', 1);
    v_key := substr(own.headers->>':limit', length(v_name) + length(split_part(own.headers->>':limit', ' ', 2)) + 3);
    IF own.part IS NOT NULL THEN
        v_claimed := is_claimed(own.stream, own.xid, own.seq);
        IF v_claimed AND v_order IS NOT NULL AND own.stream = v_shard AND NOT own.headers ? ':first' THEN
            c := claim_of(own.part, own.stream, own.xid, own.seq);
        END IF;
    END IF;

    SELECT o.node INTO v_node FROM shard_owner o WHERE o.stream = v_shard;
    SELECT * INTO m FROM manifest WHERE node = v_node ORDER BY no DESC LIMIT 1;
    WITH since AS MATERIALIZED (
        SELECT x FROM claim x WHERE x.node = v_node AND x.ordinal > coalesce(m.upto_ordinal, -1) ORDER BY x.ordinal DESC LIMIT 10 * p_look),
    met AS (
        SELECT u.part, u.stream, u.xid, u.seq FROM unnest(m.open) u WHERE u.stream IN (v_shard, v_front)
         UNION
        (SELECT r.part, r.stream, r.xid, r.seq FROM since s CROSS JOIN LATERAL claim_rows(s.x) r WHERE (s.x).stream IN (v_shard, v_front) LIMIT 20 * p_look))
    SELECT array_agg((o.part, o.stream, o.xid, o.seq)::PLACE), (SELECT count(*) FROM since) INTO v_open, v_since
      FROM (SELECT * FROM met ORDER BY met.xid, met.seq LIMIT 20 * p_look) o;
    v_held_cut := v_since >= 10 * p_look OR coalesce(cardinality(v_open), 0) >= 20 * p_look;
    RETURN QUERY
        SELECT 'held'::TEXT, l.job_id, l.headers::TEXT, l.xid::TEXT::BIGINT, l.seq,
               CASE WHEN l.stream = v_front OR l.headers ? ':first' THEN 0 WHEN c.no IS NULL THEN -1
                    WHEN has_passed(c, l.xid, l.seq) THEN c.no ELSE c.no + 1 END
          FROM unnest(v_open) p JOIN job_log l ON l.part = p.part AND l.stream = p.stream AND l.xid = p.xid AND l.seq = p.seq
         WHERE (l.headers->>':order' = v_order OR starts_with(l.headers->>':limit', v_name || ' '))
           AND NOT EXISTS (SELECT FROM ending_of(l.part, l.seq));

    RETURN QUERY
        SELECT CASE WHEN EXISTS (SELECT FROM ending_of(l.part, l.seq)) THEN 'over' ELSE 'back' END,
               l.job_id, l.headers::TEXT, l.xid::TEXT::BIGINT, l.seq, 0::BIGINT
          FROM backlog(v_front, p_look) p
          JOIN job_log l ON l.part = p.part AND l.stream = p.stream AND l.xid = p.xid AND l.seq = p.seq;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    v_cut := v_n >= p_look;
    IF NOT v_claimed THEN
        RETURN QUERY
            SELECT CASE WHEN EXISTS (SELECT FROM ending_of(l.part, l.seq)) THEN 'over' ELSE 'enqueued' END,
                   l.job_id, l.headers::TEXT, l.xid::TEXT::BIGINT, l.seq, p.nr
              FROM backlog(v_shard, p_look) WITH ORDINALITY p (part, stream, xid, seq, nr)
              JOIN job_log l ON l.part = p.part AND l.stream = p.stream AND l.xid = p.xid AND l.seq = p.seq;
        GET DIAGNOSTICS v_n = ROW_COUNT;
        v_cut := v_cut OR v_n >= p_look;
        IF own.part IS NOT NULL AND NOT EXISTS (SELECT FROM ending_of(own.part, own.seq)) THEN     -- behind all of these, if it is not among them
            RETURN QUERY SELECT CASE WHEN own.stream = v_front THEN 'back' ELSE 'enqueued' END, p_job, own.headers::TEXT,
                                own.xid::TEXT::BIGINT, own.seq, CASE WHEN own.stream = v_front THEN 0 ELSE p_look + 1 END::BIGINT;
        END IF;
    END IF;

    IF v_order IS NOT NULL OR own.part IS NULL THEN
        RETURN QUERY
            WITH timers AS MATERIALIZED (SELECT t.job_id, t.headers, t.no FROM timer t WHERE t.stream = v_front AND t.stream >= 1000000000 LIMIT 10 * p_look),
            waiting AS MATERIALIZED (
                SELECT k.job_id, k.headers FROM parked k WHERE k.stream = v_front AND k.parking <> 'undecodable' AND k.tenant IS NULL AND k.line IS NULL LIMIT 10 * p_look),
            aside AS MATERIALIZED (SELECT k.job_id, k.headers FROM parked k WHERE k.stream = v_front AND k.tenant IS NOT NULL LIMIT 10 * p_look),
            unreadable AS MATERIALIZED (
                SELECT k.job_id, k.headers FROM parked k WHERE k.stream = v_front AND k.parking = 'undecodable' LIMIT 10 * p_look)
            SELECT 'absent'::TEXT, a.job_id, a.headers::TEXT, 0::BIGINT, 0::BIGINT, 0::BIGINT FROM (
                SELECT t.job_id, t.headers FROM timers t WHERE t.no > 1
                 UNION ALL SELECT w.job_id, w.headers FROM waiting w
                 UNION ALL SELECT s.job_id, s.headers FROM aside s
                 UNION ALL SELECT u.job_id, u.headers FROM unreadable u) a
             WHERE a.headers->>':order' = v_order
             UNION ALL
            SELECT 'absent', p_job, own.headers::TEXT, 0, 0, 0 WHERE own.part IS NULL AND NOT own.behind
             UNION ALL
            SELECT 'cut', NULL, NULL, 0, 0, 0
             WHERE greatest((SELECT count(*) FROM timers), (SELECT count(*) FROM waiting), (SELECT count(*) FROM aside), (SELECT count(*) FROM unreadable))
                   >= 10 * p_look;
    END IF;
    -- What is parked behind its row; of other rows of its limit it is not looked which.
    v_row := row_of_headers(own.headers);
    RETURN QUERY
        SELECT 'behind'::TEXT, k.job_id, k.headers::TEXT, 0::BIGINT, 0::BIGINT, 0::BIGINT
          FROM parked k WHERE k.stream = v_front AND k.line = v_row ORDER BY k.first_xid, k.first_seq LIMIT 10 * p_look;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    v_cut := v_cut OR v_n >= 10 * p_look
        OR v_name IS NOT NULL AND EXISTS (SELECT FROM parked k WHERE k.stream = v_front AND k.line < v_row UNION ALL SELECT FROM parked k WHERE k.stream = v_front AND k.line > v_row);
    IF own.behind AND v_n >= 10 * p_look THEN
        RETURN QUERY SELECT 'behind'::TEXT, p_job, own.headers::TEXT, 0::BIGINT, 0::BIGINT, 0::BIGINT;    -- if it is not among them
    END IF;
    IF v_cut THEN RETURN QUERY SELECT 'cut'::TEXT, NULL::UUID, NULL::TEXT, 0::BIGINT, 0::BIGINT, 0::BIGINT; END IF;
    IF v_held_cut THEN RETURN QUERY SELECT 'held cut'::TEXT, NULL::UUID, NULL::TEXT, 0::BIGINT, 0::BIGINT, 0::BIGINT; END IF;
    RETURN QUERY
        SELECT 'full'::TEXT, NULL::UUID, NULL::TEXT, 0::BIGINT, 0::BIGINT,
               greatest(0, (extract(epoch FROM a.full_at - clock_timestamp()) * 1000000)::BIGINT)
          FROM allowance a JOIN stream s ON s.queue = a.queue
         WHERE s.id = own.stream AND a.key = v_name || ' ' || v_key;
END $$;

-- ---------------------------------------------------------------------------------------------- queues

-- Where an available job stands among those of its queue, in the order in which nodes claim: a row 'own' with the stream that it waits in and how many are before it
-- there; a row 'front' and a row 'shards' with those of its priority in the front and in the other shards but side shards; a row 'higher' for each priority above
-- that has some. Without a row if it is not available, is parked or stands in a line. What is counted is exact up to p_look, else there may be more. Cancelled ones
-- are read and not counted.
-- Bound: p_look + 1 deliveries of its own stream, of the front, of the shards together, and of each priority above together; before that, whether a stream has
-- any at all, which is a claim and a delivery or two for each. What transactions that are open have written is passed over by the index, as by who claims.
CREATE FUNCTION in_queue(p_job UUID, p_look INT)
RETURNS TABLE (what TEXT, stream INT, queue TEXT, priority INT, shard INT, n BIGINT, exact BOOL) LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE l job_log; s stream; r RECORD; v_stream INT; v_n BIGINT; v_more BIGINT; v_read BIGINT; v_met BIGINT; v_found BOOL;
BEGIN
    PERFORM FROM timer t WHERE t.job_id = p_job UNION ALL SELECT FROM parked k WHERE k.job_id = p_job;
    IF FOUND THEN RETURN; END IF;
    SELECT * INTO l FROM job_log x WHERE x.job_id = p_job ORDER BY x.run DESC, x.no DESC LIMIT 1;
    IF NOT FOUND OR l.stream >= 1000000000 OR is_claimed(l.stream, l.xid, l.seq) OR EXISTS (SELECT FROM ending_of(l.part, l.seq)) THEN RETURN; END IF;
    SELECT * INTO s FROM stream x WHERE x.id = l.stream;

    SELECT count(*) FILTER (WHERE NOT m.cancelled AND m.nr < coalesce(m.at, p_look + 1)), bool_or(m.own), count(*) INTO v_n, v_found, v_read FROM (
        SELECT w.*, min(w.nr) FILTER (WHERE w.own) OVER () AS at FROM (
            SELECT b.nr, b.xid = l.xid AND b.seq = l.seq AS own, EXISTS (SELECT FROM cancel_mark x WHERE x.part = b.part AND x.seq = b.seq) AS cancelled
              FROM backlog(l.stream, p_look + 1) WITH ORDINALITY b (part, stream, xid, seq, nr)) w) m;
    IF v_found IS NOT TRUE AND v_read <= p_look THEN RETURN; END IF;          -- it ended without being available
    RETURN QUERY SELECT 'own'::TEXT, s.id, s.queue, s.priority, s.shard, v_n, v_found;

    FOR r IN
        SELECT g.what, g.priority, array_agg(g.id ORDER BY g.shard) AS streams FROM (
            SELECT CASE WHEN x.priority < s.priority THEN 'higher' WHEN x.shard = -1 THEN 'front' ELSE 'shards' END AS what, x.id, x.priority, x.shard
              FROM poll(ARRAY(SELECT y.id FROM stream y
                               WHERE y.queue = s.queue AND y.priority <= s.priority AND y.shard >= -1 AND y.id < 1000000000 AND y.id <> s.id
                                 AND (y.priority < s.priority OR y.shard < 500) AND (s.shard >= 0 OR y.shard = -1))) p
              JOIN stream x ON x.id = p) g
         GROUP BY g.what, g.priority ORDER BY g.what, g.priority
    LOOP
        v_n := 0;
        v_read := 0;
        FOREACH v_stream IN ARRAY r.streams LOOP
            EXIT WHEN v_read > p_look;
            SELECT count(*) FILTER (WHERE NOT EXISTS (SELECT FROM cancel_mark x WHERE x.part = b.part AND x.seq = b.seq)), count(*) INTO v_more, v_met
              FROM backlog(v_stream, (p_look + 1 - v_read)::INT) b;
            v_n := v_n + v_more;
            v_read := v_read + v_met;
        END LOOP;
        IF v_n > 0 OR v_read > p_look THEN
            RETURN QUERY SELECT r.what::TEXT, NULL::INT, s.queue, r.priority::INT, NULL::INT, least(v_n, p_look), v_read <= p_look;
        END IF;
    END LOOP;
END $$;
