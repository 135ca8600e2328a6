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

-- ---------------------------------------------------------------------------------------------- why

-- The jobs of a keyed job's shard that have its order or its limit and have not ended, for who asks why it waits: held by a node, back and not claimed, enqueued
-- and not claimed, absent; at most p_look of each but the first, and of the second and third whatever their keys, with those that are over. A row 'cut' tells that there may be more; a row 'full' how many microseconds it takes the
-- allowance of its limit, if one is kept. Of what is held and never came back nr is the number of its claim, -1 if that is
-- not known any more, of what is enqueued its place among these.
CREATE FUNCTION in_line(p_job UUID, p_look INT)
RETURNS TABLE (what TEXT, job_id UUID, headers TEXT, xid BIGINT, seq BIGINT, nr BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_stream INT; v_headers JSONB; v_order TEXT; v_name TEXT; v_key TEXT; v_back INT; v_new INT; v_absent INT;
BEGIN
    SELECT f.stream, f.headers INTO v_stream, v_headers FROM (
        SELECT t.stream, t.headers, 0 AS place FROM timer t WHERE t.job_id = p_job AND t.no > 1
         UNION ALL SELECT k.stream, k.headers, 0 FROM parked k WHERE k.job_id = p_job
         UNION ALL SELECT l.* FROM (SELECT x.stream, x.headers, 1 FROM job_log x WHERE x.job_id = p_job ORDER BY x.run DESC, x.no DESC LIMIT 1) l) f
     ORDER BY f.place LIMIT 1;
    IF v_stream IS NULL OR v_stream < 1000000000 THEN RETURN; END IF;
    v_order := v_headers->>':order';
    v_name := split_part(v_headers->>':limit', ' ', 1);
    v_key := substr(v_headers->>':limit', length(v_name) + length(split_part(v_headers->>':limit', ' ', 2)) + 3);
    RETURN QUERY
        SELECT 'held'::TEXT, l.job_id, l.headers::TEXT, l.xid::TEXT::BIGINT, l.seq,
               CASE WHEN l.stream = (v_stream | 1) OR l.headers ? ':first' THEN 0 ELSE coalesce(c.no, -1) END
          FROM shard_owner o
         CROSS JOIN LATERAL open_places(o.node, 20000) p
          JOIN job_log l ON l.part = p.part AND l.stream = p.stream AND l.xid = p.xid AND l.seq = p.seq
          LEFT JOIN LATERAL (
               SELECT x.no FROM claim x
                WHERE x.stream = l.stream AND x.n > 0 AND (l.xid, l.seq) > (x.from_xid, x.from_seq) AND (l.xid, l.seq) <= (x.upto_xid, x.upto_seq)
                  AND pg_visible_in_snapshot(l.xid, x.snap) AND NOT pg_visible_in_snapshot(l.xid, x.prev)
                ORDER BY x.no DESC LIMIT 1) c ON true
         WHERE o.stream = (v_stream & ~1) AND p.stream IN (v_stream & ~1, v_stream | 1)
           AND (l.headers->>':order' = v_order OR starts_with(l.headers->>':limit', v_name || ' '));
    RETURN QUERY
        SELECT CASE WHEN EXISTS (SELECT FROM ending_of(l.part, l.seq)) THEN 'over' ELSE 'back' END,
               l.job_id, l.headers::TEXT, l.xid::TEXT::BIGINT, l.seq, 0::BIGINT
          FROM backlog(v_stream | 1, p_look) p
          JOIN job_log l ON l.part = p.part AND l.stream = p.stream AND l.xid = p.xid AND l.seq = p.seq;
    GET DIAGNOSTICS v_back = ROW_COUNT;
    RETURN QUERY
        SELECT CASE WHEN EXISTS (SELECT FROM ending_of(l.part, l.seq)) THEN 'over' ELSE 'enqueued' END,
               l.job_id, l.headers::TEXT, l.xid::TEXT::BIGINT, l.seq, p.nr
          FROM backlog(v_stream & ~1, p_look) WITH ORDINALITY p (part, stream, xid, seq, nr)
          JOIN job_log l ON l.part = p.part AND l.stream = p.stream AND l.xid = p.xid AND l.seq = p.seq;
    GET DIAGNOSTICS v_new = ROW_COUNT;
    RETURN QUERY
        SELECT 'absent'::TEXT, a.job_id, a.headers::TEXT, 0::BIGINT, 0::BIGINT, 0::BIGINT FROM (
            SELECT t.job_id, t.headers FROM timer t WHERE t.stream = (v_stream | 1) AND t.stream >= 1000000000 AND t.no > 1
             UNION ALL
            SELECT k.job_id, k.headers FROM parked k WHERE k.stream = (v_stream | 1) AND k.parking <> 'undecodable' AND k.tenant IS NULL
             UNION ALL
            SELECT k.job_id, k.headers FROM parked k WHERE k.stream = (v_stream | 1) AND k.tenant IS NOT NULL
             UNION ALL
            SELECT k.job_id, k.headers FROM parked k WHERE k.stream = (v_stream | 1) AND k.parking = 'undecodable') a
         WHERE a.headers->>':order' = v_order LIMIT p_look;
    GET DIAGNOSTICS v_absent = ROW_COUNT;
    IF greatest(v_back, v_new, v_absent) >= p_look THEN
        RETURN QUERY SELECT 'cut'::TEXT, NULL::UUID, NULL::TEXT, 0::BIGINT, 0::BIGINT, 0::BIGINT;
    END IF;
    RETURN QUERY
        SELECT 'full'::TEXT, NULL::UUID, NULL::TEXT, 0::BIGINT, 0::BIGINT,
               greatest(0, (extract(epoch FROM a.full_at - clock_timestamp()) * 1000000)::BIGINT)
          FROM allowance a JOIN stream s ON s.queue = a.queue
         WHERE s.id = v_stream AND a.key = v_name || ' ' || v_key;
END $$;
