-- What operators say while everything runs. A tenant, an order key and a limit can be paused as well as a queue and a kind.

-- All steps of all nodes need some of these tables: rather none of it than all of them behind somebody's long transaction.
SET LOCAL lock_timeout = '5s';

-- ---------------------------------------------------------------------------------------------- pauses

-- A key is its queue and its values, a limit its name and, if not all of it is meant, its values: sync ("product",42). A build that is older than this knows
-- nothing of those, and goes on with what they hold; but it releases nothing of a paused tenant.
ALTER TABLE pause DROP CONSTRAINT pause_scope_check;
ALTER TABLE pause ADD CONSTRAINT pause_scope_check CHECK (scope IN ('queue', 'kind', 'schedule', 'tenant', 'key', 'limit'));

-- What is parked for a paused tenant is set aside: a release goes by what it may take, and does not walk over the hundred thousand of one tenant each time. What
-- of a tenant was parked for another reason before the pause is set aside when a release comes to it.
ALTER TABLE parked ADD COLUMN tenant TEXT;                           -- the tenant that was paused; null if it is not set aside

DROP INDEX parked_waiting;
CREATE INDEX parked_waiting ON parked (stream, kind, (id + 0), kind_version) WHERE parking <> 'undecodable' AND tenant IS NULL;
CREATE INDEX parked_aside ON parked (stream, tenant, kind, (id + 0), kind_version) WHERE tenant IS NOT NULL;

CREATE FUNCTION aside_for_tenant() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pause z WHERE z.scope = 'tenant' AND z.name = NEW.headers->>'tenant') THEN NEW.tenant := NEW.headers->>'tenant'; END IF;
    RETURN NEW;
END $$;

-- Others than these pay for it with two comparisons.
CREATE TRIGGER aside BEFORE INSERT ON parked FOR EACH ROW WHEN (NEW.parking = 'paused' AND NEW.headers ? 'tenant') EXECUTE FUNCTION aside_for_tenant();

-- Of what a release would take, sets aside what is of a paused tenant; a thousand or two at most, since the next release goes on.
CREATE FUNCTION set_aside(p_queues TEXT[], p_kind TEXT[], p_version INT[], p_room INT[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE v_n INT; v_all INT := 0; v_look INT := 0;
BEGIN
    LOOP
        WITH met AS MATERIALIZED (
            SELECT p.id FROM unnest(p_kind, p_version, p_room) k (kind, version, room)
             CROSS JOIN LATERAL (
                   SELECT x.id, x.tenant FROM stream s
                    CROSS JOIN LATERAL (
                          SELECT w.id, w.headers->>'tenant' AS tenant FROM parked w
                           WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking <> 'undecodable' AND w.tenant IS NULL
                           ORDER BY w.id + 0 LIMIT greatest(k.room, v_look)) x
                    WHERE s.queue = ANY (p_queues) AND s.shard >= 0) p
             WHERE EXISTS (SELECT FROM pause z WHERE z.scope = 'tenant' AND z.name = p.tenant)),
        theirs AS MATERIALIZED (SELECT p.id FROM parked p JOIN met ON met.id = p.id ORDER BY p.id FOR UPDATE OF p SKIP LOCKED)
        UPDATE parked SET tenant = headers->>'tenant' FROM theirs WHERE parked.id = theirs.id;
        GET DIAGNOSTICS v_n = ROW_COUNT;
        v_all := v_all + v_n;
        EXIT WHEN v_n = 0 OR v_all >= 1000;
        v_look := 200;                                               -- there are more of them, likely
    END LOOP;
END $$;

-- As before; but nothing of a paused tenant.
CREATE OR REPLACE FUNCTION release(p_node UUID, p_epoch INT, p_kind TEXT[], p_version INT[], p_room INT[], p_limit INT)
RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_n INT; n node;
BEGIN
    PERFORM fence(p_node, p_epoch);
    SELECT * INTO n FROM node WHERE id = p_node;
    IF EXISTS (SELECT FROM pause WHERE scope = 'tenant') THEN PERFORM set_aside(n.queues, p_kind, p_version, p_room); END IF;
    WITH RECURSIVE own AS MATERIALIZED (
        SELECT s.id, s.queue FROM stream s
         WHERE s.queue = ANY (n.queues) AND s.shard >= 0
           AND (s.id < 1000000000 OR (s.id & 1) = 1 AND EXISTS (SELECT FROM shard_owner o WHERE o.stream = s.id & ~1 AND o.node = p_node))),
    aside AS (                                                       -- from tenant to tenant, not from row to row
        SELECT s.id AS stream, w.tenant FROM own s
         CROSS JOIN LATERAL (SELECT p.tenant FROM parked p WHERE p.stream = s.id AND p.tenant IS NOT NULL ORDER BY p.tenant LIMIT 1) w
         UNION ALL
        SELECT a.stream, w.tenant FROM aside a
         CROSS JOIN LATERAL (SELECT p.tenant FROM parked p WHERE p.stream = a.stream AND p.tenant > a.tenant ORDER BY p.tenant LIMIT 1) w),
    resumed AS MATERIALIZED (
        SELECT a.stream, a.tenant FROM aside a WHERE NOT EXISTS (SELECT FROM pause z WHERE z.scope = 'tenant' AND z.name = a.tenant)),
    fit AS MATERIALIZED (
        SELECT r.id FROM unnest(p_kind, p_version, p_room) k (kind, version, room)
         CROSS JOIN LATERAL (
               SELECT p.id FROM own s
                CROSS JOIN LATERAL (
                      (SELECT w.id FROM parked w
                        WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking <> 'undecodable' AND w.tenant IS NULL
                        ORDER BY w.id + 0 LIMIT k.room)
                       UNION ALL
                      (SELECT w.id FROM parked w
                        WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking = 'undecodable'
                          AND w.since < n.started_at                                                    -- a newer build, perhaps
                        ORDER BY w.since, w.id LIMIT k.room)
                       UNION ALL
                      (SELECT w.id FROM resumed t
                        CROSS JOIN LATERAL (
                              SELECT x.id FROM parked x
                               WHERE x.stream = s.id AND x.tenant = t.tenant AND x.kind = k.kind AND x.kind_version <= k.version
                               ORDER BY x.id + 0 LIMIT k.room) w
                        WHERE t.stream = s.id)) p
                WHERE NOT EXISTS (SELECT FROM pause z WHERE (z.scope, z.name) IN (('kind', k.kind), ('queue', s.queue)))
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

-- As before, and what is set aside for a tenant.
CREATE OR REPLACE FUNCTION absent_of(p_node UUID, p_epoch INT, p_stream INT) RETURNS TABLE (job_id UUID, headers TEXT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    PERFORM prove(p_node, p_epoch);
    RETURN QUERY
        SELECT t.job_id, t.headers::TEXT FROM timer t
         WHERE t.stream = (p_stream | 1) AND t.stream >= 1000000000 AND t.no > 1 AND t.headers ? ':order'
         UNION ALL
        SELECT k.job_id, k.headers::TEXT FROM parked k
         WHERE k.stream = (p_stream | 1) AND k.parking <> 'undecodable' AND k.tenant IS NULL AND k.headers ? ':order'
         UNION ALL
        SELECT k.job_id, k.headers::TEXT FROM parked k
         WHERE k.stream = (p_stream | 1) AND k.tenant IS NOT NULL AND k.headers ? ':order'
         UNION ALL
        SELECT k.job_id, k.headers::TEXT FROM parked k
         WHERE k.stream = (p_stream | 1) AND k.parking = 'undecodable' AND k.headers ? ':order'
         ORDER BY 1;
END $$;

-- ---------------------------------------------------------------------------------------------- numbers

-- Numbers that operators have set over those that code says. Nodes hear of all of them with what is paused, in the statement that they ask each second anyway.
CREATE TABLE adjustment (
    of      TEXT NOT NULL CHECK (of IN ('limit', 'kind')),
    name    TEXT NOT NULL,
    at_once INT    CHECK (at_once > 0),                              -- null here and below: as code says
    starts  INT    CHECK (starts > 0),                               -- so many in the next
    millis  BIGINT CHECK (millis > 0),
    burst   INT    CHECK (burst > 0),
    reason  TEXT NOT NULL,
    by      TEXT NOT NULL,
    at      TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (of, name),
    CHECK (coalesce(at_once, starts) IS NOT NULL AND (starts IS NULL) = (millis IS NULL) AND (starts IS NULL) = (burst IS NULL))
);
