-- What waits behind a busy or a blocked key is parked. A shard's owner held 500 deliveries, and where so many waited behind one key, the other keys of the shard
-- waited with them.

-- Settlements need some of these: rather none of it than all of them behind somebody's long transaction.
SET LOCAL lock_timeout = '5s';

ALTER TABLE parked DROP CONSTRAINT parked_parking_check;
ALTER TABLE parked ADD CONSTRAINT parked_parking_check CHECK (parking IN ('unknown_kind', 'undecodable', 'limit', 'paused', 'behind'));

ALTER TABLE parked ADD COLUMN line      UUID;                        -- of what is parked behind others: the row it stands in
ALTER TABLE parked ADD COLUMN first_xid BIGINT;                      -- and where its first delivery stood
ALTER TABLE parked ADD COLUMN first_seq BIGINT;

-- A release does not walk over them.
DROP INDEX parked_waiting;
CREATE INDEX parked_waiting ON parked (stream, kind, (id + 0), kind_version) WHERE parking <> 'undecodable' AND tenant IS NULL AND line IS NULL;
CREATE INDEX parked_behind ON parked (stream, line, first_xid, first_seq) WHERE line IS NOT NULL;

-- Tells what waits in one row from all others: the jobs of one order, and those of one key of a limit that have none. As nodes spell it.
CREATE FUNCTION row_of(p_row TEXT) RETURNS UUID LANGUAGE sql IMMUTABLE AS $$ SELECT md5(p_row)::UUID $$;

CREATE FUNCTION row_of_headers(p_headers JSONB) RETURNS UUID LANGUAGE plpgsql IMMUTABLE SET search_path = ${schema}, pg_temp AS $$
DECLARE v_limit TEXT := CASE WHEN p_headers->>':limit' ~ '^[^ ]* [0-9]{1,10} ' THEN p_headers->>':limit' END; v_order TEXT := p_headers->>':order'; v_name TEXT := split_part(v_limit, ' ', 1); v_group TEXT;
BEGIN
    v_group := v_name || ' ' || substr(v_limit, length(v_name) + length(split_part(v_limit, ' ', 2)) + 3);
    RETURN row_of(CASE WHEN v_order IS NULL THEN 'limit ' || v_group ELSE 'order ' || coalesce(v_group || E'\n', '') || v_order END);
END $$;

CREATE FUNCTION parked_in_row() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    NEW.line := row_of_headers(NEW.headers);
    NEW.first_xid := split_part(NEW.headers->>':first', '.', 1)::BIGINT;
    NEW.first_seq := split_part(NEW.headers->>':first', '.', 2)::BIGINT;
    RETURN NEW;
END $$;

-- Others than these pay for it with a comparison.
CREATE TRIGGER behind BEFORE INSERT ON parked FOR EACH ROW WHEN (NEW.parking = 'behind') EXECUTE FUNCTION parked_in_row();

-- As before, but for what is parked behind others: only a recall takes that.
CREATE OR REPLACE FUNCTION set_aside(p_queues TEXT[], p_kind TEXT[], p_version INT[], p_room INT[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE v_n INT; v_all INT := 0; v_look INT := 0;
BEGIN
    LOOP
        WITH met AS MATERIALIZED (
            SELECT p.id FROM unnest(p_kind, p_version, p_room) k (kind, version, room)
             CROSS JOIN LATERAL (
                   SELECT x.id, x.tenant FROM stream s
                    CROSS JOIN LATERAL (
                          SELECT w.id, w.headers->>'tenant' AS tenant FROM parked w
                           WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking <> 'undecodable' AND w.tenant IS NULL AND w.line IS NULL
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

-- As before, but for the same.
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
                        WHERE w.stream = s.id AND w.kind = k.kind AND w.kind_version <= k.version AND w.parking <> 'undecodable' AND w.tenant IS NULL AND w.line IS NULL
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

-- As absent_of; but not what is parked behind others, of which a new owner asks by rows.
CREATE FUNCTION absent_of_shard(p_node UUID, p_epoch INT, p_stream INT) RETURNS TABLE (job_id UUID, headers TEXT) LANGUAGE plpgsql
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
         WHERE k.stream = (p_stream | 1) AND k.parking <> 'undecodable' AND k.tenant IS NULL AND k.line IS NULL AND k.headers ? ':order'
         UNION ALL
        SELECT k.job_id, k.headers::TEXT FROM parked k
         WHERE k.stream = (p_stream | 1) AND k.tenant IS NOT NULL AND k.headers ? ':order'
         UNION ALL
        SELECT k.job_id, k.headers::TEXT FROM parked k
         WHERE k.stream = (p_stream | 1) AND k.parking = 'undecodable' AND k.headers ? ':order'
         ORDER BY 1;
END $$;

-- As before, for builds that know of no such rows: what is parked behind others blocks them there until another build owns the shard, and nothing overtakes.
CREATE OR REPLACE FUNCTION absent_of(p_node UUID, p_epoch INT, p_stream INT) RETURNS TABLE (job_id UUID, headers TEXT) LANGUAGE sql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
    SELECT job_id, headers FROM absent_of_shard(p_node, p_epoch, p_stream)
     UNION ALL
    SELECT k.job_id, k.headers::TEXT FROM parked k WHERE k.stream = (p_stream | 1) AND k.line IS NOT NULL AND k.headers ? ':order'
     ORDER BY 1
$$;

-- Behind which rows of a shard jobs are parked: for each the headers of the first one, and where that stands. From row to row, not from job to job.
CREATE FUNCTION behind_of(p_node UUID, p_epoch INT, p_stream INT) RETURNS TABLE (headers TEXT, first_xid BIGINT, first_seq BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    PERFORM prove(p_node, p_epoch);
    RETURN QUERY
        WITH RECURSIVE step AS (
            (SELECT p.line, p.id FROM parked p WHERE p.stream = (p_stream | 1) AND p.line IS NOT NULL
              ORDER BY p.line, p.first_xid, p.first_seq LIMIT 1)
             UNION ALL
            SELECT n.line, n.id FROM step s
             CROSS JOIN LATERAL (
                   SELECT p.line, p.id FROM parked p WHERE p.stream = (p_stream | 1) AND p.line > s.line
                    ORDER BY p.line, p.first_xid, p.first_seq LIMIT 1) n)
        SELECT p.headers::TEXT, p.first_xid, p.first_seq FROM step s JOIN parked p ON p.id = s.id;
END $$;

-- Puts the first of what is parked behind rows to the shard's front, for its owner. Behind the lock of who claims from there, which a take-over needs too: a new
-- owner finds all that a former one has recalled. It waits for nobody who has one of them, such as a cancel: then what stands before that is taken. Told are the jobs of each row, then where the first one stands that is left, without a job.
CREATE FUNCTION recall(p_node UUID, p_epoch INT, p_stream INT, p_rows TEXT[], p_most INT[])
RETURNS TABLE (nr INT, job_id UUID, first_xid BIGINT, first_seq BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '500ms'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    PERFORM fence(p_node, p_epoch);
    PERFORM pg_advisory_xact_lock(lock_class + 1, p_stream | 1) FROM meta;
    PERFORM FROM shard_owner WHERE stream = p_stream AND node = p_node;   -- a statement of its own: behind the lock
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stream % is of a keyed shard that node % does not own', p_stream, p_node USING ERRCODE = 'MR011';
    END IF;
    RETURN QUERY
        WITH fit AS MATERIALIZED (
            SELECT a.nr, f.id, row_number() OVER (PARTITION BY a.nr ORDER BY f.first_xid, f.first_seq) AS place
              FROM unnest(p_rows, p_most) WITH ORDINALITY a (text, most, nr)
             CROSS JOIN LATERAL (
                   SELECT p.id, p.first_xid, p.first_seq FROM parked p WHERE p.stream = (p_stream | 1) AND p.line = row_of(a.text)
                    ORDER BY p.first_xid, p.first_seq LIMIT a.most) f),
        had AS MATERIALIZED (SELECT fit.nr, fit.place, p.id FROM parked p JOIN fit ON fit.id = p.id ORDER BY p.id FOR UPDATE OF p SKIP LOCKED),
        mine AS MATERIALIZED (
            SELECT h.nr, h.id FROM (SELECT had.*, row_number() OVER (PARTITION BY had.nr ORDER BY had.place) AS got FROM had) h WHERE h.got = h.place),
        freed AS (DELETE FROM parked USING mine WHERE parked.id = mine.id RETURNING mine.nr, parked.*),
        back AS (
            INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
            SELECT m.current_part, f.stream, f.job_id, f.run, f.no, f.attempt, f.rescues, f.charged, f.kind, f.kind_version, f.payload, f.headers,
                   f.expires_at, f.enqueued_at FROM meta m, freed f ORDER BY f.first_xid, f.first_seq)
        SELECT f.nr::INT, f.job_id, f.first_xid, f.first_seq FROM freed f ORDER BY f.nr, f.first_xid, f.first_seq;
    RETURN QUERY
        SELECT a.nr::INT, NULL::UUID, l.first_xid, l.first_seq FROM unnest(p_rows) WITH ORDINALITY a (text, nr)
         CROSS JOIN LATERAL (
               SELECT p.first_xid, p.first_seq FROM parked p WHERE p.stream = (p_stream | 1) AND p.line = row_of(a.text)
                ORDER BY p.first_xid, p.first_seq LIMIT 1) l;
END $$;

-- As before; but what is parked behind others stays there.
CREATE OR REPLACE FUNCTION edit_one(p_change UUID, p_job UUID, p_run INT, p_no INT, p_payload TEXT, p_edited BIGINT, p_read TEXT)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE w RECORD; t timer; p parked; j job_log; v_old TEXT; v_no INT := p_no; v_left TEXT;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;
    SELECT * INTO w FROM waiting_of(p_job);
    IF NOT FOUND THEN RETURN 'a node has it, or it has ended'; END IF;
    IF w.held THEN RETURN 'another transaction is about to change it'; END IF;
    IF (w.run, w.no) <> (p_run, p_no) THEN RETURN 'it has changed since it was read'; END IF;
    SELECT * INTO t FROM timer x WHERE x.job_id = p_job LIMIT 1 FOR UPDATE SKIP LOCKED;                -- see wait_until
    IF t.id IS NOT NULL THEN
        v_old := t.payload;
        IF hashtextextended(v_old, 0) <> p_edited THEN RETURN 'it was edited again since'; END IF;
        IF is_other(t.kind, t.kind_version, v_old, p_read) THEN RETURN 'its payload has changed since it was read'; END IF;
        UPDATE timer SET payload = p_payload WHERE id = t.id;
    ELSE
        SELECT * INTO p FROM parked x WHERE x.job_id = p_job LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF p.id IS NOT NULL THEN
            v_old := p.payload;
            IF hashtextextended(v_old, 0) <> p_edited THEN RETURN 'it was edited again since'; END IF;
            IF is_other(p.kind, p.kind_version, v_old, p_read) THEN RETURN 'its payload has changed since it was read'; END IF;
            IF p.line IS NOT NULL THEN
                UPDATE parked SET payload = p_payload WHERE id = p.id;
            ELSE
                DELETE FROM parked WHERE id = p.id;
                INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
                SELECT m.current_part, p.stream, p.job_id, p.run, p.no, p.attempt, p.rescues, p.charged, p.kind, p.kind_version, p_payload, p.headers,
                       p.expires_at, p.enqueued_at FROM meta m;
                PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = p.stream;
            END IF;
        ELSE
            SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
            IF NOT FOUND OR (j.run, j.no) <> (p_run, p_no) THEN RETURN 'it has changed since it was read'; END IF;
            v_old := j.payload;
            IF hashtextextended(v_old, 0) <> p_edited THEN RETURN 'it was edited again since'; END IF;
            IF is_other(j.kind, j.kind_version, v_old, p_read) THEN RETURN 'its payload has changed since it was read'; END IF;
            v_left := move_away(j, 'its payload was edited');
            IF v_left IS NOT NULL THEN RETURN v_left; END IF;
            v_no := j.no + 1;
            INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
            SELECT m.current_part, j.stream, j.job_id, j.run, v_no, j.attempt, j.rescues, j.charged, j.kind, j.kind_version, p_payload, j.headers,
                   j.expires_at, j.enqueued_at FROM meta m;
            PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = j.stream;
        END IF;
    END IF;
    INSERT INTO bulk_change_job (change, job_id, run, no, payload, edited) VALUES (p_change, p_job, p_run, v_no, v_old, hashtextextended(p_payload, 0));
    RETURN NULL;
END $$;
