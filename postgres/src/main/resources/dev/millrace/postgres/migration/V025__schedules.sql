-- Schedules: which node fires one, and which slots were fired. Small tables, which only schedules touch.

CREATE TABLE schedule (
    name        TEXT PRIMARY KEY,
    times       TEXT NOT NULL,                                       -- when its slots come, and what else is said of it,
    policy      TEXT NOT NULL,                                       -- in words that the engine reads
    since       TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),      -- its times hold from here on
    owner       UUID   NOT NULL,                                     -- the node that fires it,
    owner_epoch INT    NOT NULL,
    joined_at   TIMESTAMPTZ NOT NULL,                                -- since when that one is a node
    term        BIGINT NOT NULL DEFAULT 1,                           -- and how often it changed hands
    orphaned_at TIMESTAMPTZ                                          -- when its node was missed; what stays so is forgotten
);

-- A slot is fired once: this key decides it. A run that somebody asked for stands here by the moment at which they did.
CREATE TABLE schedule_slot (
    schedule TEXT NOT NULL,
    asked    BOOL NOT NULL,
    slot     TIMESTAMPTZ NOT NULL,
    job_id   UUID NOT NULL,
    term     BIGINT NOT NULL,
    at       TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schedule, asked, slot)
);
CREATE INDEX ON schedule_slot (at);

CREATE TABLE schedule_ask (
    schedule TEXT NOT NULL,
    slot     TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    by       TEXT NOT NULL,
    PRIMARY KEY (schedule, slot)
);

ALTER TABLE pause DROP CONSTRAINT pause_scope_check;
ALTER TABLE pause ADD CONSTRAINT pause_scope_check CHECK (scope IN ('queue', 'kind', 'schedule'));

-- Whether a schedule may change hands: if its node is not alive, or an older one says something else. One that joined before the last owner and says
-- something else waits for a while, so that a newer build that restarts loses nothing.
CREATE FUNCTION may_own(p_schedule schedule, p_times TEXT, p_policy TEXT, p_node UUID, p_joined TIMESTAMPTZ, p_wait INTERVAL) RETURNS BOOL LANGUAGE plpgsql
STABLE AS $$
DECLARE v_same BOOL := (p_schedule.times, p_schedule.policy) = (p_times, p_policy); v_newer BOOL := p_schedule.joined_at < p_joined;
BEGIN
    IF p_schedule.owner = p_node THEN RETURN false; END IF;
    IF EXISTS (SELECT FROM node n WHERE n.id = p_schedule.owner AND n.epoch = p_schedule.owner_epoch AND n.state = 'alive') THEN
        RETURN v_newer AND NOT v_same;
    END IF;
    RETURN v_same OR v_newer OR p_schedule.orphaned_at <= clock_timestamp() - p_wait;
END $$;

-- What this node knows, and what of it is its own from now on. Rows are locked in the order of their names.
CREATE FUNCTION own_schedules(p_node UUID, p_epoch INT, p_names TEXT[], p_times TEXT[], p_policies TEXT[], p_wait INTERVAL, p_asks_live INTERVAL)
RETURNS TABLE (now TIMESTAMPTZ, name TEXT, term BIGINT, upto TIMESTAMPTZ, last_job UUID, asked TIMESTAMPTZ[]) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_joined TIMESTAMPTZ; v_now TIMESTAMPTZ; v_mine TEXT[];
BEGIN
    PERFORM read_committed();
    PERFORM fence(p_node, p_epoch);
    v_joined := (SELECT started_at FROM node WHERE id = p_node);
    INSERT INTO schedule (name, times, policy, owner, owner_epoch, joined_at)
    SELECT c.name, c.times, c.policy, p_node, p_epoch, v_joined FROM unnest(p_names, p_times, p_policies) c (name, times, policy)
     WHERE NOT EXISTS (SELECT FROM schedule s WHERE s.name = c.name)
     ORDER BY c.name
        ON CONFLICT DO NOTHING;
    v_mine := ARRAY(SELECT s.name FROM schedule s WHERE s.name = ANY (p_names) AND s.owner = p_node AND s.owner_epoch = p_epoch);
    IF cardinality(v_mine) < cardinality(p_names) THEN
        PERFORM FROM schedule s JOIN unnest(p_names, p_times, p_policies) c (name, times, policy) ON c.name = s.name
          WHERE s.orphaned_at IS NULL AND s.owner <> p_node AND may_own(s, s.times, s.policy, p_node, v_joined, p_wait)
             OR may_own(s, c.times, c.policy, p_node, v_joined, p_wait)
          ORDER BY s.name FOR UPDATE OF s;
        IF FOUND THEN                                                -- statements of their own: they see what was before the locks
            UPDATE schedule s SET owner = p_node, owner_epoch = p_epoch, joined_at = v_joined, term = s.term + 1, orphaned_at = NULL,
                   since = CASE WHEN s.times = c.times THEN s.since ELSE clock_timestamp() END, times = c.times, policy = c.policy
              FROM unnest(p_names, p_times, p_policies) c (name, times, policy)
             WHERE s.name = c.name AND may_own(s, c.times, c.policy, p_node, v_joined, p_wait);
            UPDATE schedule s SET orphaned_at = clock_timestamp()
             WHERE s.name = ANY (p_names) AND s.orphaned_at IS NULL AND s.owner <> p_node
               AND NOT EXISTS (SELECT FROM node n WHERE n.id = s.owner AND n.epoch = s.owner_epoch AND n.state = 'alive');
        END IF;
    END IF;
    v_now := clock_timestamp();                                      -- what lies later was fired by a clock that has been set back
    RETURN QUERY
        SELECT v_now, NULL::TEXT, 0::BIGINT, NULL::TIMESTAMPTZ, NULL::UUID, NULL::TIMESTAMPTZ[]
         UNION ALL
        SELECT NULL, s.name, s.term, greatest(least(s.since, v_now), l.slot), l.job_id,
               ARRAY(SELECT a.slot FROM schedule_ask a WHERE a.schedule = s.name AND a.slot > v_now - p_asks_live ORDER BY a.slot)
          FROM schedule s
          LEFT JOIN LATERAL (
              SELECT f.slot, f.job_id FROM schedule_slot f
               WHERE f.schedule = s.name AND NOT f.asked AND f.slot <= v_now ORDER BY f.slot DESC LIMIT 1) l ON true
         WHERE s.name = ANY (p_names) AND s.owner = p_node AND s.owner_epoch = p_epoch;
END $$;

-- Enqueues the jobs of slots that were not fired before; where the schedule is paused, only of those that somebody asked for. How many that are;
-- null if the schedule is another node's, or of another term; -1 if a stream is not what it was taken for. In both cases nothing was done.
CREATE FUNCTION fire_slots(p_node UUID, p_epoch INT, p_schedule TEXT, p_term BIGINT, p_slots TIMESTAMPTZ[], p_asked INT[], p_jobs UUID[], p_queues TEXT[],
                           p_priorities INT[], p_shards INT[], p_kinds TEXT[], p_versions INT[], p_payloads TEXT[], p_headers TEXT[],
                           p_at TIMESTAMPTZ[], p_delays BIGINT[], p_expiries BIGINT[])
RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE v_now TIMESTAMPTZ; v_n INT; v_paused BOOL; v_asked TIMESTAMPTZ[];
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
    WITH given AS MATERIALIZED (
        SELECT i.*, s.id AS stream, coalesce(i.at, v_now + coalesce(i.delay, 0) * INTERVAL '1 ms') AS run_at,
               v_now + i.expiry * INTERVAL '1 ms' AS expires_at
          FROM unnest(p_slots, p_asked, p_jobs, p_queues, p_priorities, p_shards, p_kinds, p_versions, p_payloads, p_headers, p_at, p_delays, p_expiries)
               WITH ORDINALITY i (slot, asked, job_id, queue, priority, shard, kind, kind_version, payload, headers, at, delay, expiry, nr)
          JOIN stream s ON s.queue = i.queue AND s.priority = i.priority AND s.shard = i.shard
         WHERE CASE WHEN i.asked = 1 THEN i.slot = ANY (v_asked) ELSE NOT v_paused END),
    won AS (
        INSERT INTO schedule_slot (schedule, asked, slot, job_id, term)
        SELECT p_schedule, asked = 1, slot, job_id, p_term FROM given ORDER BY asked, slot
            ON CONFLICT DO NOTHING RETURNING job_id),
    due AS (
        INSERT INTO job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
        SELECT (SELECT current_part FROM meta), stream, job_id, kind, kind_version, payload, headers::JSONB, expires_at, v_now
          FROM given JOIN won USING (job_id) WHERE run_at <= v_now ORDER BY nr RETURNING 1),
    later AS (
        INSERT INTO timer (run_at, retry, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
        SELECT run_at, false, stream, job_id, kind, kind_version, payload, headers::JSONB, expires_at, v_now
          FROM given JOIN won USING (job_id) WHERE run_at > v_now RETURNING 1)
    SELECT (SELECT count(*) FROM due) + (SELECT count(*) FROM later) INTO v_n;
    RETURN v_n;
END $$;

-- Whether such a schedule is known; null if too many runs of it are asked for. Each request has a moment of its own.
CREATE FUNCTION ask_schedule(p_schedule TEXT, p_by TEXT, p_most INT, p_live INTERVAL) RETURNS BOOL LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_slot TIMESTAMPTZ;
BEGIN
    PERFORM FROM schedule WHERE name = p_schedule FOR UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM schedule_ask WHERE schedule = p_schedule AND slot <= clock_timestamp() - p_live;
    IF (SELECT count(*) FROM schedule_ask WHERE schedule = p_schedule) >= p_most THEN RETURN NULL; END IF;
    v_slot := clock_timestamp();
    WHILE EXISTS (SELECT FROM schedule_ask WHERE schedule = p_schedule AND slot = v_slot)
          OR EXISTS (SELECT FROM schedule_slot WHERE schedule = p_schedule AND asked AND slot = v_slot) LOOP
        v_slot := v_slot + INTERVAL '1 microsecond';
    END LOOP;
    INSERT INTO schedule_ask (schedule, slot, by) VALUES (p_schedule, v_slot, p_by);
    INSERT INTO audit (by, action, target) VALUES (p_by, 'run now', 'schedule ' || p_schedule);
    RETURN true;
END $$;

-- Schedules that no node brings, and fired slots past retention, but for each schedule's newest; at most so many slots. How many that were.
CREATE FUNCTION sweep_schedules(p_keep INTERVAL, p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_n INT;
BEGIN
    WITH known AS MATERIALIZED (                                     -- locked by name, as everywhere; who is busy with one sees to it
        SELECT s.name, EXISTS (SELECT FROM node n WHERE n.id = s.owner AND n.epoch = s.owner_epoch AND n.state = 'alive') AS alive
          FROM schedule s ORDER BY s.name FOR UPDATE OF s SKIP LOCKED)
    UPDATE schedule s SET orphaned_at = CASE WHEN NOT k.alive THEN clock_timestamp() END
      FROM known k WHERE k.name = s.name AND k.alive = (s.orphaned_at IS NOT NULL);
    WITH gone AS MATERIALIZED (
        SELECT s.name FROM schedule s
         WHERE s.orphaned_at < clock_timestamp() - INTERVAL '30 days'
           AND NOT EXISTS (SELECT FROM node n WHERE n.id = s.owner AND n.epoch = s.owner_epoch AND n.state = 'alive')
         ORDER BY s.name FOR UPDATE OF s SKIP LOCKED)
    DELETE FROM schedule s USING gone g WHERE g.name = s.name;
    DELETE FROM schedule_ask a WHERE NOT EXISTS (SELECT FROM schedule s WHERE s.name = a.schedule);
    DELETE FROM schedule_slot WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM schedule_slot o
         WHERE o.at < clock_timestamp() - p_keep
           AND (o.asked OR EXISTS (SELECT FROM schedule_slot n WHERE n.schedule = o.schedule AND NOT n.asked AND n.slot > o.slot)
                OR NOT EXISTS (SELECT FROM schedule s WHERE s.name = o.schedule))
         ORDER BY o.at LIMIT p_limit));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;
