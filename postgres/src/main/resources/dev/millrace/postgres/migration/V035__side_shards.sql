-- Tenants that ask for more than a few jobs are set aside. All jobs of a tenant were in one shard of their queue, and whoever shared it stood behind them. Side
-- shards are streams like all others, with shard numbers from 500 up: those below 540 have one tenant each, who asks for much more than others, and those from 540
-- on are shared by all who ask for more than a few. They are claimed, read and settled as any stream is, by older builds too.

-- Rather none of it than all of it behind somebody's long transaction.
SET LOCAL lock_timeout = '5s';

-- Who is set aside, and where. A hint for producers; nothing is decided by it but which stream a job goes to.
CREATE TABLE side_tenant (
    queue    TEXT NOT NULL,
    priority INT  NOT NULL,
    tenant   TEXT NOT NULL,
    shard    INT  NOT NULL CHECK (shard BETWEEN 500 AND 999),
    since    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    used_at  TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),   -- when a producer saw a crowd of it last
    PRIMARY KEY (queue, priority, tenant)
);

-- Numbers of streams of other than keyed shards end below those.
ALTER TABLE stream ALTER COLUMN id SET MAXVALUE 999999999;

-- Makes side shards that are not there. In a transaction of its own, never in a producer's. Of two who come at once the second one waits for the lock, and sees what
-- the first has made: nothing is inserted in vain, since that would use up numbers.
CREATE FUNCTION add_side_shards(p_queue TEXT, p_priority INT, p_shards INT[]) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_part INT;
BEGIN
    IF NOT EXISTS (SELECT FROM stream WHERE queue = p_queue) THEN PERFORM add_queue(p_queue); END IF;
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext('side ' || p_queue)) FROM meta;
    IF (SELECT count(*) FROM stream WHERE queue = p_queue AND priority = p_priority AND shard = ANY (p_shards)) = cardinality(p_shards) THEN RETURN; END IF;
    SELECT current_part INTO v_part FROM meta FOR SHARE;
    WITH made AS (
        INSERT INTO stream (queue, priority, shard)
        SELECT p_queue, p_priority, i FROM unnest(p_shards) i
         WHERE NOT EXISTS (SELECT FROM stream s WHERE s.queue = p_queue AND s.priority = p_priority AND s.shard = i) ORDER BY i
        RETURNING id)
    INSERT INTO claim (part, stream, no, token, prev, snap, exhausted, n)
    SELECT v_part, id, 0, gen_random_uuid(), '1:1:', '1:1:', true, 0 FROM made;
END $$;

-- Sets a tenant aside and answers the shard: the one it has, one that is empty and nobody's any more, a new one, or none where p_most are in use. A tenant of which
-- no producer has seen a crowd for a minute has none; what is left of its jobs is run all the same. In a transaction of its own.
CREATE FUNCTION set_tenant_aside(p_queue TEXT, p_priority INT, p_tenant TEXT, p_most INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_shard INT;
BEGIN
    UPDATE side_tenant SET used_at = clock_timestamp() WHERE queue = p_queue AND priority = p_priority AND tenant = p_tenant RETURNING shard INTO v_shard;
    IF FOUND AND EXISTS (SELECT FROM stream WHERE queue = p_queue AND priority = p_priority AND shard = v_shard) THEN RETURN v_shard; END IF;
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext('side ' || p_queue)) FROM meta;
    -- a statement of its own: behind the lock
    SELECT shard INTO v_shard FROM side_tenant WHERE queue = p_queue AND priority = p_priority AND tenant = p_tenant;
    IF FOUND THEN
        PERFORM add_side_shards(p_queue, p_priority, ARRAY[v_shard]);   -- a failover may have lost it
        RETURN v_shard;
    END IF;
    SELECT s.shard INTO v_shard FROM stream s
     WHERE s.queue = p_queue AND s.priority = p_priority AND s.shard BETWEEN 500 AND 499 + p_most
       AND NOT EXISTS (SELECT FROM side_tenant t WHERE t.queue = p_queue AND t.priority = p_priority AND t.shard = s.shard
                                                   AND t.used_at > clock_timestamp() - INTERVAL '1 minute')
       AND NOT EXISTS (SELECT FROM poll(ARRAY[s.id]))
     ORDER BY s.shard LIMIT 1;
    IF v_shard IS NULL THEN
        SELECT i INTO v_shard FROM generate_series(500, 499 + p_most) i
         WHERE NOT EXISTS (SELECT FROM stream s WHERE s.queue = p_queue AND s.priority = p_priority AND s.shard = i)
         ORDER BY i LIMIT 1;
    END IF;
    IF v_shard IS NULL THEN RETURN NULL; END IF;
    DELETE FROM side_tenant WHERE queue = p_queue AND priority = p_priority
       AND (used_at < clock_timestamp() - INTERVAL '1 hour' OR (shard = v_shard AND used_at < clock_timestamp() - INTERVAL '1 minute'));
    INSERT INTO side_tenant (queue, priority, tenant, shard) VALUES (p_queue, p_priority, p_tenant, v_shard);
    PERFORM add_side_shards(p_queue, p_priority, ARRAY[v_shard]);
    RETURN v_shard;
END $$;

-- As before; but a side shard is of one priority: at another one the job goes where all do.
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
           AND t.shard = CASE WHEN s.shard >= 0 AND (s.shard < 500 OR t.priority = s.priority) THEN s.shard ELSE abs(hashtext(coalesce(j.headers->>'tenant', p_job::TEXT))::BIGINT) % m.shards END;
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
