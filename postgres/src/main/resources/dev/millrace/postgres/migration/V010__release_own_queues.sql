-- A node released what it could run by kind alone, from queues that it does not serve as well: there a node without that kind claimed it,
-- parked it again, and so on for ever. As before, but from the caller's queues only; and found by an index, however much is parked that is paused,
-- of a newer version, or could not be decoded.

DROP INDEX parked_kind_kind_version_id_idx;
CREATE INDEX parked_waiting ON parked (stream, kind, (id + 0), kind_version) WHERE parking <> 'undecodable';   -- + 0: an order that only it has
CREATE INDEX parked_undecodable ON parked (stream, kind, since, id, kind_version) WHERE parking = 'undecodable';

CREATE OR REPLACE FUNCTION release(p_node UUID, p_epoch INT, p_kind TEXT[], p_version INT[], p_room INT[], p_limit INT)
RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_n INT; n node;
BEGIN
    PERFORM fence(p_node, p_epoch);
    SELECT * INTO n FROM node WHERE id = p_node;
    WITH fit AS MATERIALIZED (
        SELECT r.id FROM unnest(p_kind, p_version, p_room) k (kind, version, room)
         CROSS JOIN LATERAL (
               SELECT p.id FROM stream s
                CROSS JOIN LATERAL (
                      (SELECT w.id FROM parked w
                        WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking <> 'undecodable'
                        ORDER BY w.id + 0 LIMIT k.room)
                       UNION ALL
                      (SELECT w.id FROM parked w
                        WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking = 'undecodable'
                          AND w.since < n.started_at                                                    -- a newer build, perhaps
                        ORDER BY w.since, w.id LIMIT k.room)) p
                WHERE s.queue = ANY (n.queues) AND s.shard >= 0
                  AND NOT EXISTS (SELECT FROM pause z WHERE (z.scope, z.name) IN (('kind', k.kind), ('queue', s.queue)))
                ORDER BY p.id LIMIT k.room) r
         ORDER BY r.id LIMIT p_limit),
    mine AS MATERIALIZED (SELECT p.id FROM parked p JOIN fit ON fit.id = p.id ORDER BY p.id FOR UPDATE OF p SKIP LOCKED),
    freed AS (DELETE FROM parked USING mine WHERE parked.id = mine.id RETURNING parked.*)
    INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT m.current_part, f.stream, f.job_id, f.run, f.no, f.attempt, f.rescues, f.charged, f.kind, f.kind_version, f.payload, f.headers,
           f.expires_at, f.enqueued_at FROM meta m, freed f ORDER BY f.id;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;
