-- Nodes tell more of themselves: of handlers that were told to end and have not, with each beat; and which older versions of payloads they read.

-- Nodes must beat: rather none of it than their beats behind somebody's long transaction.
SET LOCAL lock_timeout = '5s';

-- All null if there are none, or the node's build does not tell.
ALTER TABLE beat
    ADD COLUMN stuck        INT,         -- how many
    ADD COLUMN stuck_job    UUID,        -- the job of the one that was told first
    ADD COLUMN stuck_millis BIGINT;      -- how long before this beat that was, on the node's own clock

-- Apart from node: handlers' transactions hold locks there, and ALTER TABLE would wait for all of them. Apart from beat, which is written anew every 2 s.
CREATE TABLE node_reads (
    node  UUID PRIMARY KEY,
    reads TEXT[] NOT NULL                -- each kind in each version, as name:version
);

-- As before, and what the node tells of stuck handlers until its next beat. The other one stays: builds that do not tell call it.
CREATE FUNCTION raise_beat(p_node UUID, p_epoch INT, p_stuck INT, p_stuck_job UUID, p_stuck_millis BIGINT) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM read_committed();
    PERFORM FROM meta m, pg_control_system() s, pg_database d
      WHERE d.datname = current_database() AND (m.system_identifier, m.database) = (s.system_identifier, d.oid);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % epoch % is fenced: this is another database', p_node, p_epoch USING ERRCODE = 'MR001';
    END IF;
    UPDATE beat SET n = n + 1, at = clock_timestamp(), stuck = p_stuck, stuck_job = p_stuck_job, stuck_millis = p_stuck_millis
     WHERE node = p_node AND EXISTS (SELECT FROM node WHERE id = p_node AND epoch = p_epoch AND state = 'alive' AND timeline = server_timeline());
    IF NOT FOUND THEN RAISE EXCEPTION 'node % epoch % is fenced', p_node, p_epoch USING ERRCODE = 'MR001'; END IF;
END $$;

-- As before, and what it reads. Who joins clears away what is left of nodes that are forgotten.
CREATE FUNCTION join_node(p_node UUID, p_name TEXT, p_host TEXT, p_pid BIGINT, p_version TEXT, p_slots INT, p_queues TEXT[], p_kinds TEXT[], p_keyed BOOL,
                          p_reads TEXT[])
RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_epoch INT;
BEGIN
    v_epoch := join_node(p_node, p_name, p_host, p_pid, p_version, p_slots, p_queues, p_kinds, p_keyed);
    DELETE FROM node_reads WHERE node IN (
        SELECT r.node FROM node_reads r WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = r.node) FOR UPDATE SKIP LOCKED);
    IF p_reads IS NOT NULL THEN INSERT INTO node_reads VALUES (p_node, p_reads); END IF;
    RETURN v_epoch;
END $$;
