-- A failover to a standby that lagged forgets the last commits, and with them what nodes were told: a node went on with a claim whose outcome it
-- believed to be written, and nobody took that delivery up as long as the node lived. As before, but a lease is good on one timeline of the
-- server only, which a promotion ends: nodes join anew, and what they held is taken back. What no commit was lost of loses a lease's time.

-- A role or a database may have switched off that a commit waits for the disk. What a node was told must survive a crash of the server: it has
-- noted that, and nobody would take the delivery up again.
CREATE FUNCTION durable_commit() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'local', true); END IF;
END $$;

-- Eight digits, which change with each promotion.
CREATE FUNCTION server_timeline() RETURNS TEXT LANGUAGE sql VOLATILE AS $$
    SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)
$$;

-- All steps of all nodes need this table: rather none of it than all of them behind somebody's long transaction.
SET LOCAL lock_timeout = '5s';

ALTER TABLE node ADD COLUMN timeline TEXT NOT NULL DEFAULT server_timeline();

CREATE OR REPLACE FUNCTION fence(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM read_committed();
    PERFORM durable_commit();
    PERFORM pg_advisory_xact_lock_shared(m.lock_class, n.lock_no) FROM meta m, node n WHERE n.id = p_node;
    PERFORM FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive' AND timeline = server_timeline();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION prove(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive' AND timeline = server_timeline();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION fence_row(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM durable_commit();
    PERFORM FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive' AND timeline = server_timeline() FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION raise_beat(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM read_committed();
    UPDATE beat SET n = n + 1, at = clock_timestamp()
     WHERE node = p_node AND EXISTS (SELECT FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive' AND timeline = server_timeline());
    IF NOT FOUND THEN RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001'; END IF;
END $$;

-- A handler's transaction may hold the node's row for a while, and the node beat meanwhile. As before, but the beat is looked at after that.
CREATE OR REPLACE FUNCTION depose(p_by UUID, p_by_epoch INT, p_node UUID, p_epoch INT, p_beat BIGINT)
RETURNS BOOL LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET lock_timeout = '10s' AS $$
DECLARE r RECORD;
BEGIN
    PERFORM read_committed();
    FOR r IN SELECT m.lock_class, n.lock_no, n.id FROM meta m, node n WHERE n.id IN (p_by, p_node) ORDER BY n.lock_no LOOP
        IF r.id = p_node THEN PERFORM pg_advisory_xact_lock(r.lock_class, r.lock_no);      -- in one order: two may depose each other
        ELSE PERFORM pg_advisory_xact_lock_shared(r.lock_class, r.lock_no);
        END IF;
    END LOOP;
    PERFORM fence(p_by, p_by_epoch);
    PERFORM FROM node WHERE id = p_node FOR UPDATE;                                         -- it may take long: look at the beat after that
    UPDATE node SET epoch = epoch + 1, state = 'deposed'
     WHERE id = p_node AND epoch = p_epoch AND state = 'alive' AND EXISTS (SELECT FROM beat WHERE node = p_node AND n = p_beat);
    RETURN FOUND;
END $$;
