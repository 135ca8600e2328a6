-- What others do in the same database, and what becomes of it.

-- Ends what holds the lock that p_waiter waits for, granted; not who waits for it ahead. As before, but a table that somebody has locked, as
-- a migration, REINDEX or VACUUM FULL does, is waited for. Needs the same role, or pg_signal_backend.
CREATE OR REPLACE FUNCTION end_holders(p_waiter INT) RETURNS INT LANGUAGE sql VOLATILE SET search_path = ${schema}, pg_temp AS $$
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))::INT
      FROM (SELECT DISTINCT h.pid
              FROM pg_locks w
              JOIN pg_locks h ON ROW(h.locktype, h.database, h.relation, h.page, h.tuple, h.transactionid, h.classid, h.objid, h.objsubid)
                   IS NOT DISTINCT FROM ROW(w.locktype, w.database, w.relation, w.page, w.tuple, w.transactionid, w.classid, w.objid, w.objsubid)
              JOIN pg_stat_activity a ON a.pid = h.pid AND a.datname = current_database()
             WHERE w.pid = p_waiter AND NOT w.granted AND w.locktype IN ('advisory', 'transactionid', 'tuple')
               AND h.granted AND h.pid = ANY (pg_blocking_pids(p_waiter))) held
$$;

-- Nodes may be led to a copy of their database in another cluster while they live: there the snapshots in `claim` mean nothing. As before, but
-- it is noticed at the next beat that arrives there. The node joins anew, and with that the copy is rebased.
CREATE OR REPLACE FUNCTION raise_beat(p_node UUID, p_epoch INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM read_committed();
    PERFORM FROM meta m, pg_control_system() s, pg_database d
      WHERE d.datname = current_database() AND (m.system_identifier, m.database) = (s.system_identifier, d.oid);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % epoch % is fenced: this is another database', p_node, p_epoch USING ERRCODE = 'MR001';
    END IF;
    UPDATE beat SET n = n + 1, at = clock_timestamp()
     WHERE node = p_node AND EXISTS (SELECT FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive' AND timeline = server_timeline());
    IF NOT FOUND THEN RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001'; END IF;
END $$;

-- Where millions of jobs tell their progress, are cancelled or hold out, millions of rows outlive them. As before, but some at a call: one transaction
-- for all of them might be cut off each time, and nothing would ever go. (No index on their time: it changes with each row, which would no longer
-- be updated within its page.)
CREATE FUNCTION sweep(p_keep INTERVAL, p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_most INT; v_n INT; v_live INT; v_before TIMESTAMPTZ := clock_timestamp() - p_keep;
BEGIN
    SELECT live_part INTO v_live FROM meta;
    DELETE FROM silence s WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = s.node AND n.state <> 'gone');
    DELETE FROM node n WHERE state = 'gone' AND EXISTS (SELECT FROM beat b WHERE b.node = n.id AND b.at < clock_timestamp() - INTERVAL '1 day');
    DELETE FROM beat b WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = b.node) AND b.at < clock_timestamp() - INTERVAL '1 hour';
    DELETE FROM manifest m WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = m.node AND n.state <> 'gone');
    DELETE FROM cancel_mark WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM cancel_mark WHERE part < v_live LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_most = ROW_COUNT;
    DELETE FROM outlived WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM outlived WHERE part < v_live LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    v_most := greatest(v_most, v_n);
    DELETE FROM audit WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM audit WHERE at < clock_timestamp() - INTERVAL '365 days' ORDER BY at LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    v_most := greatest(v_most, v_n);
    DELETE FROM progress WHERE ctid = ANY (ARRAY(
        SELECT p.ctid FROM progress p
         WHERE p.at < v_before AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = p.job_id)
           AND NOT EXISTS (SELECT FROM parked t WHERE t.job_id = p.job_id) AND NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = p.job_id)
         LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    v_most := greatest(v_most, v_n);
    DELETE FROM checkpoint WHERE ctid = ANY (ARRAY(
        SELECT p.ctid FROM checkpoint p
         WHERE p.at < v_before AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = p.job_id)
           AND NOT EXISTS (SELECT FROM parked t WHERE t.job_id = p.job_id) AND NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = p.job_id)
         LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN greatest(v_most, v_n);
END $$;

-- For nodes of the build before, which may still be running.
CREATE OR REPLACE FUNCTION sweep(p_keep INTERVAL) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM sweep(p_keep, 10000);
END $$;
