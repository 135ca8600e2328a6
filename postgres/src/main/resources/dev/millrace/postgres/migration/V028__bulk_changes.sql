-- Changes of many jobs by one word of an operator: what is to be done, how far it is, and what became of each job. A step changes some jobs and says so
-- here, in one transaction; so who dies in the midst of it has done all of a step or nothing, and anybody can go on.

CREATE TABLE bulk_change (
    id        UUID PRIMARY KEY,
    action    TEXT NOT NULL CHECK (action IN ('requeue', 'cancel')),
    undoes    UUID,                                                -- the change that is taken back
    selection JSONB,                                               -- which jobs; null if it undoes
    priority  INT,                                                 -- of new runs; null is what it was
    planned   BIGINT NOT NULL,                                     -- how many jobs it was to be about
    rate      INT NOT NULL,                                        -- not more a second; 0 is as fast as it goes
    reason    TEXT NOT NULL,
    by        TEXT NOT NULL,
    at        TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    cursor    UUID,                                                -- this job and greater ones were looked at
    matched   BIGINT NOT NULL DEFAULT 0,
    changed   BIGINT NOT NULL DEFAULT 0,
    ended_at  TIMESTAMPTZ,
    CHECK ((undoes IS NULL) = (selection IS NOT NULL))
);
CREATE INDEX ON bulk_change (at);

CREATE TABLE bulk_change_job (
    change       UUID NOT NULL REFERENCES bulk_change ON DELETE CASCADE,
    job_id       UUID NOT NULL,
    run          INT,                                              -- the run that was the last one before
    run_at       TIMESTAMPTZ,                                      -- the time it waited for
    left_because TEXT,                                             -- null if it was changed
    PRIMARY KEY (change, job_id)
);
CREATE INDEX ON bulk_change_job (change) WHERE left_because IS NOT NULL;
CREATE INDEX ON bulk_change_job (job_id);

-- Whether a job is what a selection asks for, apart from its state, its queue and its time.
CREATE FUNCTION is_selected(p_selection JSONB, p_kind TEXT, p_headers JSONB, p_payload TEXT, p_failure JSONB) RETURNS BOOL LANGUAGE sql IMMUTABLE AS $$
    SELECT (p_selection->>'kind' IS NULL OR p_kind = p_selection->>'kind')
       AND (p_selection->>'tenant' IS NULL OR coalesce(p_headers->>'tenant' = p_selection->>'tenant', false))
       AND (p_selection->>'tag' IS NULL OR coalesce(p_selection->>'tag' = ANY (string_to_array(p_headers->>'tags', ',')), false))
       AND (p_selection->>'failedWith' IS NULL OR coalesce(p_failure->>'type' = p_selection->>'failedWith', false))
       AND (p_selection->>'fingerprint' IS NULL OR coalesce(p_failure->>'fingerprint' = p_selection->>'fingerprint', false))
       AND (p_selection->>'text' IS NULL OR strpos(lower(p_payload), lower(p_selection->>'text')) > 0
            OR coalesce(strpos(lower(p_failure->>'message'), lower(p_selection->>'text')) > 0, false))
$$;

-- What a run of a job failed with last.
CREATE FUNCTION last_failure(p_job UUID, p_run INT) RETURNS JSONB LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT o.failure FROM job_log l JOIN outcome o ON o.part = l.part AND o.seq = l.seq
             WHERE l.job_id = p_job AND l.run = p_run AND o.failure IS NOT NULL ORDER BY l.no DESC LIMIT 1);
END $$;

-- The next jobs of a walk, the newest first, and whether each is selected. No rows: there are no more. p_look is how many rows are read, at most.
CREATE FUNCTION select_jobs(p_selection JSONB, p_before UUID, p_look INT) RETURNS TABLE (job_id UUID, run INT, selected BOOL) LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_state   TEXT := p_selection->>'state';
    v_before  UUID := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    v_since   TIMESTAMPTZ := coalesce((p_selection->>'since')::TIMESTAMPTZ, '-infinity');
    v_upto    TIMESTAMPTZ := coalesce((p_selection->>'upto')::TIMESTAMPTZ, 'infinity');
    v_streams INT[] := CASE WHEN p_selection->>'queue' IS NOT NULL THEN ARRAY(SELECT id FROM stream WHERE queue = p_selection->>'queue') END;
    v_live    INT := (SELECT live_part FROM meta);
    v_failure BOOL := p_selection ?| ARRAY['failedWith', 'fingerprint', 'text'];
    v_log     UUID[];
    v_parked  UUID[];
    v_floor   UUID := '00000000-0000-0000-0000-000000000000';
BEGIN
    CASE
    WHEN v_state IN ('discarded', 'cancelled') THEN
        RETURN QUERY
            SELECT c.job_id, l.run,
                   coalesce(e.outcome::TEXT = v_state AND e.at BETWEEN v_since AND v_upto AND (v_streams IS NULL OR l.stream = ANY (v_streams))
                            AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = c.job_id) AND NOT EXISTS (SELECT FROM parked k WHERE k.job_id = c.job_id)
                            AND is_selected(p_selection, l.kind, l.headers, l.payload,
                                            CASE WHEN v_failure THEN coalesce(e.failure, last_failure(c.job_id, l.run)) END), false)
              FROM (SELECT DISTINCT x.job_id FROM (
                        SELECT o.job_id FROM outcome o
                         WHERE o.outcome IN ('cancelled', 'discarded') AND o.job_id < v_before ORDER BY o.job_id DESC LIMIT p_look) x) c
             CROSS JOIN LATERAL (SELECT j.* FROM job_log j WHERE j.job_id = c.job_id ORDER BY j.run DESC, j.no DESC LIMIT 1) l
              LEFT JOIN LATERAL ending_of(l.part, l.seq) e ON true
             ORDER BY c.job_id DESC;
    WHEN v_state IN ('scheduled', 'retryable') THEN
        RETURN QUERY
            SELECT t.job_id, t.run,
                   t.retry = (v_state = 'retryable') AND t.enqueued_at BETWEEN v_since AND v_upto AND (v_streams IS NULL OR t.stream = ANY (v_streams))
                   AND is_selected(p_selection, t.kind, t.headers, t.payload, CASE WHEN v_failure THEN coalesce(t.failure, last_failure(t.job_id, t.run)) END)
              FROM timer t WHERE t.job_id < v_before ORDER BY t.job_id DESC LIMIT p_look;
    WHEN v_state = 'available' THEN
        v_log := ARRAY(SELECT l.job_id FROM job_log l WHERE l.part >= v_live AND l.job_id < v_before ORDER BY l.job_id DESC LIMIT p_look);
        v_parked := ARRAY(SELECT k.job_id FROM parked k WHERE k.job_id < v_before ORDER BY k.job_id DESC LIMIT p_look);
        -- Where a list is full there may be more below its end, so the other is read no further than that.
        IF cardinality(v_log) = p_look THEN v_floor := greatest(v_floor, v_log[p_look]); END IF;
        IF cardinality(v_parked) = p_look THEN v_floor := greatest(v_floor, v_parked[p_look]); END IF;
        RETURN QUERY
            SELECT c.job_id, coalesce(k.run, l.run),
                   CASE WHEN k.job_id IS NOT NULL
                        THEN k.enqueued_at BETWEEN v_since AND v_upto AND (v_streams IS NULL OR k.stream = ANY (v_streams))
                             AND is_selected(p_selection, k.kind, k.headers, k.payload, CASE WHEN v_failure THEN last_failure(c.job_id, k.run) END)
                        ELSE coalesce(l.enqueued_at BETWEEN v_since AND v_upto AND (v_streams IS NULL OR l.stream = ANY (v_streams))
                             AND is_selected(p_selection, l.kind, l.headers, l.payload, CASE WHEN v_failure THEN last_failure(c.job_id, l.run) END)
                             AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = c.job_id)
                             AND NOT EXISTS (SELECT FROM ending_of(l.part, l.seq)) AND NOT is_claimed(l.stream, l.xid, l.seq), false)
                   END
              FROM (SELECT DISTINCT u.id AS job_id FROM unnest(v_log || v_parked) u (id) WHERE u.id >= v_floor) c
              LEFT JOIN LATERAL (SELECT p.* FROM parked p WHERE p.job_id = c.job_id LIMIT 1) k ON true
              LEFT JOIN LATERAL (SELECT j.* FROM job_log j WHERE j.job_id = c.job_id ORDER BY j.run DESC, j.no DESC LIMIT 1) l ON true
             ORDER BY c.job_id DESC;
    ELSE
        RAISE EXCEPTION 'select_jobs: jobs that are % are not searched', v_state USING ERRCODE = '22023';
    END CASE;
END $$;

-- Selected jobs, discarded or retryable, by the place that their last failure came from.
CREATE FUNCTION failure_groups(p_selection JSONB, p_look INT, p_most INT)
RETURNS TABLE (fingerprint TEXT, type TEXT, message TEXT, jobs BIGINT, kinds TEXT[], newest UUID, at TIMESTAMPTZ) LANGUAGE sql STABLE
SET search_path = ${schema}, pg_temp SET jit = off AS $$
    WITH chosen AS MATERIALIZED (SELECT s.job_id FROM select_jobs(p_selection, NULL, p_look) s WHERE s.selected),
    failed AS MATERIALIZED (
        SELECT c.job_id, t.kind, t.failure, t.enqueued_at AS at FROM chosen c JOIN timer t ON t.job_id = c.job_id
         WHERE p_selection->>'state' = 'retryable'
         UNION ALL
        SELECT c.job_id, l.kind, e.failure, e.at FROM chosen c
         CROSS JOIN LATERAL (SELECT j.part, j.seq, j.kind FROM job_log j WHERE j.job_id = c.job_id ORDER BY j.run DESC, j.no DESC LIMIT 1) l
         CROSS JOIN LATERAL ending_of(l.part, l.seq) e
         WHERE p_selection->>'state' <> 'retryable')
    SELECT f.failure->>'fingerprint', max(f.failure->>'type'), (array_agg(f.failure->>'message' ORDER BY f.at DESC))[1], count(*),
           array_agg(DISTINCT f.kind ORDER BY f.kind), (array_agg(f.job_id ORDER BY f.at DESC))[1], max(f.at)
      FROM failed f WHERE f.failure IS NOT NULL
     GROUP BY f.failure->>'fingerprint' ORDER BY count(*) DESC, 1 LIMIT p_most
$$;

-- A new run of a job that ended so in this run; null, or why not. Where it is a cancel that is taken back, it waits for the time that it waited for, and
-- expires when it would have.
CREATE FUNCTION requeue_one(p_change UUID, p_job UUID, p_run INT, p_outcome outcome_kind, p_priority INT, p_back BOOL, p_run_at TIMESTAMPTZ) RETURNS TEXT
LANGUAGE plpgsql AS $$
DECLARE j job_log; v_outcome outcome_kind; v_stream INT; v_expires TIMESTAMPTZ;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;         -- twice at once is once
    IF EXISTS (SELECT FROM timer WHERE job_id = p_job UNION ALL SELECT FROM parked WHERE job_id = p_job) THEN RETURN 'it runs again already'; END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN 'it is past retention'; END IF;
    SELECT e.outcome INTO v_outcome FROM ending_of(j.part, j.seq) e;
    IF j.run <> p_run OR v_outcome IS DISTINCT FROM p_outcome THEN RETURN 'it runs again, or has run again since'; END IF;
    SELECT t.id INTO v_stream FROM stream s, stream t, meta m
     WHERE s.id = j.stream AND t.queue = s.queue AND t.priority = coalesce(p_priority, s.priority)
       AND t.shard = CASE WHEN s.shard >= 0 THEN s.shard ELSE abs(hashtext(coalesce(j.headers->>'tenant', p_job::TEXT))::BIGINT) % m.shards END;
    IF p_back THEN v_expires := j.expires_at; END IF;
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

-- Whether somebody holds the row in which a job waits; it is not waited for.
CREATE FUNCTION is_waiting_held(p_job UUID) RETURNS BOOL LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM timer WHERE job_id = p_job FOR UPDATE SKIP LOCKED;
    IF NOT FOUND AND EXISTS (SELECT FROM timer WHERE job_id = p_job) THEN RETURN true; END IF;
    PERFORM FROM parked WHERE job_id = p_job FOR UPDATE SKIP LOCKED;
    RETURN NOT FOUND AND EXISTS (SELECT FROM parked WHERE job_id = p_job);
END $$;

-- Withdraws a job that no node has; null, or why not.
CREATE FUNCTION cancel_one(p_change UUID, p_job UUID, p_reason TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE v_run_at TIMESTAMPTZ;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;
    IF is_waiting_held(p_job) THEN RETURN 'another transaction is about to change it'; END IF;
    SELECT t.run_at INTO v_run_at FROM timer t WHERE t.job_id = p_job;
    IF NOT end_waiting(p_job, 'cancelled', p_reason, NULL) THEN RETURN 'a node has it, or it has ended'; END IF;
    INSERT INTO bulk_change_job (change, job_id, run, run_at)
    VALUES (p_change, p_job, (SELECT max(l.run) FROM job_log l WHERE l.job_id = p_job), v_run_at);
    RETURN NULL;
END $$;

-- Ends a run that a requeue began, and that has not been started, as the run before it had ended, and when; null, or why not. Callers hold the stream's lock.
CREATE FUNCTION unrequeue_one(p_change UUID, p_job UUID, p_run INT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE j job_log; o RECORD;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;
    IF EXISTS (SELECT FROM timer WHERE job_id = p_job UNION ALL SELECT FROM parked WHERE job_id = p_job) THEN RETURN 'it has run'; END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN 'it is past retention'; END IF;
    IF j.run <> p_run + 1 THEN RETURN 'it has been requeued again since'; END IF;
    IF j.no <> 1 OR is_claimed(j.stream, j.xid, j.seq) OR EXISTS (SELECT FROM ending_of(j.part, j.seq)) THEN RETURN 'it has run, or a node has it'; END IF;
    SELECT e.outcome, e.at, e.reason, e.failure INTO o
      FROM (SELECT l.part, l.seq FROM job_log l WHERE l.job_id = p_job AND l.run = p_run ORDER BY l.no DESC LIMIT 1) l
     CROSS JOIN LATERAL ending_of(l.part, l.seq) e;
    IF NOT FOUND THEN RETURN 'how it had ended is past retention'; END IF;
    INSERT INTO outcome (part, seq, job_id, outcome, at, reason, failure) VALUES (j.part, j.seq, p_job, o.outcome, o.at, o.reason, o.failure)
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN 'it has run, or a node has it'; END IF;
    INSERT INTO cancel_mark (part, seq, stream, xid) VALUES (j.part, j.seq, j.stream, j.xid);
    INSERT INTO bulk_change_job (change, job_id, run) VALUES (p_change, p_job, j.run);
    RETURN NULL;
END $$;

-- Holds off the claims of the streams in which these jobs wait, in the order of the streams: who changes others at the same time waits, and for nobody else.
CREATE FUNCTION lock_streams_of(p_jobs UUID[]) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(m.lock_class + 1, x.stream)
       FROM meta m, (SELECT DISTINCT l.stream FROM unnest(p_jobs) i (id)
                      CROSS JOIN LATERAL (SELECT j.stream FROM job_log j WHERE j.job_id = i.id ORDER BY j.run DESC, j.no DESC LIMIT 1) l
                      ORDER BY l.stream) x;
END $$;

-- Does some of a change, at most so many jobs, and says how far it is. No row if there is none with this id. What is selected is walked over a thousand at a
-- time, however few of them there are.
CREATE FUNCTION go_on_with(p_change UUID, p_most INT) RETURNS TABLE (matched BIGINT, changed BIGINT, done BOOL) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE c bulk_change; s RECORD; v_left TEXT; v_looked INT := 0; v_ids UUID[] := '{}'; v_runs INT[] := '{}'; v_run_at TIMESTAMPTZ[] := '{}';
BEGIN
    PERFORM read_committed();
    SELECT * INTO c FROM bulk_change b WHERE b.id = p_change FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    IF c.ended_at IS NULL THEN
        PERFORM pg_current_xact_id();                                 -- before the clock is read: see promote
        IF c.undoes IS NULL THEN
            FOR s IN SELECT * FROM select_jobs(c.selection, c.cursor, greatest(p_most, 1000)) LOOP
                v_looked := v_looked + 1;
                c.cursor := s.job_id;
                IF s.selected THEN
                    v_ids := v_ids || s.job_id;
                    v_runs := v_runs || s.run;
                    EXIT WHEN cardinality(v_ids) = p_most;
                END IF;
            END LOOP;
        ELSE
            FOR s IN SELECT * FROM bulk_change_job b
                      WHERE b.change = c.undoes AND b.left_because IS NULL AND b.job_id < coalesce(c.cursor, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                      ORDER BY b.job_id DESC LIMIT p_most
            LOOP
                v_looked := v_looked + 1;
                c.cursor := s.job_id;
                v_ids := v_ids || s.job_id;
                v_runs := v_runs || s.run;
                v_run_at := v_run_at || s.run_at;
            END LOOP;
        END IF;
        IF c.action = 'cancel' THEN PERFORM lock_streams_of(v_ids); END IF;
        FOR n IN 1..cardinality(v_ids) LOOP
            v_left := CASE WHEN c.action = 'requeue' AND c.undoes IS NULL
                           THEN requeue_one(c.id, v_ids[n], v_runs[n], (c.selection->>'state')::outcome_kind, c.priority, false, NULL)
                           WHEN c.action = 'requeue' THEN requeue_one(c.id, v_ids[n], v_runs[n], 'cancelled', NULL, true, v_run_at[n])
                           WHEN c.undoes IS NULL THEN cancel_one(c.id, v_ids[n], c.reason)
                           ELSE unrequeue_one(c.id, v_ids[n], v_runs[n]) END;
            c.matched := c.matched + 1;
            IF v_left IS NULL THEN c.changed := c.changed + 1;
            ELSE INSERT INTO bulk_change_job (change, job_id, left_because) VALUES (c.id, v_ids[n], v_left); END IF;
        END LOOP;
        IF v_looked = 0 THEN c.ended_at := clock_timestamp(); END IF;
        UPDATE bulk_change b SET cursor = c.cursor, matched = c.matched, changed = c.changed, ended_at = c.ended_at WHERE b.id = c.id;
    END IF;
    RETURN QUERY SELECT c.matched, c.changed, c.ended_at IS NOT NULL;
END $$;

-- Writes down what is to be done; once. What is taken back goes no further.
CREATE FUNCTION begin_change(p_id UUID, p_action TEXT, p_undoes UUID, p_selection TEXT, p_priority INT, p_planned BIGINT, p_rate INT,
                             p_reason TEXT, p_by TEXT) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp AS $$
BEGIN
    INSERT INTO bulk_change (id, action, undoes, selection, priority, planned, rate, reason, by)
    VALUES (p_id, p_action, p_undoes, p_selection::JSONB, p_priority, p_planned, p_rate, p_reason, p_by) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    UPDATE bulk_change SET ended_at = clock_timestamp() WHERE id = p_undoes AND ended_at IS NULL;
    INSERT INTO audit (by, action, target, reason)
    VALUES (p_by, CASE WHEN p_undoes IS NULL THEN p_action || ' many' ELSE 'undo' END, coalesce(p_undoes, p_id)::TEXT, p_reason);
END $$;

-- Changes past retention; how many that were.
CREATE FUNCTION sweep_changes(p_keep INTERVAL, p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_n INT; v_before TIMESTAMPTZ := clock_timestamp() - p_keep;
BEGIN
    DELETE FROM bulk_change_job WHERE ctid = ANY (ARRAY(
        SELECT j.ctid FROM bulk_change b JOIN bulk_change_job j ON j.change = b.id WHERE b.at < v_before LIMIT p_limit));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    DELETE FROM bulk_change b WHERE b.at < v_before AND NOT EXISTS (SELECT FROM bulk_change_job j WHERE j.change = b.id);
    RETURN v_n;
END $$;

-- As before; but what was cancelled and waits for a time again is not cancelled.
CREATE OR REPLACE FUNCTION list_jobs(p_state TEXT, p_queue TEXT, p_kind TEXT, p_before UUID, p_limit INT)
RETURNS SETOF UUID LANGUAGE plpgsql STABLE SET search_path = ${schema}, pg_temp AS $$
DECLARE
    v_streams INT[] := ARRAY(SELECT id FROM stream WHERE p_queue IS NULL OR queue = p_queue);
    v_before  UUID  := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
    CASE
    WHEN p_state IN ('scheduled', 'retryable') THEN
        RETURN QUERY SELECT t.job_id FROM timer t
          WHERE t.retry = (p_state = 'retryable') AND t.job_id < v_before AND t.stream = ANY (v_streams) AND (p_kind IS NULL OR t.kind = p_kind)
          ORDER BY t.job_id DESC LIMIT p_limit;
    WHEN p_state IN ('cancelled', 'discarded') THEN
        RETURN QUERY SELECT o.job_id FROM outcome o
          CROSS JOIN LATERAL (SELECT l.* FROM job_log l WHERE l.job_id = o.job_id ORDER BY l.run DESC, l.no DESC LIMIT 1) l
          WHERE o.outcome IN ('cancelled', 'discarded') AND o.outcome::TEXT = p_state AND o.job_id < v_before
            AND (l.part, l.seq) = (o.part, o.seq) AND l.stream = ANY (v_streams) AND (p_kind IS NULL OR l.kind = p_kind)
            AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = o.job_id) AND NOT EXISTS (SELECT FROM parked k WHERE k.job_id = o.job_id)
          ORDER BY o.job_id DESC LIMIT p_limit;
    WHEN p_state = 'running' THEN
        RETURN QUERY SELECT j.job_id FROM node n CROSS JOIN LATERAL open_places(n.id, 10000) o
            JOIN job_log j ON j.part = o.part AND j.stream = o.stream AND j.xid = o.xid AND j.seq = o.seq
          WHERE n.state <> 'gone' AND j.job_id < v_before AND j.stream = ANY (v_streams) AND (p_kind IS NULL OR j.kind = p_kind)
          ORDER BY j.job_id DESC LIMIT p_limit;
    WHEN p_state = 'completed' THEN
        RETURN QUERY SELECT l.job_id FROM (SELECT * FROM job_log x WHERE x.job_id < v_before ORDER BY x.job_id DESC LIMIT 50000) l
            JOIN LATERAL ending_of(l.part, l.seq) o ON o.outcome = 'done'
          WHERE l.stream = ANY (v_streams) AND (p_kind IS NULL OR l.kind = p_kind)
            AND NOT EXISTS (SELECT FROM job_log y WHERE y.job_id = l.job_id AND (y.run, y.no) > (l.run, l.no))
          ORDER BY l.job_id DESC LIMIT p_limit;
    WHEN p_state = 'available' THEN
        RETURN QUERY SELECT DISTINCT w.job_id FROM (
              SELECT k.job_id FROM parked k
                WHERE k.job_id < v_before AND k.stream = ANY (v_streams) AND (p_kind IS NULL OR k.kind = p_kind)
            UNION ALL
              SELECT l.job_id FROM (SELECT * FROM job_log x WHERE x.job_id < v_before ORDER BY x.job_id DESC LIMIT 50000) l
                WHERE l.stream = ANY (v_streams) AND (p_kind IS NULL OR l.kind = p_kind)
                  AND NOT EXISTS (SELECT FROM ending_of(l.part, l.seq)) AND NOT is_claimed(l.stream, l.xid, l.seq)
            UNION ALL
              SELECT j.job_id FROM unnest(v_streams) s CROSS JOIN LATERAL backlog(s, 1000) b
                JOIN job_log j ON j.part = b.part AND j.stream = b.stream AND j.xid = b.xid AND j.seq = b.seq
                WHERE j.job_id < v_before AND (p_kind IS NULL OR j.kind = p_kind)
                  AND NOT EXISTS (SELECT FROM outcome o WHERE o.part = j.part AND o.seq = j.seq)) w
          ORDER BY 1 DESC LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT DISTINCT w.job_id FROM (
              (SELECT l.job_id FROM job_log l WHERE l.job_id < v_before AND (p_queue IS NULL OR l.stream = ANY (v_streams))
                AND (p_kind IS NULL OR l.kind = p_kind) ORDER BY l.job_id DESC LIMIT p_limit * 4)
            UNION ALL
              (SELECT t.job_id FROM timer t WHERE t.job_id < v_before AND t.stream = ANY (v_streams)
                AND (p_kind IS NULL OR t.kind = p_kind) ORDER BY t.job_id DESC LIMIT p_limit)
            UNION ALL
              (SELECT k.job_id FROM parked k WHERE k.job_id < v_before AND k.stream = ANY (v_streams)
                AND (p_kind IS NULL OR k.kind = p_kind) ORDER BY k.job_id DESC LIMIT p_limit)) w
          ORDER BY 1 DESC LIMIT p_limit;
    END CASE;
END $$;

