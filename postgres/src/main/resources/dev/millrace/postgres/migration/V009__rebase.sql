-- A rebase could not be finished in a database in use: making and sealing partitions gave up after 200 ms without a lock, which the autovacuum
-- that follows a restore holds for much longer, and it gives way only to who waits for a second. What they do is apart now from how long they
-- wait: shortly in everyday life, as long as it takes in a rebase.

CREATE FUNCTION attach_now(p_part INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
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

CREATE OR REPLACE FUNCTION attach_part(p_part INT) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '200ms' AS $$
BEGIN
    PERFORM attach_now(p_part);
END $$;

CREATE FUNCTION seal_now(p_part INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'seal' AND tgrelid = format('job_log_%s', p_part)::REGCLASS) THEN
        EXECUTE format('CREATE TRIGGER seal BEFORE INSERT ON job_log_%s FOR EACH ROW EXECUTE FUNCTION refuse()', p_part);
    END IF;
    UPDATE part SET sealed_at = clock_timestamp() WHERE no = p_part AND sealed_at IS NULL;
END $$;

-- Two seconds, since nobody but late transactions writes into a closed partition, and a vacuum of it gives way after one.
CREATE OR REPLACE FUNCTION seal_part(p_part INT) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
    PERFORM seal_now(p_part);
END $$;

-- As before, with the patience of a rebase in all it does.
CREATE OR REPLACE FUNCTION rebase() RETURNS BIGINT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET lock_timeout = '60s' AS $$
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
        PERFORM attach_now(v_new);
    END IF;
    FOR r IN SELECT no FROM part WHERE no < v_new AND dropped_at IS NULL LOOP
        PERFORM seal_now(r.no);
    END LOOP;
    UPDATE part SET closed_at = coalesce(closed_at, clock_timestamp()) WHERE no < v_new;
    UPDATE part SET current_at = clock_timestamp() WHERE no = v_new;
    UPDATE node SET state = 'gone', epoch = epoch + 1 WHERE state <> 'gone';
    DELETE FROM manifest;
    DELETE FROM cancel_mark;
    DELETE FROM settling;
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
