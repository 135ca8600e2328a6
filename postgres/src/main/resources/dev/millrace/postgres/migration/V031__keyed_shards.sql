-- Jobs with an order or a limit run in keyed shards. Any node claimed from any stream, so that nobody knew which jobs of a key ran and which waited. From a
-- keyed shard one node claims at a time, its owner, which keeps the lines of its keys in its memory: nothing is written for them. Decision 16.
--
-- A keyed shard is two streams: what was enqueued, with an even number, and its front, to which all comes that comes back, with the number behind it. Their
-- numbers are a range of their own: a stream from 1,000,000,000 on is a keyed one, its front is p_stream | 1, its shard p_stream & ~1. Other streams pay for
-- that with a comparison. In `stream` their shards are 1000, 1002 and so on, and those of their fronts 1001, 1003 and so on, so that whoever asks for streams
-- from shard 0 or -1 on finds them too. They have no priority, and lie at the normal one.
--
-- Error code: MR011 the keyed shard is another node's, or nobody's.

-- All steps of all nodes need some of these tables: rather none of it than all of them behind somebody's long transaction.
SET LOCAL lock_timeout = '5s';

-- What waits for a time and is to come back to a shard. For what is parked the indexes that release uses will do.
CREATE INDEX timer_keyed ON timer (stream) WHERE stream >= 1000000000;

CREATE SEQUENCE keyed_stream_id AS INT START 1000000000 MINVALUE 1000000000 MAXVALUE 2147483646 INCREMENT 2;

-- Who claims from a keyed shard. Written under the locks of both its streams. A row whose node is gone, or no longer known, says nothing, and stays until
-- another node takes the shard over.
CREATE TABLE shard_owner (
    stream INT PRIMARY KEY,                                  -- of what was enqueued
    node   UUID NOT NULL,                                    -- one life of a node: who joins anew has another id
    since  TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()    -- shown, never judged by
);

-- Kinds of which jobs in keyed shards of a queue had to be parked, since the shard's owner did not know them: shards are for the nodes that know most of these.
CREATE TABLE keyed_kind (
    queue        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    kind_version INT  NOT NULL,
    since        TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (queue, kind, kind_version)
);

-- ---------------------------------------------------------------------------------------------- streams

-- The keyed shards of a queue, and its other streams if it has none. In a transaction of its own, never in a producer's. Of two who come at once the second one
-- waits, and sees what the first has made. Both have their share of `meta` before, so that neither waits for it behind a change of partition.
CREATE FUNCTION add_keyed_shards(p_queue TEXT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_part INT; v_shards INT;
BEGIN
    PERFORM add_queue(p_queue);
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext('keyed ' || p_queue)) FROM meta;
    SELECT current_part, keyed_shards INTO v_part, v_shards FROM meta FOR SHARE;
    WITH missing AS MATERIALIZED (
        SELECT i.no, nextval('keyed_stream_id')::INT AS id FROM generate_series(0, v_shards - 1) i (no)
         WHERE NOT EXISTS (SELECT FROM stream s WHERE s.queue = p_queue AND s.priority = 2 AND s.shard = 1000 + 2 * i.no)),
    made AS (
        INSERT INTO stream (id, queue, priority, shard) OVERRIDING SYSTEM VALUE
        SELECT m.id + f.no, p_queue, 2, 1000 + 2 * m.no + f.no FROM missing m CROSS JOIN generate_series(0, 1) f (no) ORDER BY m.no, f.no
            ON CONFLICT (queue, priority, shard) DO NOTHING
        RETURNING id)
    INSERT INTO claim (part, stream, no, token, prev, snap, exhausted, n)
    SELECT v_part, id, 0, gen_random_uuid(), '1:1:', '1:1:', true, 0 FROM made;
END $$;

-- As before, and the front of a keyed shard; where goes what was rescued or handed back.
CREATE OR REPLACE FUNCTION front_of(p_stream INT) RETURNS INT LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_stream >= 1000000000 THEN p_stream | 1
                ELSE (SELECT f.id FROM stream s JOIN stream f ON (f.queue, f.priority, f.shard) = (s.queue, s.priority, -1) WHERE s.id = p_stream) END
$$;

-- As before; but for a keyed shard it is its front too: what comes back is read by a new owner before its followers.
CREATE OR REPLACE FUNCTION ordinary_of(p_stream INT) RETURNS INT LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_stream >= 1000000000 THEN p_stream | 1
                ELSE (SELECT CASE WHEN s.shard >= 0 THEN s.id
                                  ELSE (SELECT o.id FROM stream o WHERE (o.queue, o.priority, o.shard) = (s.queue, s.priority, 0)) END
                        FROM stream s WHERE s.id = p_stream) END
$$;

-- What comes back to a keyed shard carries where the first delivery of its run stands: it keeps its place in line, wherever it has waited since. It looks nothing
-- up, so that it becomes part of the statement.
CREATE FUNCTION with_first(p_headers JSONB, p_stream INT, p_xid XID8, p_seq BIGINT) RETURNS JSONB LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_stream < 1000000000 OR p_headers ? ':first' THEN p_headers
                ELSE coalesce(p_headers, '{}') || jsonb_build_object(':first', p_xid::TEXT || '.' || p_seq) END
$$;

-- The stream that a delivery belongs to: its own, or, if it was born ended, the keyed one that its job had waited for.
CREATE FUNCTION home_of(p_headers JSONB, p_stream INT) RETURNS INT LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_headers ? ':home' AND p_stream < 1000000000
                THEN coalesce((SELECT h.id FROM stream s JOIN stream h ON h.queue = s.queue
                                WHERE s.id = p_stream AND h.id >= 1000000000 AND h.id::TEXT = p_headers->>':home'), p_stream)
                ELSE p_stream END
$$;

-- Where a new run waits: as ordinary_of, but of a keyed shard where jobs are enqueued.
CREATE FUNCTION tail_of(p_stream INT) RETURNS INT LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_stream >= 1000000000 THEN p_stream & ~1 ELSE ordinary_of(p_stream) END
$$;

-- ---------------------------------------------------------------------------------------------- claim

-- As before; but from a keyed shard only its owner claims. It waits for the lock: where another has it nothing is answered elsewhere, and here nothing must mean
-- that there is nothing. A look at the owner before the lock would tell what was. A build that knows of no keyed shards finds nothing in them, and goes on.
CREATE OR REPLACE FUNCTION take(p_stream INT, p_want INT, p_node UUID, p_epoch INT, p_ordinal BIGINT, p_token UUID)
RETURNS SETOF place LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    m meta; c claim; v_prev PG_SNAPSHOT; v_snap PG_SNAPSHOT; v_xid XID8; v_seq BIGINT; v_rows PLACE[]; v_got INT;
    v_opened BOOL := false;
BEGIN
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN   -- an own xid below xmax would count as visible: its rows lost for ever
        RAISE EXCEPTION 'take: must be the first write of its transaction' USING ERRCODE = 'MR005';
    END IF;
    PERFORM fence(p_node, p_epoch);
    SELECT * INTO m FROM meta;
    IF p_stream >= 1000000000 THEN
        IF NOT (SELECT keyed FROM node WHERE id = p_node) THEN RETURN; END IF;
        PERFORM set_config('lock_timeout', '500ms', true);                          -- it comes back soon, and others have work too
        PERFORM pg_advisory_xact_lock(m.lock_class + 1, p_stream);
        PERFORM FROM shard_owner WHERE stream = p_stream & ~1 AND node = p_node;   -- a statement of its own: behind the lock
        IF NOT FOUND THEN
            RAISE EXCEPTION 'stream % is of a keyed shard that node % does not own', p_stream, p_node USING ERRCODE = 'MR011';
        END IF;
    ELSIF NOT pg_try_advisory_xact_lock(m.lock_class + 1, p_stream) THEN RETURN;
    END IF;
    PERFORM FROM claim WHERE token = p_token;                             -- in all attached partitions
    IF FOUND THEN RAISE EXCEPTION 'take: token % is used or void', p_token USING ERRCODE = 'MR006'; END IF;
    SELECT * INTO m FROM meta;                                            -- again, behind the lock
    SELECT * INTO c FROM claim WHERE stream = p_stream AND part >= m.live_part ORDER BY no DESC LIMIT 1;
    IF NOT FOUND THEN RAISE EXCEPTION 'take: stream % has no anchor', p_stream USING ERRCODE = 'MR002'; END IF;
    LOOP
        IF c.exhausted OR v_opened THEN
            v_prev := c.snap; v_snap := pg_current_snapshot(); v_xid := '0'; v_seq := 0; v_opened := true;
        ELSE
            v_prev := c.prev; v_snap := c.snap; v_xid := c.upto_xid; v_seq := c.upto_seq;
        END IF;
        SELECT array_agg(w ORDER BY w.xid, w.seq) INTO v_rows             -- snapshot first, rows second
          FROM window_rows(p_stream, m.live_part, 2147483647, v_prev, v_snap, v_xid, v_seq, p_want) w;
        v_got := coalesce(cardinality(v_rows), 0);
        EXIT WHEN v_got > 0 OR v_opened;
        v_opened := true;                                                 -- an open window without rows: the next one, in this call
    END LOOP;
    IF v_got = 0 THEN
        IF NOT c.exhausted THEN
            INSERT INTO claim (part, stream, no, token, prev, snap, exhausted, n)
            VALUES (c.part, p_stream, c.no + 1, p_token, v_prev, v_snap, true, 0);
        END IF;
        RETURN;
    END IF;
    INSERT INTO claim (part, stream, no, token, node, epoch, ordinal, prev, snap, from_xid, from_seq, upto_xid, upto_seq, exhausted, n,
                       lo_part, hi_part)
    SELECT c.part, p_stream, c.no + 1, p_token, p_node, p_epoch, p_ordinal, v_prev, v_snap, v_xid, v_seq,
           v_rows[v_got].xid, v_rows[v_got].seq, v_got < p_want, v_got, min(r.part), max(r.part) FROM unnest(v_rows) r;
    RETURN QUERY SELECT * FROM unnest(v_rows);
END $$;

-- ---------------------------------------------------------------------------------------------- ownership

-- Holds off who claims from a shard, and who takes it or gives it up.
CREATE FUNCTION lock_shard(p_stream INT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 1, p_stream) FROM meta;
    PERFORM pg_advisory_xact_lock(lock_class + 1, p_stream | 1) FROM meta;
END $$;

-- How many of the kinds that owners of a queue's keyed shards did not know are not among these, each told as name:version.
CREATE FUNCTION lacking_kinds(p_queue TEXT, p_kinds TEXT[]) RETURNS BIGINT LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM keyed_kind k
     WHERE k.queue = p_queue
       AND NOT EXISTS (SELECT FROM unnest(p_kinds) t (kind) WHERE split_part(t.kind, ':', 1) = k.kind AND split_part(t.kind, ':', 2)::INT >= k.kind_version)
$$;

-- The keyed shards of these queues, each with the node that has it, null if none has or it is gone; then the living nodes that serve each queue and know of
-- keyed shards, of these those that know most of its kinds.
CREATE FUNCTION keyed_shards_of(p_node UUID, p_epoch INT, p_queues TEXT[]) RETURNS TABLE (what TEXT, queue TEXT, stream INT, node UUID) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET jit = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM prove(p_node, p_epoch);
    RETURN QUERY
        SELECT 'shard'::TEXT, s.queue, s.id, n.id
          FROM stream s
          LEFT JOIN shard_owner o ON o.stream = s.id
          LEFT JOIN node n ON n.id = o.node AND n.state <> 'gone'
         WHERE s.queue = ANY (p_queues) AND s.id >= 1000000000 AND (s.id & 1) = 0
         UNION ALL
        SELECT 'node'::TEXT, c.queue, NULL::INT, c.id
          FROM (SELECT q.queue, n.id, l.n AS lacks, min(l.n) OVER (PARTITION BY q.queue) AS least
                  FROM unnest(p_queues) q (queue) JOIN node n ON q.queue = ANY (n.queues) CROSS JOIN LATERAL lacking_kinds(q.queue, n.kinds) l (n)
                 WHERE n.state = 'alive' AND n.keyed) c
         WHERE c.lacks = c.least
         ORDER BY 1 DESC, 2, 3, 4;
END $$;

-- Takes a shard that nobody has, or whose owner is gone: deposed, and all that it held taken back. Whether it is the caller's now.
CREATE FUNCTION own_shard(p_node UUID, p_epoch INT, p_stream INT) RETURNS BOOL LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    PERFORM lock_shard(p_stream);
    -- Statements of their own: they see what was before the locks.
    PERFORM FROM stream s WHERE s.id = p_stream AND s.id >= 1000000000 AND (s.id & 1) = 0;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM FROM shard_owner o JOIN node n ON n.id = o.node WHERE o.stream = p_stream AND o.node <> p_node AND n.state <> 'gone';
    IF FOUND THEN RETURN false; END IF;
    INSERT INTO shard_owner AS o (stream, node) VALUES (p_stream, p_node)
        ON CONFLICT (stream) DO UPDATE SET node = excluded.node, since = clock_timestamp() WHERE o.node <> excluded.node;
    RETURN true;
END $$;

-- The jobs with an order that were delivered from a shard, wait elsewhere, and come back to its front. In one snapshot; what moves to the front meanwhile its
-- new owner finds there, since it looks there later. A requeued job that waits for the first delivery of its new run holds up nobody.
CREATE FUNCTION absent_of(p_node UUID, p_epoch INT, p_stream INT) RETURNS TABLE (job_id UUID, headers TEXT) LANGUAGE plpgsql
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
         WHERE k.stream = (p_stream | 1) AND k.parking <> 'undecodable' AND k.headers ? ':order'
         UNION ALL
        SELECT k.job_id, k.headers::TEXT FROM parked k
         WHERE k.stream = (p_stream | 1) AND k.parking = 'undecodable' AND k.headers ? ':order'
         ORDER BY 1;
END $$;

-- Which of these jobs come back no more: they have ended, or are not known. In one snapshot: what moves from one table to another is in one of them.
CREATE FUNCTION over_of(p_node UUID, p_epoch INT, p_jobs UUID[]) RETURNS SETOF UUID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM prove(p_node, p_epoch);
    RETURN QUERY
        SELECT i.id FROM unnest(p_jobs) i (id)
          LEFT JOIN LATERAL (SELECT l.part, l.seq FROM job_log l WHERE l.job_id = i.id ORDER BY l.run DESC, l.no DESC LIMIT 1) j ON true
          LEFT JOIN LATERAL ending_of(j.part, j.seq) e ON true
         WHERE (j.seq IS NULL OR e.outcome IN ('done', 'cancelled', 'discarded'))
           AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = i.id) AND NOT EXISTS (SELECT FROM parked k WHERE k.job_id = i.id);
END $$;

-- Gives a shard up, unless something of it is open with the node: what was claimed decides, whatever its claimer does. Whether it is not the node's any more.
CREATE FUNCTION give_up_shard(p_node UUID, p_epoch INT, p_stream INT) RETURNS BOOL LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    PERFORM lock_shard(p_stream);
    -- Statements of their own: they see what was before the locks.
    PERFORM FROM open_places(p_node, 2147483647) o WHERE o.stream IN (p_stream, p_stream | 1);
    IF FOUND THEN RETURN false; END IF;
    DELETE FROM shard_owner WHERE stream = p_stream AND node = p_node;
    RETURN true;
END $$;

-- As before, and whether its build knows of keyed shards.
CREATE FUNCTION join_node(p_node UUID, p_name TEXT, p_host TEXT, p_pid BIGINT, p_version TEXT, p_slots INT, p_queues TEXT[], p_kinds TEXT[], p_keyed BOOL)
RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_epoch INT;
BEGIN
    v_epoch := join_node(p_node, p_name, p_host, p_pid, p_version, p_slots, p_queues, p_kinds);
    UPDATE node SET keyed = p_keyed WHERE id = p_node;
    RETURN v_epoch;
END $$;

-- ---------------------------------------------------------------------------------------------- coming back

-- As before, and what comes back carries its first place.
CREATE OR REPLACE FUNCTION settle(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                       p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                       p_result TEXT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_all BOOL; v_streams INT[]; v_lo INT[]; v_hi INT[]; v_won_part INT[]; v_won_seq BIGINT[]; v_part INT; v_live INT := (SELECT live_part FROM meta);
BEGIN
    SELECT array_agg(c.stream ORDER BY t.nr), array_agg(c.lo_part ORDER BY t.nr), array_agg(c.hi_part ORDER BY t.nr)
      INTO v_streams, v_lo, v_hi
      FROM unnest(p_tokens) WITH ORDINALITY t (token, nr)
      LEFT JOIN LATERAL (SELECT * FROM claim x WHERE x.token = t.token OFFSET 0) c ON c.node = p_node AND c.epoch = p_epoch;
    IF EXISTS (SELECT FROM unnest(p_claim, p_part) i (claim, part)
                WHERE i.part >= v_live AND (i.part BETWEEN v_lo[i.claim] AND v_hi[i.claim]) IS NOT TRUE) THEN     -- every claim is still there, and ours
        RAISE EXCEPTION 'flush: unknown claim' USING ERRCODE = 'MR003';
    END IF;
    WITH won AS (
        INSERT INTO outcome (part, seq, job_id, outcome, node, token, started_at, took_micros, reason, failure, result)
        SELECT i.part, i.seq, i.job_id, i.outcome::outcome_kind, p_node, p_tokens[i.claim], i.started, i.took, i.reason, i.failure::JSONB, i.result
          FROM unnest(p_claim, p_part, p_seq, p_job, p_outcome, p_started, p_took, p_reason, p_failure, p_result)
               i (claim, part, seq, job_id, outcome, started, took, reason, failure, result)
         WHERE i.part >= v_live AND NOT EXISTS (SELECT FROM outcome_batch b WHERE b.part = i.part AND b.bucket = i.seq >> 10
                                                   AND get_bit(b.bits, (i.seq & 1023)::INT) = 1)
         ORDER BY i.part, i.seq                                                           -- the order is the lock order
            ON CONFLICT (part, seq) DO NOTHING
        RETURNING part, seq)
    SELECT array_agg(part), array_agg(seq) INTO v_won_part, v_won_seq FROM won;
    v_all := cardinality(v_won_seq) IS NOT DISTINCT FROM cardinality(p_seq);

    IF p_outcome && ARRAY['retry', 'timed_out', 'snooze', 'handed_back', 'parked'] AND v_won_seq IS NOT NULL THEN
        SELECT current_part INTO v_part FROM meta;
        WITH given AS MATERIALIZED (
            SELECT i.outcome, i.delay, i.reason, i.failure, j.*
              FROM unnest(p_claim, p_part, p_xid, p_seq, p_outcome, p_delay, p_reason, p_failure)
                   i (claim, part, xid, seq, outcome, delay, reason, failure)
              JOIN job_log j ON j.part = i.part AND j.stream = v_streams[i.claim] AND j.xid = i.xid::TEXT::XID8 AND j.seq = i.seq
             WHERE i.outcome IN ('retry', 'timed_out', 'snooze', 'handed_back', 'parked')
               AND (v_all OR EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq))),
        later AS (
            INSERT INTO timer (run_at, retry, reason, failure, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload,
                               headers, expires_at, enqueued_at)
            SELECT clock_timestamp() + delay * INTERVAL '1 ms', outcome <> 'snooze', reason, failure::JSONB, ordinary_of(stream), job_id, run,
                   no + 1, attempt + (outcome <> 'snooze')::INT, rescues, charged, kind, kind_version, payload,
                   with_first(headers, stream, xid, seq), expires_at, enqueued_at
              FROM given WHERE outcome IN ('retry', 'timed_out', 'snooze') ORDER BY part, seq),
        aside AS (
            INSERT INTO parked (parking, reason, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers,
                                expires_at, enqueued_at)
            SELECT split_part(reason, ': ', 1), substr(reason, strpos(reason, ': ') + 2), ordinary_of(stream), job_id, run, no + 1, attempt,
                   rescues, charged, kind, kind_version, payload, with_first(headers, stream, xid, seq), expires_at, enqueued_at
              FROM given WHERE outcome = 'parked' ORDER BY part, seq),
        learnt AS (
            INSERT INTO keyed_kind (queue, kind, kind_version)
            SELECT DISTINCT s.queue, g.kind, g.kind_version FROM given g JOIN stream s ON s.id = g.stream
             WHERE g.outcome = 'parked' AND g.stream >= 1000000000 AND starts_with(g.reason, 'unknown_kind: ') ORDER BY 1, 2, 3
                ON CONFLICT DO NOTHING)
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                             enqueued_at)
        SELECT v_part, front_of(stream), job_id, run, no + 1, attempt, rescues, charged, kind, kind_version, payload,
               with_first(headers, stream, xid, seq), expires_at, enqueued_at
          FROM given WHERE outcome = 'handed_back' ORDER BY part, seq;
    END IF;

    IF NOT v_all THEN
        RETURN QUERY
            SELECT i.nr, CASE WHEN o.token = p_tokens[i.claim] THEN 'repeated' ELSE 'lost' END
              FROM unnest(p_claim, p_part, p_seq) WITH ORDINALITY i (claim, part, seq, nr)
              LEFT JOIN LATERAL ending_of(i.part, i.seq) o ON true
             WHERE v_won_seq IS NULL
                OR NOT EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION rescue(p_by UUID, p_by_epoch INT, p_dead UUID, p_limit INT)
RETURNS TABLE (job_id UUID, queue TEXT, kind TEXT, rescues INT, charged INT, discarded BOOL) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_open PLACE[]; v_part INT;
BEGIN
    PERFORM fence(p_by, p_by_epoch);
    PERFORM FROM node WHERE id = p_dead AND state = 'deposed';
    IF NOT FOUND THEN RETURN; END IF;
    SELECT array_agg(o) INTO v_open FROM open_places(p_dead, p_limit) o;
    IF v_open IS NULL THEN
        UPDATE node SET state = 'gone' WHERE id = p_dead;
        DELETE FROM manifest WHERE node = p_dead;
        RETURN;
    END IF;
    SELECT current_part INTO v_part FROM meta;
    RETURN QUERY
        WITH given AS MATERIALIZED (
            SELECT j.*, CASE WHEN s.seq IS NULL THEN j.charged WHEN y.seq IS NULL THEN j.charged + 1 ELSE 0 END AS charge,
                   CASE WHEN s.seq IS NULL THEN 0 ELSE marked_deaths(j.job_id, j.run) + 1 END AS deaths
              FROM unnest(v_open) o JOIN job_log j ON j.part = o.part AND j.stream = o.stream AND j.xid = o.xid AND j.seq = o.seq
              LEFT JOIN start_mark s ON s.part = j.part AND s.seq = j.seq
              LEFT JOIN outlived y ON y.part = j.part AND y.seq = j.seq),
        judged AS MATERIALIZED (
            SELECT *, CASE WHEN charge >= 3 THEN 'its worker died ' || charge || ' times soon after a marked start'
                           WHEN deaths >= 6 THEN 'its worker died ' || deaths || ' times while it ran' END AS verdict FROM given),
        won AS (
            INSERT INTO outcome (part, seq, job_id, outcome, node, reason, failure)
            SELECT part, seq, job_id, CASE WHEN verdict IS NULL THEN 'rescued' ELSE 'discarded' END::outcome_kind, p_by,
                   CASE WHEN verdict IS NULL THEN 'node ' || p_dead || ' died' END,
                   CASE WHEN verdict IS NOT NULL THEN jsonb_build_object('type', 'worker died', 'message', verdict,
                       'fingerprint', 'worker-died', 'attempt', attempt, 'trace', '') END
              FROM judged ORDER BY part, seq
                ON CONFLICT (part, seq) DO NOTHING
            RETURNING part, seq, outcome),
        kept AS MATERIALIZED (SELECT g.*, w.outcome FROM judged g JOIN won w ON w.part = g.part AND w.seq = g.seq),
        again AS (
            INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                                 enqueued_at)
            SELECT v_part, front_of(stream), job_id, run, no + 1, attempt, rescues + 1, charge, kind, kind_version, payload,
                   with_first(headers, stream, xid, seq), expires_at, enqueued_at
              FROM kept WHERE outcome = 'rescued' ORDER BY part, seq),
        counted AS (
            INSERT INTO batch_count (batch, completed, discarded, cancelled, looked)
            SELECT (headers->>':batch')::UUID, 0, 1, 0, false FROM kept WHERE outcome = 'discarded' AND run = 1
               AND headers->>':batch' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
        SELECT k.job_id, s.queue, k.kind, k.rescues + 1, k.charge, k.outcome = 'discarded' FROM kept k JOIN stream s ON s.id = k.stream;
    IF NOT FOUND THEN   -- all of them ended meanwhile: there may be more
        RETURN QUERY SELECT * FROM rescue(p_by, p_by_epoch, p_dead, p_limit);
    END IF;
END $$;

-- As before; but what is parked of a keyed shard only its owner releases: nobody else could claim it, whatever room it has.
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
                  AND (s.id < 1000000000 OR (s.id & 1) = 1 AND EXISTS (SELECT FROM shard_owner o WHERE o.stream = s.id & ~1 AND o.node = p_node))
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

-- As before; but the delivery that is born ended tells to which keyed shard its job belongs, for who requeues it: it stands in no stream of it.
CREATE OR REPLACE FUNCTION end_unclaimed(p_stream INT, p_job UUID, p_run INT, p_no INT, p_attempt INT, p_rescues INT, p_charged INT, p_kind TEXT,
                              p_kind_version INT, p_payload TEXT, p_headers JSONB, p_expires_at TIMESTAMPTZ, p_enqueued_at TIMESTAMPTZ,
                              p_outcome outcome_kind, p_reason TEXT, p_failure JSONB)
RETURNS VOID LANGUAGE sql VOLATILE AS $$
    WITH born AS (
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                             enqueued_at)
        SELECT current_part, ended_of(p_stream), p_job, p_run, p_no, p_attempt, p_rescues, p_charged, p_kind, p_kind_version, p_payload,
               CASE WHEN p_stream >= 1000000000 THEN coalesce(p_headers, '{}') || jsonb_build_object(':home', p_stream::TEXT) ELSE p_headers END,
               p_expires_at, p_enqueued_at FROM meta
        RETURNING part, seq)
    INSERT INTO outcome (part, seq, job_id, outcome, reason, failure)
    SELECT part, seq, p_job, p_outcome, p_reason, p_failure FROM born;
    SELECT count_part(p_headers, p_run, p_outcome)
$$;

-- As before; but what begins anew gets its place in line anew, behind those that are there.
CREATE OR REPLACE FUNCTION requeue_job(p_job UUID, p_reason TEXT, p_by TEXT) RETURNS TEXT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
DECLARE j job_log; v_outcome outcome_kind;
BEGIN
    PERFORM read_committed();
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;         -- twice at once is once
    PERFORM FROM timer WHERE job_id = p_job;
    IF FOUND THEN RETURN (SELECT CASE WHEN retry THEN 'retryable' ELSE 'scheduled' END FROM timer WHERE job_id = p_job); END IF;
    PERFORM FROM parked WHERE job_id = p_job;
    IF FOUND THEN RETURN 'available'; END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT e.outcome INTO v_outcome FROM ending_of(j.part, j.seq) e;
    IF v_outcome IS NULL THEN RETURN CASE WHEN is_claimed(j.stream, j.xid, j.seq) THEN 'running' ELSE 'available' END; END IF;
    IF v_outcome NOT IN ('done', 'cancelled', 'discarded') THEN RETURN 'available'; END IF;
    INSERT INTO job_log (part, stream, job_id, run, kind, kind_version, payload, headers)
    SELECT current_part, tail_of(home_of(j.headers, j.stream)), j.job_id, j.run + 1, j.kind, j.kind_version, j.payload,
           j.headers - ARRAY[':first', ':home'] FROM meta;
    PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = j.stream;
    INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'requeue', p_job::TEXT, p_reason);
    RETURN CASE v_outcome WHEN 'done' THEN 'completed' ELSE v_outcome::TEXT END;
END $$;

-- As before; and the same for a job of a keyed shard, which has no other priority.
CREATE OR REPLACE FUNCTION requeue_one(p_change UUID, p_job UUID, p_run INT, p_outcome outcome_kind, p_priority INT, p_back BOOL, p_run_at TIMESTAMPTZ) RETURNS TEXT
LANGUAGE plpgsql AS $$
DECLARE j job_log; v_outcome outcome_kind; v_home INT; v_stream INT; v_expires TIMESTAMPTZ;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;         -- twice at once is once
    IF EXISTS (SELECT FROM timer WHERE job_id = p_job UNION ALL SELECT FROM parked WHERE job_id = p_job) THEN RETURN 'it runs again already'; END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN 'it is past retention'; END IF;
    SELECT e.outcome INTO v_outcome FROM ending_of(j.part, j.seq) e;
    IF j.run <> p_run OR v_outcome IS DISTINCT FROM p_outcome THEN RETURN 'it runs again, or has run again since'; END IF;
    v_home := home_of(j.headers, j.stream);
    IF v_home >= 1000000000 THEN
        v_stream := tail_of(v_home);
    ELSE
        SELECT t.id INTO v_stream FROM stream s, stream t, meta m
         WHERE s.id = j.stream AND t.queue = s.queue AND t.priority = coalesce(p_priority, s.priority)
           AND t.shard = CASE WHEN s.shard >= 0 THEN s.shard ELSE abs(hashtext(coalesce(j.headers->>'tenant', p_job::TEXT))::BIGINT) % m.shards END;
    END IF;
    j.headers := j.headers - ARRAY[':first', ':home'];
    IF p_back THEN v_expires := j.expires_at; END IF;
    IF p_run_at = 'infinity' THEN                                     -- it follows a batch, which may have come to its end since: promote looks
        UPDATE batch SET followed_at = NULL WHERE id = p_job;
        INSERT INTO batch_count (batch, completed, discarded, cancelled, looked) VALUES (p_job, 0, 0, 0, false);
    END IF;
    IF p_run_at > clock_timestamp() THEN
        INSERT INTO timer (run_at, retry, stream, job_id, run, kind, kind_version, payload, headers, expires_at)
        VALUES (p_run_at, false, v_stream, j.job_id, j.run + 1, j.kind, j.kind_version, j.payload, j.headers, v_expires);
    ELSE
        INSERT INTO job_log (part, stream, job_id, run, kind, kind_version, payload, headers, expires_at)
        SELECT current_part, v_stream, j.job_id, j.run + 1, j.kind, j.kind_version, j.payload, j.headers, v_expires FROM meta;
        PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = v_stream;
    END IF;
    INSERT INTO bulk_change_job (change, job_id, run) VALUES (p_change, p_job, j.run);
    RETURN NULL;
END $$;

-- ---------------------------------------------------------------------------------------------- keeping

-- As before; but nothing of a keyed stream is moved, since that would put it behind its followers: its partition stays.
CREATE OR REPLACE FUNCTION move_unclaimed(p_part INT, p_stream INT, p_limit INT) RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE c claim; s settling; v_n INT;
BEGIN
    IF p_stream >= 1000000000 THEN RETURN 0; END IF;
    PERFORM read_committed();
    PERFORM FROM part WHERE no = p_part AND sealed_at IS NOT NULL;
    IF NOT FOUND THEN RETURN 0; END IF;
    PERFORM pg_advisory_xact_lock(lock_class + 1, p_stream) FROM meta;
    SELECT * INTO c FROM claim WHERE stream = p_stream ORDER BY no DESC LIMIT 1;
    SELECT * INTO s FROM settling WHERE part = p_part AND stream = p_stream;
    WITH next AS MATERIALIZED (
        SELECT j.xid, j.seq, j.job_id FROM job_log j
         WHERE j.part = p_part AND j.stream = p_stream AND (j.xid, j.seq) > (coalesce(s.xid, '0'), coalesce(s.seq, 0))
         ORDER BY j.xid, j.seq LIMIT p_limit),
    won AS (
        INSERT INTO outcome (part, seq, job_id, outcome, reason)
        SELECT p_part, n.seq, n.job_id, 'moved', 'its partition has outlived retention' FROM next n
         WHERE NOT (pg_visible_in_snapshot(n.xid, c.prev)
                    OR pg_visible_in_snapshot(n.xid, c.snap) AND (c.exhausted OR (n.xid, n.seq) <= (c.upto_xid, c.upto_seq)))
         ORDER BY n.seq
            ON CONFLICT (part, seq) DO NOTHING RETURNING seq)
    INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT m.current_part, o.stream, o.job_id, o.run, o.no + 1, o.attempt, o.rescues, o.charged, o.kind, o.kind_version, o.payload, o.headers,
           o.expires_at, o.enqueued_at
      FROM meta m, (SELECT n.xid, n.seq FROM won w JOIN next n ON n.seq = w.seq OFFSET 0) n
     CROSS JOIN LATERAL (
           SELECT * FROM job_log j WHERE j.part = p_part AND j.stream = p_stream AND j.xid = n.xid AND j.seq = n.seq LIMIT 1) o
     ORDER BY n.xid, n.seq;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;

-- As before, and nobody owns a keyed shard. Where a first delivery stood in another cluster means nothing here.
CREATE OR REPLACE FUNCTION rebase() RETURNS BIGINT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET lock_timeout = '60s' AS $$
DECLARE m meta; r RECORD; v_new INT; v_system BIGINT; v_database OID; v_n BIGINT;
BEGIN
    PERFORM read_committed();
    IF pg_is_in_recovery() THEN RAISE EXCEPTION 'a standby can not be rebased' USING ERRCODE = 'MR005'; END IF;
    SELECT * INTO m FROM meta FOR UPDATE;
    SELECT s.system_identifier, d.oid INTO v_system, v_database FROM pg_control_system() s, pg_database d WHERE d.datname = current_database();
    IF (m.system_identifier, m.database) = (v_system, v_database) THEN RETURN -1; END IF;    -- another node was faster
    FOR r IN SELECT lock_no FROM node WHERE state <> 'gone' ORDER BY lock_no LOOP            -- a flush that is under way here ends first: it may write
        PERFORM pg_advisory_xact_lock(m.lock_class, r.lock_no);                              -- rows that no key keeps apart from what is moved
    END LOOP;
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
    DELETE FROM shard_owner;
    UPDATE timer SET headers = headers - ':first'::TEXT WHERE stream >= 1000000000 AND headers ? ':first';
    UPDATE parked SET headers = headers - ':first'::TEXT WHERE stream >= 1000000000 AND headers ? ':first';
    UPDATE meta SET system_identifier = v_system, database = v_database, current_part = v_new, live_part = v_new;
    INSERT INTO claim (part, stream, no, token, prev, snap, exhausted, n)
    SELECT v_new, s.id, coalesce((SELECT max(no) FROM claim c WHERE c.stream = s.id), -1) + 1, gen_random_uuid(), '1:1:', '1:1:', true, 0
      FROM stream s WHERE s.shard > -2;
    WITH open AS MATERIALIZED (
        SELECT j.* FROM job_log j WHERE j.part < v_new AND NOT EXISTS (SELECT FROM outcome o WHERE o.part = j.part AND o.seq = j.seq)
           AND NOT EXISTS (SELECT FROM outcome_batch b WHERE b.part = j.part AND b.bucket = j.seq >> 10 AND get_bit(b.bits, (j.seq & 1023)::INT) = 1)),
    moved AS (
        INSERT INTO outcome (part, seq, job_id, outcome, reason)
        SELECT part, seq, job_id, 'moved', 'the database was restored or copied' FROM open ORDER BY part, seq
            ON CONFLICT (part, seq) DO NOTHING RETURNING part, seq)
    INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT v_new, o.stream, o.job_id, o.run, o.no + 1, o.attempt, o.rescues, o.charged, o.kind, o.kind_version, o.payload,
           CASE WHEN o.stream >= 1000000000 THEN o.headers - ':first'::TEXT ELSE o.headers END, o.expires_at, o.enqueued_at
      FROM open o JOIN moved w ON w.part = o.part AND w.seq = o.seq ORDER BY o.part, o.seq;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    UPDATE part SET settled_at = coalesce(settled_at, clock_timestamp()) WHERE no < v_new;
    INSERT INTO audit (by, action, target, reason) VALUES ('millrace', 'rebase', v_n || ' deliveries', 'the database was restored or copied');
    RETURN v_n;
END $$;

-- ---------------------------------------------------------------------------------------------- what was there before

-- Last, since all wait for who holds these locks.
ALTER TABLE node ADD COLUMN keyed BOOL NOT NULL DEFAULT false;    -- whether its build knows of keyed shards

-- Keyed shards of each queue that has any. Each is two streams more for its owner to look at, and many make each look long; but no more nodes than there are of
-- them can share the jobs of a queue that have keys. It stays as it is while there are such jobs: a key would have some in two shards.
ALTER TABLE meta ADD COLUMN keyed_shards INT NOT NULL DEFAULT 16;
