-- How often a queue or a kind runs at once over all nodes together. Code and operators could say that of one node, or of one key of a limit. Now a number is
-- divided among the nodes: each holds a share and runs no more than that, so that no row is touched when a job starts.
--
-- The shares of all nodes that are not gone are never more than the number together. A share grows by what a node is answered here, out of what nobody holds; it
-- falls by the node's own word alone, since nobody else knows what it has started. So what is asked of it is only asked for, and others get it when it has said
-- that it holds less: an answer that is lost does no harm. A call that comes late, behind a newer one of its node, changes nothing.

-- All steps of all nodes need some of these tables: rather none of it than all of them behind somebody's long transaction.
SET LOCAL lock_timeout = '5s';

-- Older builds leave out what they do not know.
ALTER TABLE adjustment DROP CONSTRAINT adjustment_of_check;
ALTER TABLE adjustment ADD CONSTRAINT adjustment_of_check CHECK (of IN ('limit', 'kind', 'fleet_kind', 'fleet_queue'));
ALTER TABLE adjustment ADD CHECK (of IN ('limit', 'kind') OR at_once IS NOT NULL AND starts IS NULL);

-- One row for each node and each number that it knows of, updated about each second as its beat is. A row of a node that is gone, or no longer known, says nothing.
CREATE TABLE fleet_share (
    of      TEXT   NOT NULL CHECK (of IN ('fleet_kind', 'fleet_queue')),
    name    TEXT   NOT NULL,
    node    UUID   NOT NULL,
    no      BIGINT NOT NULL,                                         -- of the node's newest call
    coded   INT    CHECK (coded > 0),                                -- the number that its code says; null if it says none
    share   INT    NOT NULL CHECK (share >= 0),                      -- it runs no more than so many
    running INT    NOT NULL,                                         -- shown, never judged by
    needs   INT    NOT NULL,                                         -- so many it could run; -1: it wants none, not even what nobody needs
    PRIMARY KEY (of, name, node)
) WITH (fillfactor = 50);

-- What code says, where no operator has said anything: of the living nodes the newest one's.
CREATE VIEW coded_fleet_number AS
    SELECT DISTINCT ON (s.of, s.name) s.of, s.name, s.coded AS number
      FROM fleet_share s JOIN node n ON n.id = s.node AND n.state = 'alive'
     WHERE s.coded IS NOT NULL AND NOT EXISTS (SELECT FROM adjustment a WHERE a.of = s.of AND a.name = s.name)
     ORDER BY s.of, s.name, n.started_at DESC, n.id DESC;

-- What a living node should hold, of p_number that the living share. Division says the same in Java. Each that needs some has as much as the others, or what it
-- needs if that is less; what nobody needs is spread over all. Where more need some than there is, each has one in its turn.
CREATE FUNCTION fleet_target(p_of TEXT, p_name TEXT, p_node UUID, p_number INT) RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET jit = off AS $$
DECLARE r RECORD; v_all INT; v_wanting INT; v_before INT; v_place INT; v_asks BOOL; v_turn BIGINT; v_left INT := p_number; v_part INT; v_target INT := 0;
BEGIN
    SELECT count(*), count(*) FILTER (WHERE s.needs > 0), count(*) FILTER (WHERE s.node < p_node),
           CASE WHEN bool_or(s.node = p_node AND s.needs > 0) THEN count(*) FILTER (WHERE s.node < p_node AND s.needs > 0) END,
           coalesce(bool_or(s.node = p_node), false)
      INTO v_all, v_wanting, v_before, v_place, v_asks
      FROM fleet_share s JOIN node n ON n.id = s.node AND n.state = 'alive' WHERE s.of = p_of AND s.name = p_name AND s.needs >= 0;
    IF NOT v_asks THEN RETURN 0; END IF;
    IF v_wanting > p_number THEN
        v_turn := floor(extract(epoch FROM clock_timestamp()) / 5);
        RETURN coalesce(((v_place - v_turn) % v_wanting + v_wanting) % v_wanting < p_number, false)::INT;
    END IF;
    FOR r IN SELECT s.node, s.needs FROM fleet_share s JOIN node n ON n.id = s.node AND n.state = 'alive'
              WHERE s.of = p_of AND s.name = p_name AND s.needs > 0 ORDER BY s.needs, s.node
    LOOP
        v_part := least(r.needs, v_left / v_wanting);
        IF r.node = p_node THEN v_target := v_part; END IF;
        v_left := v_left - v_part;
        v_wanting := v_wanting - 1;
    END LOOP;
    RETURN v_target + v_left / v_all + (v_before < v_left % v_all)::INT;
END $$;

-- A node says what it holds of all numbers that it knows of, and is answered what it holds from now on, and what it should: see FleetShares. Who calls for the same
-- number at the same time waits; the locks are taken in one order, and what is read behind them is newer than they are.
CREATE FUNCTION share_fleet(p_node UUID, p_epoch INT, p_no BIGINT, p_of TEXT[], p_name TEXT[], p_coded INT[], p_holds INT[], p_running INT[], p_needs INT[])
RETURNS TABLE (nr INT, number INT, share INT, target INT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '2s' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_key INT; v_known fleet_share; v_number INT; v_dead BIGINT; v_elsewhere BIGINT; v_starved BOOL; v_share INT; v_target INT;
BEGIN
    PERFORM fence(p_node, p_epoch);
    FOR v_key IN SELECT DISTINCT hashtext(u.of || ' ' || u.name) FROM unnest(p_of, p_name) u (of, name) ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(lock_class + 2, v_key) FROM meta;
    END LOOP;
    FOR i IN 1..cardinality(p_of) LOOP
        SELECT * INTO v_known FROM fleet_share s WHERE s.of = p_of[i] AND s.name = p_name[i] AND s.node = p_node;
        IF FOUND AND v_known.no >= p_no THEN                          -- overtaken, or come twice: nobody acts on this any more
            RETURN QUERY SELECT i, greatest(1, p_holds[i]), p_holds[i], p_holds[i];
            CONTINUE;
        END IF;
        INSERT INTO fleet_share (of, name, node, no, coded, share, running, needs)
        VALUES (p_of[i], p_name[i], p_node, p_no, p_coded[i], p_holds[i], p_running[i], p_needs[i])
            ON CONFLICT (of, name, node) DO UPDATE SET no = excluded.no, coded = excluded.coded, share = excluded.share,
               running = excluded.running, needs = excluded.needs;
        DELETE FROM fleet_share s WHERE s.of = p_of[i] AND s.name = p_name[i] AND NOT EXISTS (SELECT FROM node n WHERE n.id = s.node AND n.state <> 'gone');
        v_number := coalesce((SELECT a.at_once FROM adjustment a WHERE a.of = p_of[i] AND a.name = p_name[i]),
                             (SELECT c.number FROM coded_fleet_number c WHERE c.of = p_of[i] AND c.name = p_name[i]));
        IF v_number IS NULL THEN
            DELETE FROM fleet_share s WHERE s.of = p_of[i] AND s.name = p_name[i] AND s.node = p_node;
            RETURN QUERY SELECT i, 0, 0, 0;
            CONTINUE;
        END IF;
        SELECT coalesce(sum(s.share) FILTER (WHERE n.state = 'deposed'), 0), coalesce(sum(s.share) FILTER (WHERE s.node <> p_node), 0),
               coalesce(bool_or(s.node <> p_node AND n.state = 'alive' AND s.needs > s.share), false)
          INTO v_dead, v_elsewhere, v_starved
          FROM fleet_share s JOIN node n ON n.id = s.node AND n.state <> 'gone' WHERE s.of = p_of[i] AND s.name = p_name[i];
        v_share := p_holds[i];
        v_target := fleet_target(p_of[i], p_name[i], p_node, greatest(0, v_number - v_dead)::INT);
        IF v_share < v_target THEN
            v_share := v_share + least(greatest(0, v_number - v_elsewhere - v_share), v_target - v_share);
            v_target := v_share;
            IF v_share > p_holds[i] THEN
                UPDATE fleet_share s SET share = v_share WHERE s.of = p_of[i] AND s.name = p_name[i] AND s.node = p_node;
            END IF;
        ELSIF NOT v_starved AND v_elsewhere + v_share <= v_number THEN v_target := v_share;
        END IF;
        RETURN QUERY SELECT i, v_number, v_share, v_target;
    END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------- what is parked

-- As release of fewer parameters; but of these queues no more than they have room for, of all kinds together. What waits in them holds up no other queue.
CREATE FUNCTION release(p_node UUID, p_epoch INT, p_kind TEXT[], p_version INT[], p_room INT[], p_queue TEXT[], p_queue_room INT[], p_limit INT)
RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_n INT; n node;
BEGIN
    PERFORM fence(p_node, p_epoch);
    SELECT * INTO n FROM node WHERE id = p_node;
    IF EXISTS (SELECT FROM pause WHERE scope = 'tenant') THEN PERFORM set_aside(n.queues, p_kind, p_version, p_room); END IF;
    WITH RECURSIVE own AS MATERIALIZED (
        SELECT s.id, s.queue, q.room FROM stream s LEFT JOIN unnest(p_queue, p_queue_room) q (queue, room) ON q.queue = s.queue
         WHERE s.queue = ANY (n.queues) AND s.shard >= 0 AND coalesce(q.room, 1) > 0
           AND (s.id < 1000000000 OR (s.id & 1) = 1 AND EXISTS (SELECT FROM shard_owner o WHERE o.stream = s.id & ~1 AND o.node = p_node))),
    aside AS (                                                       -- from tenant to tenant, not from row to row
        SELECT s.id AS stream, w.tenant FROM own s
         CROSS JOIN LATERAL (SELECT p.tenant FROM parked p WHERE p.stream = s.id AND p.tenant IS NOT NULL ORDER BY p.tenant LIMIT 1) w
         UNION ALL
        SELECT a.stream, w.tenant FROM aside a
         CROSS JOIN LATERAL (SELECT p.tenant FROM parked p WHERE p.stream = a.stream AND p.tenant > a.tenant ORDER BY p.tenant LIMIT 1) w),
    resumed AS MATERIALIZED (
        SELECT a.stream, a.tenant FROM aside a WHERE NOT EXISTS (SELECT FROM pause z WHERE z.scope = 'tenant' AND z.name = a.tenant)),
    near AS MATERIALIZED (
        SELECT r.id, r.queue, r.room FROM unnest(p_kind, p_version, p_room) k (kind, version, room)
         CROSS JOIN LATERAL (
               SELECT f.id, f.queue, f.room FROM (
                   SELECT p.id, s.queue, s.room, row_number() OVER (PARTITION BY s.queue ORDER BY p.id) AS nr FROM own s
                    CROSS JOIN LATERAL (
                          (SELECT w.id FROM parked w
                            WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking <> 'undecodable' AND w.tenant IS NULL AND w.line IS NULL
                            ORDER BY w.id + 0 LIMIT least(k.room, s.room))
                           UNION ALL
                          (SELECT w.id FROM parked w
                            WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking = 'undecodable'
                              AND w.since < n.started_at                                                -- a newer build, perhaps
                            ORDER BY w.since, w.id LIMIT least(k.room, s.room))
                           UNION ALL
                          (SELECT w.id FROM resumed t
                            CROSS JOIN LATERAL (
                                  SELECT x.id FROM parked x
                                   WHERE x.stream = s.id AND x.tenant = t.tenant AND x.kind = k.kind AND x.kind_version <= k.version
                                   ORDER BY x.id + 0 LIMIT least(k.room, s.room)) w
                            WHERE t.stream = s.id)) p
                    WHERE NOT EXISTS (SELECT FROM pause z WHERE (z.scope, z.name) IN (('kind', k.kind), ('queue', s.queue)))) f
                WHERE f.nr <= coalesce(f.room, k.room)
                ORDER BY f.id LIMIT k.room) r),
    fit AS MATERIALIZED (
        SELECT m.id FROM (SELECT r.id, r.room, row_number() OVER (PARTITION BY r.queue ORDER BY r.id) AS nr FROM near r) m
         WHERE m.room IS NULL OR m.nr <= m.room ORDER BY m.id LIMIT p_limit),
    mine AS MATERIALIZED (SELECT p.id FROM parked p JOIN fit ON fit.id = p.id ORDER BY p.id FOR UPDATE OF p SKIP LOCKED),
    freed AS (DELETE FROM parked USING mine WHERE parked.id = mine.id RETURNING parked.*)
    INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT m.current_part, f.stream, f.job_id, f.run, f.no, f.attempt, f.rescues, f.charged, f.kind, f.kind_version, f.payload, f.headers,
           f.expires_at, f.enqueued_at FROM meta m, freed f ORDER BY f.id;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;
