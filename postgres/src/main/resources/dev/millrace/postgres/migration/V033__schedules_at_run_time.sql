-- Schedules that operators set, change and remove at run time. No code brings them, so that any node may fire them, and all that their jobs have is stored.
-- A change begins a new term, and what fires a slot proves its term: who has not heard of the change fires nothing any more. A build that is older than this
-- leaves them alone.

-- Terms of all schedules: one that is removed and made again has none twice, so that a late step of the removed one fires nothing.
CREATE SEQUENCE schedule_term;
SELECT setval('schedule_term', (SELECT coalesce(max(term), 0) + 1 FROM schedule));

ALTER TABLE schedule ALTER COLUMN term SET DEFAULT nextval('schedule_term');
ALTER TABLE schedule ALTER COLUMN owner DROP NOT NULL;               -- null: set, and no node has had it yet
ALTER TABLE schedule ALTER COLUMN owner_epoch DROP NOT NULL;
ALTER TABLE schedule ALTER COLUMN joined_at DROP NOT NULL;
ALTER TABLE schedule ADD COLUMN set_at_run_time BOOL NOT NULL DEFAULT false;
CREATE INDEX schedule_set_at_run_time ON schedule (name) WHERE set_at_run_time;

-- What each job of such a schedule has, and who set it to that. There is a row for each that was set; who reads or writes it has the schedule's.
CREATE TABLE schedule_set (
    schedule     TEXT PRIMARY KEY,
    queue        TEXT NOT NULL,
    priority     INT  NOT NULL CHECK (priority BETWEEN 0 AND 3),
    spread       TEXT,
    kind         TEXT NOT NULL,
    kind_version INT  NOT NULL,
    payload      TEXT NOT NULL,
    headers      JSONB,
    expiry       BIGINT,                                             -- in milliseconds from when it is enqueued
    key          TEXT,                                               -- the unique key, and how long it is held
    key_policy   TEXT CHECK (key_policy IN ('until_ended', 'within', 'replace', 'debounce')),
    key_millis   BIGINT,
    by           TEXT NOT NULL,
    reason       TEXT NOT NULL,
    at           TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- As it was, but for schedules that were set: no code has those.
CREATE OR REPLACE FUNCTION may_own(p_schedule schedule, p_times TEXT, p_policy TEXT, p_node UUID, p_joined TIMESTAMPTZ, p_wait INTERVAL) RETURNS BOOL
LANGUAGE plpgsql STABLE AS $$
DECLARE v_same BOOL := (p_schedule.times, p_schedule.policy) = (p_times, p_policy); v_newer BOOL := p_schedule.joined_at < p_joined;
BEGIN
    IF p_schedule.set_at_run_time OR p_schedule.owner = p_node THEN RETURN false; END IF;
    IF EXISTS (SELECT FROM node n WHERE n.id = p_schedule.owner AND n.epoch = p_schedule.owner_epoch AND n.state = 'alive') THEN
        RETURN v_newer AND NOT v_same;
    END IF;
    RETURN v_same OR v_newer OR p_schedule.orphaned_at <= clock_timestamp() - p_wait;
END $$;

-- What this node has: of what its code brings, and of what was set. Those that were set and that no living node has become its own; the definition is told unless it
-- is known in this term. A name that code brings and that was set is told as a clash.
CREATE FUNCTION own_schedules(p_node UUID, p_epoch INT, p_names TEXT[], p_times TEXT[], p_policies TEXT[], p_wait INTERVAL, p_asks_live INTERVAL, p_held JSONB)
RETURNS TABLE (now TIMESTAMPTZ, name TEXT, term BIGINT, upto TIMESTAMPTZ, last_job UUID, asked TIMESTAMPTZ[], clash BOOL, set_at_run_time BOOL,
               times TEXT, policy TEXT, queue TEXT, priority INT, spread TEXT, kind TEXT, kind_version INT, payload TEXT, headers TEXT, expiry BIGINT,
               key TEXT, key_policy TEXT, key_millis BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_now TIMESTAMPTZ; v_names TEXT[]; v_times TEXT[]; v_policies TEXT[];
BEGIN
    PERFORM read_committed();
    PERFORM fence(p_node, p_epoch);
    SELECT coalesce(array_agg(c.name), '{}'), coalesce(array_agg(c.times), '{}'), coalesce(array_agg(c.policy), '{}') INTO v_names, v_times, v_policies
      FROM unnest(p_names, p_times, p_policies) c (name, times, policy)
     WHERE NOT EXISTS (SELECT FROM schedule s WHERE s.name = c.name AND s.set_at_run_time);
    RETURN QUERY
        SELECT o.now, o.name, o.term, o.upto, o.last_job, o.asked, false, false,
               NULL::TEXT, NULL::TEXT, NULL::TEXT, NULL::INT, NULL::TEXT, NULL::TEXT, NULL::INT, NULL::TEXT, NULL::TEXT, NULL::BIGINT,
               NULL::TEXT, NULL::TEXT, NULL::BIGINT
          FROM own_schedules(p_node, p_epoch, v_names, v_times, v_policies, p_wait, p_asks_live) o;
    PERFORM FROM schedule s
      WHERE s.set_at_run_time AND NOT EXISTS (SELECT FROM node n WHERE n.id = s.owner AND n.epoch = s.owner_epoch AND n.state = 'alive')
      ORDER BY s.name FOR UPDATE OF s;
    IF FOUND THEN                                                    -- a statement of its own: it sees what was before the locks
        UPDATE schedule s SET owner = p_node, owner_epoch = p_epoch, joined_at = n.started_at, term = nextval('schedule_term')
          FROM node n
         WHERE n.id = p_node AND s.set_at_run_time
           AND NOT EXISTS (SELECT FROM node o WHERE o.id = s.owner AND o.epoch = s.owner_epoch AND o.state = 'alive');
    END IF;
    v_now := clock_timestamp();
    RETURN QUERY
        SELECT NULL::TIMESTAMPTZ, s.name, s.term, greatest(least(s.since, v_now), l.slot), l.job_id,
               ARRAY(SELECT a.slot FROM schedule_ask a WHERE a.schedule = s.name AND a.slot > v_now - p_asks_live ORDER BY a.slot),
               false, true, d.schedule_times, d.schedule_policy, d.queue, d.priority, d.spread, d.kind, d.kind_version, d.payload, d.headers, d.expiry,
               d.key, d.key_policy, d.key_millis
          FROM schedule s
          LEFT JOIN LATERAL (
              SELECT f.slot, f.job_id FROM schedule_slot f
               WHERE f.schedule = s.name AND NOT f.asked AND f.slot <= v_now ORDER BY f.slot DESC LIMIT 1) l ON true
          LEFT JOIN LATERAL (
              SELECT s.times AS schedule_times, s.policy AS schedule_policy, t.queue, t.priority, t.spread, t.kind, t.kind_version, t.payload,
                     t.headers::TEXT AS headers, t.expiry, t.key, t.key_policy, t.key_millis
                FROM schedule_set t
               WHERE t.schedule = s.name AND (p_held ->> s.name)::BIGINT IS DISTINCT FROM s.term) d ON true
         WHERE s.set_at_run_time AND s.owner = p_node AND s.owner_epoch = p_epoch
         UNION ALL
        SELECT NULL, c.name, NULL, NULL, NULL, NULL, true, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
          FROM unnest(p_names) c (name) JOIN schedule s ON s.name = c.name AND s.set_at_run_time;
END $$;

-- Makes a schedule, or has it be what is given: created, changed, unchanged; or brought, or too many, and then nothing was done.
CREATE FUNCTION set_schedule(p_name TEXT, p_times TEXT, p_policy TEXT, p_queue TEXT, p_priority INT, p_spread TEXT, p_kind TEXT, p_version INT, p_payload TEXT,
                             p_headers JSONB, p_expiry BIGINT, p_key TEXT, p_key_policy TEXT, p_key_millis BIGINT, p_by TEXT, p_reason TEXT, p_most INT)
RETURNS TEXT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_set BOOL; v_answer TEXT := 'changed';
BEGIN
    PERFORM read_committed();
    LOOP
        SELECT s.set_at_run_time INTO v_set FROM schedule s WHERE s.name = p_name FOR UPDATE;     -- who fires it is at its end, or finds another term
        EXIT WHEN FOUND;
        IF (SELECT count(*) FROM schedule s WHERE s.set_at_run_time) >= p_most THEN RETURN 'too many'; END IF;
        INSERT INTO schedule (name, times, policy, set_at_run_time) VALUES (p_name, p_times, p_policy, true) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            v_set := true;
            v_answer := 'created';
            EXIT;
        END IF;
    END LOOP;
    IF NOT v_set THEN RETURN 'brought'; END IF;
    IF v_answer = 'changed' THEN
        IF EXISTS (SELECT FROM schedule s JOIN schedule_set d ON d.schedule = s.name
                    WHERE s.name = p_name
                      AND (s.times, s.policy, d.queue, d.priority, d.spread, d.kind, d.kind_version, d.payload, d.headers, d.expiry, d.key, d.key_policy, d.key_millis)
                          IS NOT DISTINCT FROM
                          (p_times, p_policy, p_queue, p_priority, p_spread, p_kind, p_version, p_payload, p_headers, p_expiry, p_key, p_key_policy, p_key_millis)) THEN
            RETURN 'unchanged';
        END IF;
        UPDATE schedule s SET times = p_times, policy = p_policy, term = nextval('schedule_term'),
               since = CASE WHEN s.times = p_times THEN s.since ELSE clock_timestamp() END
         WHERE s.name = p_name;
    END IF;
    INSERT INTO schedule_set (schedule, queue, priority, spread, kind, kind_version, payload, headers, expiry, key, key_policy, key_millis, by, reason)
    VALUES (p_name, p_queue, p_priority, p_spread, p_kind, p_version, p_payload, p_headers, p_expiry, p_key, p_key_policy, p_key_millis, p_by, p_reason)
        ON CONFLICT (schedule) DO UPDATE SET queue = excluded.queue, priority = excluded.priority, spread = excluded.spread, kind = excluded.kind,
           kind_version = excluded.kind_version, payload = excluded.payload, headers = excluded.headers, expiry = excluded.expiry, key = excluded.key,
           key_policy = excluded.key_policy, key_millis = excluded.key_millis, by = excluded.by, reason = excluded.reason, at = clock_timestamp();
    INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'set', 'schedule ' || p_name, p_reason);
    RETURN v_answer;
END $$;

-- Removes a schedule that was set, or that no living node brings: removed, unknown, or brought, and then nothing was done. Which slots were fired stays known as long
-- as that of all others.
CREATE FUNCTION remove_schedule(p_name TEXT, p_by TEXT, p_reason TEXT) RETURNS TEXT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_set BOOL;
BEGIN
    PERFORM read_committed();
    SELECT s.set_at_run_time INTO v_set FROM schedule s WHERE s.name = p_name FOR UPDATE;
    IF NOT FOUND THEN RETURN 'unknown'; END IF;
    IF NOT v_set AND EXISTS (SELECT FROM schedule s JOIN node n ON n.id = s.owner AND n.epoch = s.owner_epoch AND n.state = 'alive' WHERE s.name = p_name) THEN
        RETURN 'brought';
    END IF;
    DELETE FROM schedule WHERE name = p_name;
    DELETE FROM schedule_set WHERE schedule = p_name;
    DELETE FROM schedule_ask WHERE schedule = p_name;
    DELETE FROM pause WHERE scope = 'schedule' AND name = p_name;
    INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'remove', 'schedule ' || p_name, p_reason);
    RETURN 'removed';
END $$;

-- As it was, but what was set stays until it is removed.
CREATE OR REPLACE FUNCTION sweep_schedules(p_keep INTERVAL, p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_n INT;
BEGIN
    WITH known AS MATERIALIZED (                                     -- locked by name, as everywhere; who is busy with one sees to it
        SELECT s.name, EXISTS (SELECT FROM node n WHERE n.id = s.owner AND n.epoch = s.owner_epoch AND n.state = 'alive') AS alive
          FROM schedule s WHERE NOT s.set_at_run_time ORDER BY s.name FOR UPDATE OF s SKIP LOCKED)
    UPDATE schedule s SET orphaned_at = CASE WHEN NOT k.alive THEN clock_timestamp() END
      FROM known k WHERE k.name = s.name AND k.alive = (s.orphaned_at IS NOT NULL);
    WITH gone AS MATERIALIZED (
        SELECT s.name FROM schedule s
         WHERE NOT s.set_at_run_time AND s.orphaned_at < clock_timestamp() - INTERVAL '30 days'
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
