-- The life of partitions. Every function is one step, safe if two nodes do it at once.
--
-- A partition is attached long before deliveries are sent to it: a switch right behind the attach would break enqueues, whose snapshot
-- shows the new number while their routing does not know the partition yet. It is sealed long after the switch, so that a late
-- transaction of a user is not refused.

CREATE FUNCTION attach_part(p_part INT) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE t TEXT;
BEGIN
    INSERT INTO part (no) VALUES (p_part) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    FOREACH t IN ARRAY ARRAY['job_log', 'claim', 'outcome', 'start_mark', 'job_note'] LOOP   -- standalone, then attach: a
        EXECUTE format('CREATE TABLE %1$I (LIKE %2$I INCLUDING ALL, CHECK (part = %3$s))',   -- PARTITION OF would stop everybody
                       t || '_' || p_part, t, p_part);
        EXECUTE format('ALTER TABLE %2$I ATTACH PARTITION %1$I FOR VALUES IN (%3$s)', t || '_' || p_part, t, p_part);
    END LOOP;
END $$;

CREATE FUNCTION switch_part(p_from INT) RETURNS BOOL LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
    UPDATE meta SET current_part = p_from + 1 WHERE current_part = p_from;
    IF FOUND THEN
        UPDATE part SET closed_at = clock_timestamp() WHERE no = p_from;
        UPDATE part SET current_at = clock_timestamp() WHERE no = p_from + 1;
        RETURN true;
    END IF;
    RETURN false;
END $$;

-- Every stream's newest claim again in the current partition, so that older ones can go. One stream a call: its lock is held shortly.
CREATE FUNCTION re_anchor(p_stream INT) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    PERFORM read_committed();
    PERFORM pg_advisory_xact_lock(lock_class + 1, p_stream) FROM meta;
    PERFORM copy_anchor(p_stream, current_part, gen_random_uuid()) FROM meta
      WHERE current_part > (SELECT part FROM claim WHERE stream = p_stream ORDER BY no DESC LIMIT 1);
END $$;

CREATE FUNCTION streams_to_anchor() RETURNS SETOF INT LANGUAGE sql STABLE SET search_path = ${schema}, pg_temp AS $$
    SELECT s.id FROM stream s, meta m
     WHERE s.shard > -2 AND m.current_part > (SELECT part FROM claim c WHERE c.stream = s.id ORDER BY no DESC LIMIT 1)
$$;

CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'partition % is sealed: repeat the transaction', NEW.part USING ERRCODE = 'MR004';
END $$;

CREATE FUNCTION seal_part(p_part INT) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '200ms' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'seal' AND tgrelid = format('job_log_%s', p_part)::REGCLASS) THEN
        EXECUTE format('CREATE TRIGGER seal BEFORE INSERT ON job_log_%s FOR EACH ROW EXECUTE FUNCTION refuse()', p_part);
    END IF;
    UPDATE part SET sealed_at = clock_timestamp() WHERE no = p_part AND sealed_at IS NULL;
END $$;

-- Past the oldest partition if it is sealed, all its deliveries have ended and no stream is anchored in it.
-- The counts decide quickly; the anti-join proves it.
CREATE FUNCTION raise_live() RETURNS BOOL LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_live INT; v_current INT;
BEGIN
    SELECT live_part, current_part INTO v_live, v_current FROM meta FOR UPDATE;
    IF v_live >= v_current
       OR NOT EXISTS (SELECT FROM part WHERE no = v_live AND sealed_at IS NOT NULL)
       OR EXISTS (SELECT FROM stream s WHERE s.shard > -2
                     AND v_live >= (SELECT part FROM claim c WHERE c.stream = s.id ORDER BY no DESC LIMIT 1))
       OR EXISTS (SELECT FROM job_log j WHERE j.part = v_live AND NOT EXISTS (SELECT FROM outcome o WHERE o.part = j.part AND o.seq = j.seq)) THEN
        RETURN false;
    END IF;
    UPDATE part SET settled_at = clock_timestamp() WHERE no = v_live;
    UPDATE meta SET live_part = v_live + 1;
    RETURN true;
END $$;

-- What nobody claimed in a sealed partition, some of one stream: given the outcome `moved` and appended anew, so that retention can go on.
-- Under the stream's lock nothing is claimed meanwhile; a claim that meets a moved row later finds its outcome.
CREATE FUNCTION move_unclaimed(p_part INT, p_stream INT, p_limit INT) RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
DECLARE c claim; v_n INT;
BEGIN
    PERFORM read_committed();
    PERFORM FROM part WHERE no = p_part AND sealed_at IS NOT NULL;
    IF NOT FOUND THEN RETURN 0; END IF;
    PERFORM pg_advisory_xact_lock(lock_class + 1, p_stream) FROM meta;
    SELECT * INTO c FROM claim WHERE stream = p_stream ORDER BY no DESC LIMIT 1;
    WITH old AS MATERIALIZED (
        SELECT j.* FROM job_log j
         WHERE j.part = p_part AND j.stream = p_stream
           AND NOT (pg_visible_in_snapshot(j.xid, c.prev)
                    OR pg_visible_in_snapshot(j.xid, c.snap) AND (c.exhausted OR (j.xid, j.seq) <= (c.upto_xid, c.upto_seq)))
           AND NOT EXISTS (SELECT FROM outcome o WHERE o.part = j.part AND o.seq = j.seq)
         ORDER BY j.xid, j.seq LIMIT p_limit),
    won AS (
        INSERT INTO outcome (part, seq, job_id, outcome, reason)
        SELECT part, seq, job_id, 'moved', 'its partition has outlived retention' FROM old ORDER BY part, seq
            ON CONFLICT (part, seq) DO NOTHING RETURNING part, seq)
    INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT m.current_part, o.stream, o.job_id, o.run, o.no + 1, o.attempt, o.rescues, o.charged, o.kind, o.kind_version, o.payload, o.headers,
           o.expires_at, o.enqueued_at FROM meta m, old o JOIN won w ON w.part = o.part AND w.seq = o.seq ORDER BY o.xid, o.seq;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;

-- Partitions that can be dropped: settled, past retention, with no claim that reaches into a live one.
CREATE FUNCTION parts_to_drop(p_keep INTERVAL) RETURNS SETOF INT LANGUAGE plpgsql STABLE SET search_path = ${schema}, pg_temp AS $$
DECLARE r RECORD;
BEGIN
    FOR r IN SELECT no FROM part WHERE dropped_at IS NULL AND settled_at IS NOT NULL AND closed_at < clock_timestamp() - p_keep ORDER BY no LOOP
        EXIT WHEN EXISTS (SELECT FROM claim c, meta m WHERE c.part = r.no AND c.hi_part >= m.live_part);
        RETURN NEXT r.no;
    END LOOP;
END $$;

-- Small tables: what belongs to nothing any more.
CREATE FUNCTION sweep(p_keep INTERVAL, p_keys INTERVAL) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    DELETE FROM idempotency_key WHERE ctid IN (SELECT ctid FROM idempotency_key WHERE at < clock_timestamp() - p_keys LIMIT 10000);
    DELETE FROM cancel_mark WHERE part < (SELECT live_part FROM meta);
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

-- In another cluster, or a copy of the database, the snapshots in `claim` mean nothing, and old rows would come back as soon as its
-- transaction ids pass theirs. So: a new partition, every old one sealed and no longer live, every stream anchored afresh, and all
-- that has neither ended nor waits elsewhere appended anew. One transaction.
CREATE FUNCTION rebase() RETURNS BIGINT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET lock_timeout = '60s' AS $$
DECLARE m meta; r RECORD; v_new INT; v_system BIGINT; v_database OID; v_n BIGINT;
BEGIN
    PERFORM read_committed();
    IF pg_is_in_recovery() THEN RAISE EXCEPTION 'a standby can not be rebased' USING ERRCODE = 'MR005'; END IF;
    SELECT * INTO m FROM meta FOR UPDATE;
    SELECT s.system_identifier, d.oid INTO v_system, v_database FROM pg_control_system() s, pg_database d WHERE d.datname = current_database();
    IF (m.system_identifier, m.database) = (v_system, v_database) THEN RETURN -1; END IF;    -- another node was faster
    SELECT max(no) INTO v_new FROM part;
    IF v_new = m.current_part OR EXISTS (SELECT FROM job_log WHERE part = v_new) THEN
        v_new := v_new + 1;
        PERFORM attach_part(v_new);
    END IF;
    FOR r IN SELECT no FROM part WHERE no < v_new AND dropped_at IS NULL LOOP
        PERFORM seal_part(r.no);
    END LOOP;
    UPDATE part SET closed_at = coalesce(closed_at, clock_timestamp()) WHERE no < v_new;
    UPDATE part SET current_at = clock_timestamp() WHERE no = v_new;
    UPDATE node SET state = 'gone', epoch = epoch + 1 WHERE state <> 'gone';
    DELETE FROM manifest;
    DELETE FROM cancel_mark;
    UPDATE meta SET system_identifier = v_system, database = v_database, current_part = v_new, live_part = v_new;
    INSERT INTO claim (part, stream, no, token, prev, snap, exhausted, n)
    SELECT v_new, s.id, coalesce((SELECT max(no) FROM claim c WHERE c.stream = s.id), -1) + 1, gen_random_uuid(), '1:1:', '1:1:', true, 0
      FROM stream s WHERE s.shard > -2;
    WITH open AS MATERIALIZED (
        SELECT j.* FROM job_log j WHERE j.part < v_new AND NOT EXISTS (SELECT FROM outcome o WHERE o.part = j.part AND o.seq = j.seq)),
    moved AS (
        INSERT INTO outcome (part, seq, job_id, outcome, reason)
        SELECT part, seq, job_id, 'moved', 'the database was restored or copied' FROM open ORDER BY part, seq
            ON CONFLICT (part, seq) DO NOTHING RETURNING part, seq)
    INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT v_new, o.stream, o.job_id, o.run, o.no + 1, o.attempt, o.rescues, o.charged, o.kind, o.kind_version, o.payload, o.headers,
           o.expires_at, o.enqueued_at FROM open o JOIN moved w ON w.part = o.part AND w.seq = o.seq ORDER BY o.part, o.seq;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    UPDATE part SET settled_at = coalesce(settled_at, clock_timestamp()) WHERE no < v_new;
    INSERT INTO audit (by, action, target, reason) VALUES ('millrace', 'rebase', v_n || ' deliveries', 'the database was restored or copied');
    RETURN v_n;
END $$;

INSERT INTO meta (system_identifier, database, log_format, lock_class, current_part, live_part, shards)
SELECT s.system_identifier, d.oid, 1, (random() * 600000000)::INT * 3, 1, 1, 4
  FROM pg_control_system() s, pg_database d WHERE d.datname = current_database();
SELECT attach_part(1);
SELECT attach_part(2);
UPDATE part SET current_at = clock_timestamp() WHERE no = 1;
SELECT add_queue('default');
