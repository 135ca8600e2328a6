-- One job of a key. Nothing hangs on the end of a job: who finds a key taken looks whether its holder still holds it, and takes it over if not. So
-- jobs without a key cost what they did, and what ends a job need not know of keys.

CREATE TABLE unique_key (
    key      TEXT COLLATE "C" PRIMARY KEY,
    job_id   UUID        NOT NULL,
    since    TIMESTAMPTZ NOT NULL,     -- when that job took it
    until    TIMESTAMPTZ,              -- the end of the window, if it was taken for one
    sweep_at TIMESTAMPTZ NOT NULL      -- when to look whether the row can go; not touched by who takes the key over, so that no index is
) WITH (fillfactor = 70);
CREATE INDEX ON unique_key (sweep_at);

-- Whether a job is there and has not ended, in one snapshot: on its way from one table to another it is in either.
CREATE FUNCTION is_unended(p_job UUID) RETURNS BOOL LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM timer t WHERE t.job_id = p_job)
        OR EXISTS (SELECT FROM parked k WHERE k.job_id = p_job)
        OR EXISTS (SELECT FROM (SELECT l.part, l.seq FROM job_log l WHERE l.job_id = p_job ORDER BY l.run DESC, l.no DESC LIMIT 1) j
                    WHERE NOT EXISTS (SELECT FROM ending_of(j.part, j.seq) e WHERE e.outcome IN ('done', 'cancelled', 'discarded')));
END $$;

-- Whether a key is held for who asks so. By replace and debounce it is not: what they can change they change.
CREATE FUNCTION holds_key(p_key unique_key, p_policy TEXT, p_millis BIGINT) RETURNS BOOL LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE p_policy WHEN 'until_ended' THEN is_unended(p_key.job_id)
                         WHEN 'within' THEN p_key.since + p_millis * INTERVAL '1 ms' > clock_timestamp()
                         ELSE false END;
END $$;

-- Ends a job that no node has, and no other: it is not waited for who is about to end it. For one statement that commits by itself, since it holds
-- off the claims of a stream, as cancel_job does.
CREATE FUNCTION end_waiting(p_job UUID, p_outcome outcome_kind, p_reason TEXT, p_failure JSONB) RETURNS BOOL LANGUAGE plpgsql AS $$
DECLARE t timer; p parked; j job_log;
BEGIN
    DELETE FROM timer WHERE job_id = p_job RETURNING * INTO t;
    IF FOUND THEN
        PERFORM end_unclaimed(t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload, t.headers,
                              t.expires_at, t.enqueued_at, p_outcome, p_reason, p_failure);
        RETURN true;
    END IF;
    DELETE FROM parked WHERE job_id = p_job RETURNING * INTO p;
    IF FOUND THEN
        PERFORM end_unclaimed(p.stream, p.job_id, p.run, p.no, p.attempt, p.rescues, p.charged, p.kind, p.kind_version, p.payload, p.headers,
                              p.expires_at, p.enqueued_at, p_outcome, p_reason, p_failure);
        RETURN true;
    END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND OR is_claimed(j.stream, j.xid, j.seq) THEN RETURN false; END IF;
    PERFORM FROM ending_of(j.part, j.seq);
    IF FOUND THEN RETURN false; END IF;
    PERFORM pg_advisory_xact_lock(lock_class + 1, j.stream) FROM meta;
    IF is_claimed(j.stream, j.xid, j.seq) THEN RETURN false; END IF;     -- again, behind the lock
    INSERT INTO outcome (part, seq, job_id, outcome, reason, failure) VALUES (j.part, j.seq, p_job, p_outcome, p_reason, p_failure)
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO cancel_mark (part, seq, stream, xid) VALUES (j.part, j.seq, j.stream, j.xid);
    RETURN true;
END $$;

-- Enqueues jobs that have keys, in the order of their keys, so that two who bring the same do not wait for each other. Answers, for each, which job holds
-- the key now: itself if it was enqueued. No rows if a stream is not what it is taken for and that is not sure: then nothing was done. Who is refused has
-- locked and written nothing. p_withdraw is for one statement that commits by itself; then a key that another transaction holds open is waited for shortly,
-- since the caller can come again without holding a connection meanwhile.
CREATE FUNCTION enqueue_unique(p_keys TEXT[], p_policies TEXT[], p_millis BIGINT[], p_withdraw BOOL, p_sure BOOL, p_streams INT[], p_queues TEXT[],
                               p_priorities INT[], p_at TIMESTAMPTZ[], p_delays BIGINT[], p_jobs UUID[], p_kinds TEXT[], p_versions INT[],
                               p_payloads TEXT[], p_headers TEXT[], p_expiries BIGINT[])
RETURNS TABLE (nr BIGINT, job_id UUID) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    i RECORD; u unique_key; t timer; v_now TIMESTAMPTZ; v_at TIMESTAMPTZ; v_expires TIMESTAMPTZ; v_holder UUID; v_fresh BOOL;
    v_wait TEXT := current_setting('lock_timeout');
BEGIN
    IF NOT p_sure AND EXISTS (SELECT FROM unnest(p_streams, p_queues, p_priorities) g (stream, queue, priority)
                               WHERE NOT EXISTS (SELECT FROM stream s WHERE (s.id, s.queue, s.priority) = (g.stream, g.queue, g.priority))) THEN
        RETURN;
    END IF;
    IF v_wait = '0' THEN                                              -- who has a key may stay open for ever
        PERFORM set_config('lock_timeout', CASE WHEN p_withdraw THEN '250ms' ELSE '10s' END, true);
    END IF;
    FOR i IN SELECT g.* FROM unnest(p_keys, p_policies, p_millis, p_streams, p_at, p_delays, p_jobs, p_kinds, p_versions, p_payloads, p_headers, p_expiries)
                  WITH ORDINALITY g (key, policy, millis, stream, at, delay, job, kind, version, payload, headers, expiry, nr)
              ORDER BY g.key COLLATE "C", g.nr
    LOOP
        v_holder := NULL;
        v_fresh := false;
        IF i.policy IN ('until_ended', 'within') THEN                 -- without a lock: to be refused is as if it had been asked a moment sooner
            SELECT * INTO u FROM unique_key k WHERE k.key = i.key;
            IF FOUND AND (u.job_id = i.job OR holds_key(u, i.policy, i.millis)) THEN v_holder := u.job_id; END IF;
        END IF;
        IF v_holder IS NULL THEN
            PERFORM pg_current_xact_id();                             -- before the clock is read: see promote
            FOR n IN 1..100 LOOP
                v_now := clock_timestamp();
                INSERT INTO unique_key (key, job_id, since, until, sweep_at)
                VALUES (i.key, i.job, v_now, CASE WHEN i.policy = 'within' THEN v_now + i.millis * INTERVAL '1 ms' END, v_now + INTERVAL '1 day')
                    ON CONFLICT DO NOTHING;
                v_fresh := FOUND;
                EXIT WHEN v_fresh;
                SELECT * INTO u FROM unique_key k WHERE k.key = i.key FOR UPDATE;
                EXIT WHEN FOUND;                                      -- else it was swept between the two
            END LOOP;
            IF NOT v_fresh THEN v_now := clock_timestamp(); END IF;   -- the lock may have been waited for
            v_at := coalesce(i.at, v_now + coalesce(i.delay, 0) * INTERVAL '1 ms');
            v_expires := v_now + i.expiry * INTERVAL '1 ms';
            IF NOT v_fresh THEN                                       -- statements of their own: they see what was before the lock
                IF u.key IS NULL THEN
                    RAISE EXCEPTION 'unique key % could not be seen under this isolation', i.key USING ERRCODE = '40001';
                END IF;
                IF u.job_id = i.job OR holds_key(u, i.policy, i.millis) THEN
                    v_holder := u.job_id;
                ELSIF i.policy IN ('replace', 'debounce') THEN        -- what waits for its first time to run is changed
                    IF i.policy = 'debounce' THEN v_at := least(v_at, u.since + i.millis * INTERVAL '1 ms'); END IF;
                    IF v_at > v_now THEN
                        UPDATE timer t SET run_at = v_at, stream = i.stream, kind = i.kind, kind_version = i.version, payload = i.payload,
                               headers = i.headers::JSONB, expires_at = v_expires
                         WHERE t.job_id = u.job_id AND t.no = 1;
                        IF FOUND THEN v_holder := u.job_id; END IF;
                    ELSE                                              -- its time has come: not later, though others go on asking
                        DELETE FROM timer x WHERE x.job_id = u.job_id AND x.no = 1 RETURNING x.* INTO t;
                        IF FOUND THEN
                            INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                                                 enqueued_at)
                            SELECT m.current_part, i.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, i.kind, i.version, i.payload,
                                   i.headers::JSONB, v_expires, t.enqueued_at FROM meta m;
                            v_holder := u.job_id;
                        END IF;
                    END IF;
                    IF v_holder IS NULL AND i.policy = 'replace' AND p_withdraw AND current_setting('transaction_isolation') = 'read committed' THEN
                        PERFORM end_waiting(u.job_id, 'cancelled', 'replaced by job ' || i.job, NULL);
                    END IF;
                END IF;
            END IF;
        END IF;
        IF v_holder IS NULL THEN
            v_holder := i.job;
            IF NOT v_fresh THEN
                UPDATE unique_key k SET job_id = i.job, since = v_now,
                       until = CASE WHEN i.policy = 'within' THEN v_now + i.millis * INTERVAL '1 ms' END
                 WHERE k.key = i.key;
                v_at := coalesce(i.at, v_now + coalesce(i.delay, 0) * INTERVAL '1 ms');
            END IF;
            IF v_at <= v_now THEN
                INSERT INTO job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
                SELECT m.current_part, i.stream, i.job, i.kind, i.version, i.payload, i.headers::JSONB, v_expires, v_now FROM meta m;
            ELSE
                INSERT INTO timer (run_at, retry, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
                VALUES (v_at, false, i.stream, i.job, i.kind, i.version, i.payload, i.headers::JSONB, v_expires, v_now);
            END IF;
        END IF;
        nr := i.nr;
        job_id := v_holder;
        RETURN NEXT;
    END LOOP;
    IF v_wait = '0' THEN PERFORM set_config('lock_timeout', v_wait, true); END IF;
END $$;

-- Rows of keys that nobody holds, some at a call; how many were looked at. A row that is held is looked at again after a day, or when its window is over.
CREATE FUNCTION sweep_unique_keys(p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_now TIMESTAMPTZ := clock_timestamp(); v_keys TEXT[]; v_n INT;
BEGIN
    v_keys := ARRAY(SELECT key FROM unique_key WHERE sweep_at <= v_now ORDER BY sweep_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    -- Statements of their own: they see what was before the locks.
    DELETE FROM unique_key k USING unnest(v_keys) g (key)
     WHERE k.key = g.key COLLATE "C" AND (k.until IS NULL OR k.until <= v_now) AND NOT is_unended(k.job_id);
    UPDATE unique_key k SET sweep_at = greatest(k.until, v_now + INTERVAL '1 day') FROM unnest(v_keys) g (key) WHERE k.key = g.key COLLATE "C";
    RETURN coalesce(cardinality(v_keys), 0);
END $$;

-- As before; jobs with a unique key by the function above. A slot whose key is held has the job that holds it.
CREATE FUNCTION fire_slots(p_node UUID, p_epoch INT, p_schedule TEXT, p_term BIGINT, p_slots TIMESTAMPTZ[], p_asked INT[], p_jobs UUID[], p_queues TEXT[],
                           p_priorities INT[], p_shards INT[], p_kinds TEXT[], p_versions INT[], p_payloads TEXT[], p_headers TEXT[],
                           p_at TIMESTAMPTZ[], p_delays BIGINT[], p_expiries BIGINT[], p_keys TEXT[], p_policies TEXT[], p_millis BIGINT[])
RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_now TIMESTAMPTZ; v_n INT; v_paused BOOL; v_asked TIMESTAMPTZ[]; v_won UUID[]; h RECORD; v_slots TIMESTAMPTZ[]; v_asks BOOL[]; v_keys TEXT[];
    v_policies TEXT[]; v_millis BIGINT[]; v_streams INT[]; v_at TIMESTAMPTZ[]; v_delays BIGINT[]; v_jobs UUID[]; v_kinds TEXT[]; v_versions INT[];
    v_payloads TEXT[]; v_headers TEXT[]; v_expiries BIGINT[];
BEGIN
    PERFORM read_committed();
    PERFORM fence(p_node, p_epoch);
    PERFORM FROM schedule WHERE name = p_schedule AND owner = p_node AND owner_epoch = p_epoch AND term = p_term FOR SHARE;   -- who pauses it waits
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF EXISTS (SELECT FROM unnest(p_queues, p_priorities, p_shards) i (queue, priority, shard)
                WHERE NOT EXISTS (SELECT FROM stream s WHERE s.queue = i.queue AND s.priority = i.priority AND s.shard = i.shard)) THEN
        RETURN -1;
    END IF;
    PERFORM pg_current_xact_id();                                    -- before the clock is read: see promote
    v_now := clock_timestamp();
    v_paused := EXISTS (SELECT FROM pause WHERE scope = 'schedule' AND name = p_schedule);
    WITH taken AS (
        DELETE FROM schedule_ask a USING unnest(p_slots, p_asked) i (slot, asked)
         WHERE i.asked = 1 AND a.schedule = p_schedule AND a.slot = i.slot RETURNING a.slot)
    SELECT array_agg(slot) INTO v_asked FROM taken;
    WITH won AS (
        INSERT INTO schedule_slot (schedule, asked, slot, job_id, term)
        SELECT p_schedule, i.asked = 1, i.slot, i.job_id, p_term FROM unnest(p_slots, p_asked, p_jobs) i (slot, asked, job_id)
         WHERE CASE WHEN i.asked = 1 THEN i.slot = ANY (v_asked) ELSE NOT v_paused END
         ORDER BY i.asked, i.slot
            ON CONFLICT DO NOTHING RETURNING job_id)
    SELECT array_agg(job_id), count(*) INTO v_won, v_n FROM won;
    WITH given AS MATERIALIZED (
        SELECT i.*, s.id AS stream, coalesce(i.at, v_now + coalesce(i.delay, 0) * INTERVAL '1 ms') AS run_at,
               v_now + i.expiry * INTERVAL '1 ms' AS expires_at
          FROM unnest(p_jobs, p_queues, p_priorities, p_shards, p_kinds, p_versions, p_payloads, p_headers, p_at, p_delays, p_expiries, p_keys)
               WITH ORDINALITY i (job_id, queue, priority, shard, kind, kind_version, payload, headers, at, delay, expiry, key, nr)
          JOIN stream s ON s.queue = i.queue AND s.priority = i.priority AND s.shard = i.shard
         WHERE i.key IS NULL AND i.job_id = ANY (v_won)),
    due AS (
        INSERT INTO job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
        SELECT (SELECT current_part FROM meta), stream, job_id, kind, kind_version, payload, headers::JSONB, expires_at, v_now
          FROM given WHERE run_at <= v_now ORDER BY nr)
    INSERT INTO timer (run_at, retry, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
    SELECT run_at, false, stream, job_id, kind, kind_version, payload, headers::JSONB, expires_at, v_now
      FROM given WHERE run_at > v_now;
    IF EXISTS (SELECT FROM unnest(p_keys) k WHERE k IS NOT NULL) THEN
        PERFORM set_config('lock_timeout', '200ms', true);            -- the node's upkeep waits behind this
        SELECT array_agg(i.slot ORDER BY i.nr), array_agg(i.asked = 1 ORDER BY i.nr), array_agg(i.key ORDER BY i.nr), array_agg(i.policy ORDER BY i.nr),
               array_agg(i.millis ORDER BY i.nr), array_agg(s.id ORDER BY i.nr), array_agg(i.at ORDER BY i.nr), array_agg(i.delay ORDER BY i.nr),
               array_agg(i.job_id ORDER BY i.nr), array_agg(i.kind ORDER BY i.nr), array_agg(i.kind_version ORDER BY i.nr),
               array_agg(i.payload ORDER BY i.nr), array_agg(i.headers ORDER BY i.nr), array_agg(i.expiry ORDER BY i.nr)
          INTO v_slots, v_asks, v_keys, v_policies, v_millis, v_streams, v_at, v_delays, v_jobs, v_kinds, v_versions, v_payloads, v_headers, v_expiries
          FROM unnest(p_slots, p_asked, p_jobs, p_queues, p_priorities, p_shards, p_kinds, p_versions, p_payloads, p_headers, p_at, p_delays, p_expiries, p_keys,
                      p_policies, p_millis)
               WITH ORDINALITY i (slot, asked, job_id, queue, priority, shard, kind, kind_version, payload, headers, at, delay, expiry, key, policy, millis, nr)
          JOIN stream s ON s.queue = i.queue AND s.priority = i.priority AND s.shard = i.shard
         WHERE i.key IS NOT NULL AND i.job_id = ANY (v_won);
        FOR h IN SELECT * FROM enqueue_unique(v_keys, v_policies, v_millis, false, true, v_streams, NULL, NULL, v_at, v_delays, v_jobs, v_kinds, v_versions,
                                              v_payloads, v_headers, v_expiries)
        LOOP
            CONTINUE WHEN h.job_id = v_jobs[h.nr];
            UPDATE schedule_slot f SET job_id = h.job_id WHERE f.schedule = p_schedule AND f.asked = v_asks[h.nr] AND f.slot = v_slots[h.nr];
        END LOOP;
    END IF;
    RETURN v_n;
END $$;
