-- Housekeeping for partitions of any size. That a sealed partition is settled was found out by looking for one open delivery among all of
-- them, anew in each turn, with `meta` locked meanwhile: in a large partition that took longer than a statement may, so that it was never
-- settled and never dropped. What has ended stays ended, so it is walked once: each stream's deliveries in order, some at a time, and how far
-- everything has ended is remembered. An open delivery then costs one probe a turn. `meta` is locked when all is known.

-- How far the deliveries of a sealed partition have all ended, by stream.
CREATE TABLE settling (
    part   INT    NOT NULL,
    stream INT    NOT NULL,
    xid    XID8   NOT NULL,
    seq    BIGINT NOT NULL,
    done   BOOL   NOT NULL DEFAULT false,
    PRIMARY KEY (part, stream)
);

-- Walks on in one stream, over at most p_limit deliveries. Answers how many it passed; sets `done` behind the last one.
CREATE FUNCTION settle_stream(p_part INT, p_stream INT, p_limit INT) RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE s settling; v_seen INT; v_passed INT; v_xid XID8; v_seq BIGINT;
BEGIN
    INSERT INTO settling VALUES (p_part, p_stream, '0', 0) ON CONFLICT DO NOTHING;
    SELECT * INTO s FROM settling WHERE part = p_part AND stream = p_stream FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR s.done THEN RETURN 0; END IF;                              -- another node is at it, or it was done before
    PERFORM FROM (SELECT j.seq FROM job_log j WHERE j.part = p_part AND j.stream = p_stream AND (j.xid, j.seq) > (s.xid, s.seq)
                   ORDER BY j.xid, j.seq LIMIT 1) n
      WHERE NOT EXISTS (SELECT FROM outcome x WHERE x.part = p_part AND x.seq = n.seq);
    IF FOUND THEN RETURN 0; END IF;                                            -- it stands before an open one
    WITH next AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY n.xid, n.seq) AS nr, n.* FROM (
               SELECT j.xid, j.seq, o.ended IS NOT NULL AS ended
                 FROM job_log j
                 LEFT JOIN LATERAL (SELECT true AS ended FROM outcome x WHERE x.part = p_part AND x.seq = j.seq LIMIT 1) o ON true
                WHERE j.part = p_part AND j.stream = p_stream AND (j.xid, j.seq) > (s.xid, s.seq)
                ORDER BY j.xid, j.seq LIMIT p_limit) n),
    first AS (SELECT min(nr) AS open FROM next WHERE NOT ended)
    SELECT (SELECT count(*) FROM next), count(*), (array_agg(n.xid ORDER BY n.nr DESC))[1], (array_agg(n.seq ORDER BY n.nr DESC))[1]
      INTO v_seen, v_passed, v_xid, v_seq
      FROM next n, first f WHERE f.open IS NULL OR n.nr < f.open;
    UPDATE settling SET xid = coalesce(v_xid, xid), seq = coalesce(v_seq, seq), done = (v_passed = v_seen AND v_seen < p_limit)
     WHERE part = p_part AND stream = p_stream AND (v_passed > 0 OR v_seen = 0);
    RETURN v_passed;
END $$;

-- Walks on in a sealed partition, over about p_limit deliveries. Answers 'more', 'open', or 'done'.
CREATE FUNCTION settle_part(p_part INT, p_limit INT) RETURNS TEXT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_stream INT; v_left INT := p_limit;
BEGIN
    PERFORM FROM part WHERE no = p_part AND sealed_at IS NOT NULL;             -- nothing comes any more: what is walked stays walked
    IF NOT FOUND THEN RETURN 'open'; END IF;
    FOR v_stream IN
        SELECT s.id FROM stream s WHERE NOT EXISTS (SELECT FROM settling t WHERE t.part = p_part AND t.stream = s.id AND t.done) ORDER BY s.id
    LOOP
        v_left := v_left - settle_stream(p_part, v_stream, v_left);
        IF v_left <= 0 THEN RETURN 'more'; END IF;
    END LOOP;
    RETURN CASE WHEN is_settled(p_part) THEN 'done' ELSE 'open' END;
END $$;

CREATE FUNCTION is_settled(p_part INT) RETURNS BOOL LANGUAGE sql STABLE SET search_path = ${schema}, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM stream s WHERE NOT EXISTS (SELECT FROM settling t WHERE t.part = p_part AND t.stream = s.id AND t.done))
$$;

-- Past the oldest partition if it is sealed, all its deliveries have ended and no stream is anchored in it. All of that stays true once it is,
-- so it is found out before the lock.
CREATE OR REPLACE FUNCTION raise_live() RETURNS BOOL LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '2s' AS $$
DECLARE v_live INT := (SELECT live_part FROM meta);
BEGIN
    IF NOT EXISTS (SELECT FROM part WHERE no = v_live AND sealed_at IS NOT NULL) OR NOT is_settled(v_live)
       OR EXISTS (SELECT FROM stream s WHERE s.shard > -2
                     AND v_live >= (SELECT part FROM claim c WHERE c.stream = s.id ORDER BY no DESC LIMIT 1)) THEN
        RETURN false;
    END IF;
    UPDATE meta SET live_part = v_live + 1 WHERE live_part = v_live AND live_part < current_part;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE part SET settled_at = clock_timestamp() WHERE no = v_live;
    DELETE FROM settling WHERE part <= v_live;
    RETURN true;
END $$;

-- As before, but it looks at p_limit deliveries at most, from where all have ended: the stream's lock is held shortly in a partition of any size.
CREATE OR REPLACE FUNCTION move_unclaimed(p_part INT, p_stream INT, p_limit INT) RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE c claim; s settling; v_n INT;
BEGIN
    PERFORM read_committed();
    PERFORM FROM part WHERE no = p_part AND sealed_at IS NOT NULL;
    IF NOT FOUND THEN RETURN 0; END IF;
    PERFORM pg_advisory_xact_lock(lock_class + 1, p_stream) FROM meta;
    SELECT * INTO c FROM claim WHERE stream = p_stream ORDER BY no DESC LIMIT 1;
    SELECT * INTO s FROM settling WHERE part = p_part AND stream = p_stream;
    WITH next AS MATERIALIZED (
        SELECT j.xid, j.seq, j.job_id FROM job_log j
         WHERE j.part = p_part AND j.stream = p_stream AND (j.xid, j.seq) > (coalesce(s.xid, '0'), coalesce(s.seq, 0))
         ORDER BY j.xid, j.seq LIMIT p_limit),
    won AS (
        INSERT INTO outcome (part, seq, job_id, outcome, reason)
        SELECT p_part, n.seq, n.job_id, 'moved', 'its partition has outlived retention' FROM next n
         WHERE NOT (pg_visible_in_snapshot(n.xid, c.prev)
                    OR pg_visible_in_snapshot(n.xid, c.snap) AND (c.exhausted OR (n.xid, n.seq) <= (c.upto_xid, c.upto_seq)))
         ORDER BY n.seq
            ON CONFLICT (part, seq) DO NOTHING RETURNING seq)
    INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT m.current_part, o.stream, o.job_id, o.run, o.no + 1, o.attempt, o.rescues, o.charged, o.kind, o.kind_version, o.payload, o.headers,
           o.expires_at, o.enqueued_at
      FROM meta m, (SELECT n.xid, n.seq FROM won w JOIN next n ON n.seq = w.seq OFFSET 0) n
     CROSS JOIN LATERAL (
           SELECT * FROM job_log j WHERE j.part = p_part AND j.stream = p_stream AND j.xid = n.xid AND j.seq = n.seq LIMIT 1) o
     ORDER BY n.xid, n.seq;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;

-- Idempotency keys past their time, some at a call.
CREATE FUNCTION sweep_keys(p_keys INTERVAL, p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_n INT; v_before TIMESTAMPTZ := clock_timestamp() - p_keys;           -- a variable: no index can be asked for the time itself
BEGIN
    DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_key WHERE at < v_before ORDER BY at LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;

-- As before, less the keys.
DROP FUNCTION sweep(INTERVAL, INTERVAL);
CREATE FUNCTION sweep(p_keep INTERVAL) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    DELETE FROM cancel_mark WHERE part < (SELECT live_part FROM meta);
    DELETE FROM outlived WHERE part < (SELECT live_part FROM meta);
    DELETE FROM silence s WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = s.node AND n.state <> 'gone');
    DELETE FROM node n WHERE state = 'gone' AND EXISTS (SELECT FROM beat b WHERE b.node = n.id AND b.at < clock_timestamp() - INTERVAL '1 day');
    DELETE FROM beat b WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = b.node) AND b.at < clock_timestamp() - INTERVAL '1 hour';
    DELETE FROM manifest m WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = m.node AND n.state <> 'gone');
    DELETE FROM progress p WHERE at < clock_timestamp() - p_keep
        AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = p.job_id) AND NOT EXISTS (SELECT FROM parked t WHERE t.job_id = p.job_id)
        AND NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = p.job_id);
    DELETE FROM checkpoint p WHERE at < clock_timestamp() - p_keep
        AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = p.job_id) AND NOT EXISTS (SELECT FROM parked t WHERE t.job_id = p.job_id)
        AND NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = p.job_id);
    DELETE FROM audit WHERE at < clock_timestamp() - INTERVAL '365 days';
END $$;
