-- More that an operator does to many jobs by one word: another time, another payload, and to be told of no more. As before, each step is one transaction, with
-- the note of what became of each job.
--
-- What waits in `timer` or `parked` is changed where it waits: these are no stream. A delivery that stands in the log is never changed: it ends as `moved`, as
-- one does whose partition has outlived retention, and the job waits elsewhere, or in a delivery behind it. Of a keyed shard nothing is moved: it would lose
-- its place in line.
--
-- Deleted is a mark beside the log, of one job and the run that had ended. Nothing of the log is deleted: its partitions are dropped whole, and the marks go
-- after them.

SET LOCAL lock_timeout = '5s';

ALTER TABLE bulk_change DROP CONSTRAINT bulk_change_action_check;
ALTER TABLE bulk_change ADD CONSTRAINT bulk_change_action_check CHECK (action IN ('requeue', 'cancel', 'reschedule', 'edit', 'delete'));
ALTER TABLE bulk_change
    ADD COLUMN run_at       TIMESTAMPTZ,    -- the time that jobs wait for
    ADD COLUMN delay_millis BIGINT,         -- how much later, if there is no such time
    ADD COLUMN patch        TEXT;           -- how payloads are edited, encrypted where they are; null if by a function that is not kept

ALTER TABLE bulk_change_job
    ADD COLUMN no      INT,                 -- the delivery that it is since, or becomes when its wait is over
    ADD COLUMN set_to  TIMESTAMPTZ,         -- the time it waits for since; null if for none
    ADD COLUMN payload TEXT,                -- what it was asked for, if that was edited
    ADD COLUMN edited  BIGINT,              -- a hash of what it is asked for since
    ADD COLUMN at      TIMESTAMPTZ;         -- null of what is older than this column
ALTER TABLE bulk_change_job ALTER COLUMN at SET DEFAULT clock_timestamp();

-- Ended jobs that are not told of.
CREATE TABLE deleted_job (
    job_id   UUID PRIMARY KEY,
    run      INT  NOT NULL,                                             -- the run that had ended: a later one is told of
    change   UUID NOT NULL REFERENCES bulk_change,
    at       TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    sweep_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp() + INTERVAL '1 day'
);
CREATE INDEX ON deleted_job (sweep_at);
CREATE INDEX ON deleted_job (change);

-- ---------------------------------------------------------------------------------------------- looking

-- As before; but what was deleted is not selected.
CREATE OR REPLACE FUNCTION select_jobs(p_selection JSONB, p_before UUID, p_look INT) RETURNS TABLE (job_id UUID, run INT, selected BOOL) LANGUAGE plpgsql STABLE
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
                            AND NOT EXISTS (SELECT FROM deleted_job d WHERE d.job_id = c.job_id AND d.run = l.run)
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

-- As before; but what was deleted is not listed.
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
            AND NOT EXISTS (SELECT FROM deleted_job d WHERE d.job_id = o.job_id AND d.run = l.run)
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
                AND (p_kind IS NULL OR l.kind = p_kind)
                AND NOT EXISTS (SELECT FROM deleted_job d WHERE d.job_id = l.job_id
                                   AND NOT EXISTS (SELECT FROM job_log n WHERE n.job_id = l.job_id AND n.run > d.run))
                ORDER BY l.job_id DESC LIMIT p_limit * 4)
            UNION ALL
              (SELECT t.job_id FROM timer t WHERE t.job_id < v_before AND t.stream = ANY (v_streams)
                AND (p_kind IS NULL OR t.kind = p_kind) ORDER BY t.job_id DESC LIMIT p_limit)
            UNION ALL
              (SELECT k.job_id FROM parked k WHERE k.job_id < v_before AND k.stream = ANY (v_streams)
                AND (p_kind IS NULL OR k.kind = p_kind) ORDER BY k.job_id DESC LIMIT p_limit)) w
          ORDER BY 1 DESC LIMIT p_limit;
    END CASE;
END $$;

-- As before; but what was deleted is not known. What has not ended, or has completed, is not asked for.
CREATE OR REPLACE FUNCTION look(p_jobs UUID[])
RETURNS TABLE (nr BIGINT, job_id UUID, kind TEXT, kind_version INT, queue TEXT, priority INT, state TEXT, run INT, attempt INT, rescues INT,
               payload TEXT, headers TEXT, enqueued_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, run_at TIMESTAMPTZ, started_at TIMESTAMPTZ,
               ended_at TIMESTAMPTZ, node TEXT, reason TEXT, result TEXT, failure TEXT, progress_done BIGINT, progress_total BIGINT,
               progress_at TIMESTAMPTZ)
LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT i.nr, i.job_id, j.kind, j.kind_version, s.queue, s.priority, now.state, j.run, j.attempt, j.rescues, j.payload, j.headers::TEXT,
               first.enqueued_at, j.expires_at, nullif(t.run_at, 'infinity'), coalesce(o.started_at, c.at), CASE WHEN now.ended THEN o.at END,
               coalesce(o.node, c.node)::TEXT,
               coalesce(t.reason, k.reason, CASE WHEN now.ended THEN o.reason END), o.result,
               coalesce(o.failure, t.failure,
                   CASE WHEN j.attempt > 1 THEN (SELECT f.failure FROM job_log e JOIN outcome f ON f.part = e.part AND f.seq = e.seq
                     WHERE e.job_id = i.job_id AND f.failure IS NOT NULL ORDER BY e.run DESC, e.no DESC LIMIT 1) END)::TEXT,
               p.done, p.total, p.at
          FROM unnest(p_jobs) WITH ORDINALITY i (job_id, nr)
          LEFT JOIN LATERAL (SELECT * FROM timer x WHERE x.job_id = i.job_id LIMIT 1) t ON true
          LEFT JOIN LATERAL (SELECT * FROM parked x WHERE x.job_id = i.job_id LIMIT 1) k ON true
          LEFT JOIN LATERAL (SELECT * FROM job_log x WHERE x.job_id = i.job_id ORDER BY x.run DESC, x.no DESC LIMIT 1) l ON t.id IS NULL AND k.id IS NULL
          LEFT JOIN LATERAL ending_of(l.part, l.seq) o ON true
         CROSS JOIN LATERAL (
               SELECT t.stream, t.kind, t.kind_version, t.run, t.attempt, t.rescues, t.payload, t.headers, t.expires_at, t.enqueued_at WHERE t.id IS NOT NULL
                UNION ALL
               SELECT k.stream, k.kind, k.kind_version, k.run, k.attempt, k.rescues, k.payload, k.headers, k.expires_at, k.enqueued_at
                WHERE k.id IS NOT NULL AND t.id IS NULL
                UNION ALL
               SELECT l.stream, l.kind, l.kind_version, l.run, l.attempt, l.rescues, l.payload, l.headers, l.expires_at, l.enqueued_at
                WHERE l.seq IS NOT NULL) j
          JOIN stream s ON s.id = j.stream
         CROSS JOIN LATERAL (SELECT j.enqueued_at) first
         CROSS JOIN LATERAL (
               SELECT CASE WHEN t.id IS NOT NULL THEN CASE WHEN t.retry THEN 'retryable' ELSE 'scheduled' END
                           WHEN k.id IS NOT NULL THEN 'available'
                           WHEN o.outcome = 'done' THEN 'completed'
                           WHEN o.outcome IN ('cancelled', 'discarded') THEN o.outcome::TEXT
                           WHEN o.outcome IS NULL AND is_claimed(l.stream, l.xid, l.seq) THEN 'running'
                           ELSE 'available' END AS state,
                      coalesce(o.outcome IN ('done', 'cancelled', 'discarded'), false) AS ended) now
          LEFT JOIN LATERAL (
               SELECT x.node, x.at FROM claim x
                WHERE now.state = 'running' AND x.stream = l.stream AND x.n > 0 AND (l.xid, l.seq) > (x.from_xid, x.from_seq)
                  AND (l.xid, l.seq) <= (x.upto_xid, x.upto_seq)
                  AND pg_visible_in_snapshot(l.xid, x.snap) AND NOT pg_visible_in_snapshot(l.xid, x.prev)
                ORDER BY x.no DESC LIMIT 1) c ON true
          LEFT JOIN progress p ON p.job_id = i.job_id AND p.run = j.run
         WHERE now.state NOT IN ('cancelled', 'discarded') OR NOT EXISTS (SELECT FROM deleted_job d WHERE d.job_id = i.job_id AND d.run = j.run)
         ORDER BY i.nr;
END $$;

-- Some selected jobs by the place that their last failure came from; and, with no fingerprint, where to go on.
CREATE FUNCTION failure_groups(p_selection JSONB, p_before UUID, p_look INT)
RETURNS TABLE (fingerprint TEXT, type TEXT, message TEXT, jobs BIGINT, kinds TEXT[], newest UUID, at TIMESTAMPTZ) LANGUAGE sql STABLE
SET search_path = ${schema}, pg_temp SET jit = off AS $$
    WITH looked AS MATERIALIZED (SELECT s.job_id, s.selected FROM select_jobs(p_selection, p_before, p_look) s),
    failed AS MATERIALIZED (
        SELECT c.job_id, t.kind, t.failure, t.enqueued_at AS at FROM looked c JOIN timer t ON t.job_id = c.job_id
         WHERE c.selected AND p_selection->>'state' = 'retryable'
         UNION ALL
        SELECT c.job_id, l.kind, e.failure, e.at FROM looked c
         CROSS JOIN LATERAL (SELECT j.part, j.seq, j.kind FROM job_log j WHERE j.job_id = c.job_id ORDER BY j.run DESC, j.no DESC LIMIT 1) l
         CROSS JOIN LATERAL ending_of(l.part, l.seq) e
         WHERE c.selected AND p_selection->>'state' <> 'retryable')
    SELECT f.failure->>'fingerprint', max(f.failure->>'type'), (array_agg(f.failure->>'message' ORDER BY f.at DESC))[1], count(*),
           array_agg(DISTINCT f.kind ORDER BY f.kind), (array_agg(f.job_id ORDER BY f.at DESC))[1], max(f.at)
      FROM failed f WHERE f.failure->>'fingerprint' IS NOT NULL
     GROUP BY f.failure->>'fingerprint'
     UNION ALL
    (SELECT NULL, NULL, NULL, 0, NULL, c.job_id, NULL FROM looked c ORDER BY c.job_id LIMIT 1)
$$;

-- Some selected jobs with their payloads, so many or so many bytes at most, at least one; and, with no kind, where to go on.
CREATE FUNCTION select_payloads(p_selection JSONB, p_before UUID, p_look INT, p_most INT, p_bytes BIGINT)
RETURNS TABLE (job_id UUID, kind TEXT, kind_version INT, run INT, no INT, payload TEXT) LANGUAGE plpgsql STABLE
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE s RECORD; a RECORD; v_last UUID; v_n INT := 0; v_bytes BIGINT := 0;
BEGIN
    FOR s IN SELECT x.job_id, x.selected FROM select_jobs(p_selection, p_before, p_look) x LOOP
        IF s.selected THEN
            SELECT w.* INTO a FROM (
                SELECT t.kind, t.kind_version, t.run, t.no, t.payload FROM timer t WHERE t.job_id = s.job_id
                 UNION ALL
                SELECT k.kind, k.kind_version, k.run, k.no, k.payload FROM parked k WHERE k.job_id = s.job_id
                 UNION ALL
                (SELECT l.kind, l.kind_version, l.run, l.no, l.payload FROM job_log l WHERE l.job_id = s.job_id ORDER BY l.run DESC, l.no DESC LIMIT 1)) w
             LIMIT 1;
            v_bytes := v_bytes + octet_length(a.payload);
            EXIT WHEN v_n = p_most OR v_n > 0 AND v_bytes > p_bytes;
            v_n := v_n + 1;
            job_id := s.job_id; kind := a.kind; kind_version := a.kind_version; run := a.run; no := a.no; payload := a.payload;
            RETURN NEXT;
        END IF;
        v_last := s.job_id;
    END LOOP;
    IF v_last IS NOT NULL THEN
        job_id := v_last; kind := NULL; kind_version := NULL; run := NULL; no := NULL; payload := NULL;
        RETURN NEXT;
    END IF;
END $$;

-- ---------------------------------------------------------------------------------------------- a new run

-- As before; but what was deleted is left, and the new run may have another payload. The old functions are called by nobody any more.
DROP FUNCTION requeue_one(UUID, UUID, INT, outcome_kind, INT, BOOL, TIMESTAMPTZ);
DROP FUNCTION requeue_now_or_then(UUID, UUID, INT, outcome_kind, INT, BOOL, TIMESTAMPTZ);
CREATE FUNCTION requeue_now_or_then(p_change UUID, p_job UUID, p_run INT, p_outcome outcome_kind, p_priority INT, p_back BOOL, p_run_at TIMESTAMPTZ, p_payload TEXT)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE j job_log; v_outcome outcome_kind; v_home INT; v_stream INT; v_expires TIMESTAMPTZ; v_old TEXT;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;         -- twice at once is once
    IF EXISTS (SELECT FROM timer WHERE job_id = p_job UNION ALL SELECT FROM parked WHERE job_id = p_job) THEN RETURN 'it runs again already'; END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN 'it is past retention'; END IF;
    SELECT e.outcome INTO v_outcome FROM ending_of(j.part, j.seq) e;
    IF j.run <> p_run OR v_outcome IS DISTINCT FROM p_outcome THEN RETURN 'it runs again, or has run again since'; END IF;
    IF EXISTS (SELECT FROM deleted_job d WHERE d.job_id = p_job AND d.run = j.run) THEN RETURN 'it was deleted'; END IF;
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
    IF p_payload IS NOT NULL THEN
        v_old := j.payload;
        j.payload := p_payload;
    END IF;
    IF p_run_at = 'infinity' THEN                                     -- it follows a batch, which may have come to its end since: promote looks
        UPDATE batch SET followed_at = NULL WHERE id = p_job;
        IF FOUND THEN INSERT INTO batch_count (batch, completed, discarded, cancelled, looked) VALUES (p_job, 0, 0, 0, false); END IF;
    END IF;
    IF p_run_at > clock_timestamp() THEN
        INSERT INTO timer (run_at, retry, stream, job_id, run, kind, kind_version, payload, headers, expires_at)
        VALUES (p_run_at, false, v_stream, j.job_id, j.run + 1, j.kind, j.kind_version, j.payload, j.headers, v_expires);
    ELSE
        INSERT INTO job_log (part, stream, job_id, run, kind, kind_version, payload, headers, expires_at)
        SELECT current_part, v_stream, j.job_id, j.run + 1, j.kind, j.kind_version, j.payload, j.headers, v_expires FROM meta;
        PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = v_stream;
    END IF;
    INSERT INTO bulk_change_job (change, job_id, run, payload, edited) VALUES (p_change, p_job, j.run, v_old, hashtextextended(p_payload, 0));
    RETURN NULL;
END $$;

-- As before: the cancel of a job that runs after others is taken back so that it waits for those that are left, and if none is, the promotion looks what is to be done.
CREATE FUNCTION requeue_one(p_change UUID, p_job UUID, p_run INT, p_outcome outcome_kind, p_priority INT, p_back BOOL, p_run_at TIMESTAMPTZ, p_payload TEXT)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE v_left TEXT; v_run_at TIMESTAMPTZ := p_run_at;
BEGIN
    IF p_run_at = 'infinity' AND NOT EXISTS (SELECT FROM batch WHERE id = p_job) THEN
        PERFORM FROM dependent WHERE job = p_job FOR UPDATE;
        IF NOT FOUND THEN v_run_at := NULL; END IF;                   -- nothing is known of what it waited for: it is due
    END IF;
    v_left := requeue_now_or_then(p_change, p_job, p_run, p_outcome, p_priority, p_back, v_run_at, p_payload);
    IF v_left IS NULL AND v_run_at = 'infinity' THEN
        UPDATE timer t SET reason = d.text FROM dependent d WHERE d.job = p_job AND t.job_id = p_job AND t.run_at = 'infinity';
        UPDATE dependent SET state = 'over' WHERE job = p_job AND state = 'withdrawn';
    END IF;
    RETURN v_left;
END $$;

-- As before; but where the run had another payload, how the one before had ended is told by a delivery with that which it had: who requeues it finds it there.
DROP FUNCTION unrequeue_one(UUID, UUID, INT);
CREATE FUNCTION unrequeue_one(p_change UUID, p_job UUID, p_run INT, p_payload TEXT, p_edited BIGINT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE j job_log; o RECORD;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;
    IF EXISTS (SELECT FROM timer WHERE job_id = p_job UNION ALL SELECT FROM parked WHERE job_id = p_job) THEN RETURN 'it has run, or waits for another time'; END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN 'it is past retention'; END IF;
    IF j.run <> p_run + 1 THEN RETURN 'it has been requeued again since'; END IF;
    IF j.no <> 1 OR is_claimed(j.stream, j.xid, j.seq) OR EXISTS (SELECT FROM ending_of(j.part, j.seq)) THEN RETURN 'it has run, or a node has it'; END IF;
    IF hashtextextended(j.payload, 0) <> p_edited THEN RETURN 'it was edited again since'; END IF;
    SELECT e.outcome, e.at, e.reason, e.failure INTO o
      FROM (SELECT l.part, l.seq FROM job_log l WHERE l.job_id = p_job AND l.run = p_run ORDER BY l.no DESC LIMIT 1) l
     CROSS JOIN LATERAL ending_of(l.part, l.seq) e;
    IF NOT FOUND THEN RETURN 'how it had ended is past retention'; END IF;
    IF p_payload IS NULL THEN
        INSERT INTO outcome (part, seq, job_id, outcome, at, reason, failure) VALUES (j.part, j.seq, p_job, o.outcome, o.at, o.reason, o.failure)
            ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN RETURN 'it has run, or a node has it'; END IF;
    ELSE
        INSERT INTO outcome (part, seq, job_id, outcome, reason) VALUES (j.part, j.seq, p_job, 'moved', 'its payload is what it was') ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN RETURN 'it has run, or a node has it'; END IF;
        WITH born AS (
            INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
            SELECT m.current_part, ended_of(j.stream), p_job, j.run, j.no + 1, j.attempt, j.rescues, j.charged, j.kind, j.kind_version, p_payload,
                   CASE WHEN j.stream >= 1000000000 THEN coalesce(j.headers, '{}') || jsonb_build_object(':home', j.stream::TEXT) ELSE j.headers END,
                   j.expires_at, j.enqueued_at FROM meta m
            RETURNING part, seq)
        INSERT INTO outcome (part, seq, job_id, outcome, at, reason, failure) SELECT part, seq, p_job, o.outcome, o.at, o.reason, o.failure FROM born;
    END IF;
    INSERT INTO cancel_mark (part, seq, stream, xid) VALUES (j.part, j.seq, j.stream, j.xid);
    INSERT INTO bulk_change_job (change, job_id, run) VALUES (p_change, p_job, j.run);
    RETURN NULL;
END $$;

-- ---------------------------------------------------------------------------------------------- where it waits

-- Ends a delivery that no node has, since the job waits elsewhere from now on; null, or why not. The stream's lock, which callers mostly have, is taken here
-- too: the job may have come into the log since.
CREATE FUNCTION move_away(j job_log, p_reason TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
    IF j.stream >= 1000000000 THEN RETURN 'it stands in line behind others of its key, and would lose its place'; END IF;
    PERFORM pg_advisory_xact_lock(lock_class + 1, j.stream) FROM meta;
    IF is_claimed(j.stream, j.xid, j.seq) OR EXISTS (SELECT FROM ending_of(j.part, j.seq)) THEN RETURN 'a node has it, or it has ended'; END IF;
    INSERT INTO outcome (part, seq, job_id, outcome, reason) VALUES (j.part, j.seq, j.job_id, 'moved', p_reason) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN 'a node has it, or it has ended'; END IF;
    INSERT INTO cancel_mark (part, seq, stream, xid) VALUES (j.part, j.seq, j.stream, j.xid);
    RETURN NULL;
END $$;

-- As before; but only what was cancelled is told so: of what ended otherwise before it was claimed, since its job was moved, or a requeue was taken back, a
-- node would announce a cancel. What is cancelled may be told as gone as well, and is looked at as cancelled.
CREATE OR REPLACE FUNCTION read_runs(p_stream INT, p_part INT[], p_xid BIGINT[], p_from BIGINT[], p_upto BIGINT[], p_bytes BIGINT)
RETURNS TABLE (part INT, seq BIGINT, job_id UUID, run INT, no INT, attempt INT, rescues INT, charged INT, kind TEXT, kind_version INT, payload TEXT,
               headers TEXT, enqueued_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, expired BOOL, cancelled BOOL, gone BOOL)
LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_current INT := (SELECT current_part FROM meta);
    v_marks BOOL := EXISTS (SELECT FROM cancel_mark WHERE part = ANY (p_part));
BEGIN
    RETURN QUERY
        SELECT r.part, r.seq, r.job_id, r.run, r.no, r.attempt, r.rescues, r.charged, r.kind, r.kind_version, r.payload, r.headers::TEXT,
               r.enqueued_at, r.expires_at, coalesce(r.expires_at < clock_timestamp(), false),
               CASE WHEN v_marks THEN EXISTS (SELECT FROM cancel_mark x JOIN outcome o ON o.part = x.part AND o.seq = x.seq
                                               WHERE x.part = r.part AND x.seq = r.seq AND o.outcome = 'cancelled') ELSE false END,
               CASE WHEN r.part < v_current THEN EXISTS (SELECT FROM outcome o WHERE o.part = r.part AND o.seq = r.seq)
                    WHEN v_marks THEN EXISTS (SELECT FROM cancel_mark x WHERE x.part = r.part AND x.seq = r.seq) ELSE false END
          FROM (SELECT j.*, i.nr, sum(octet_length(j.payload)) OVER w AS bytes, row_number() OVER w AS place
                  FROM unnest(p_part, p_xid, p_from, p_upto) WITH ORDINALITY i (part, xid, first, last, nr)
                 CROSS JOIN LATERAL (
                       SELECT * FROM job_log l
                        WHERE l.part = i.part AND l.stream = p_stream AND l.xid = i.xid::TEXT::XID8 AND l.seq BETWEEN i.first AND i.last
                        ORDER BY l.seq OFFSET 0) j
                WINDOW w AS (ORDER BY i.nr, j.seq)) r
         WHERE r.bytes <= p_bytes OR r.place = 1
         ORDER BY r.nr, r.seq;
END $$;

-- Lets a job that no node has wait for a time, or run now if that has come; null, or why not. What waits in a row may have come there
-- after it was looked for and locked by waiting_of, and go as well: so that row is locked here, and left to whoever has it. Then the newest delivery has ended.
CREATE FUNCTION wait_until(p_change UUID, p_job UUID, p_before TIMESTAMPTZ, p_at TIMESTAMPTZ) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE t timer; p parked; j job_log; v_later BOOL := p_at > clock_timestamp(); v_left TEXT;
BEGIN
    SELECT * INTO t FROM timer x WHERE x.job_id = p_job LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF t.id IS NOT NULL THEN
        IF v_later THEN
            UPDATE timer SET run_at = p_at WHERE id = t.id;
        ELSE
            DELETE FROM timer WHERE id = t.id;
        END IF;
    ELSE
        SELECT * INTO p FROM parked x WHERE x.job_id = p_job LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF p.id IS NOT NULL THEN
            IF p.stream >= 1000000000 THEN RETURN 'it stands in line behind others of its key, and would lose its place'; END IF;
            DELETE FROM parked WHERE id = p.id;
            t := ROW(NULL, p_at, false, NULL, NULL, p.stream, p.job_id, p.run, p.no, p.attempt, p.rescues, p.charged, p.kind, p.kind_version, p.payload,
                     p.headers, p.expires_at, p.enqueued_at);
        ELSE
            SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
            IF NOT FOUND THEN RETURN 'a node has it, or it has ended'; END IF;
            v_left := move_away(j, 'it was rescheduled');
            IF v_left IS NOT NULL THEN RETURN v_left; END IF;
            t := ROW(NULL, p_at, false, NULL, NULL, ordinary_of(j.stream), j.job_id, j.run, j.no + 1, j.attempt, j.rescues, j.charged, j.kind,
                     j.kind_version, j.payload, j.headers, j.expires_at, j.enqueued_at);
        END IF;
        IF v_later THEN
            INSERT INTO timer (run_at, retry, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
            VALUES (t.run_at, false, t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload, t.headers,
                    t.expires_at, t.enqueued_at);
        END IF;
    END IF;
    IF NOT v_later THEN
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
        SELECT m.current_part, t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload, t.headers, t.expires_at,
               t.enqueued_at FROM meta m;
        PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = t.stream;
    END IF;
    INSERT INTO bulk_change_job (change, job_id, run, no, run_at, set_to) VALUES (p_change, p_job, t.run, t.no, p_before, CASE WHEN v_later THEN p_at END);
    RETURN NULL;
END $$;

-- How a job waits that no node has, and until when; no row if a node has it, or it has ended. `held`: another transaction is about to change it.
CREATE FUNCTION waiting_of(p_job UUID) RETURNS TABLE (held BOOL, run INT, no INT, run_at TIMESTAMPTZ, expires_at TIMESTAMPTZ) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF is_waiting_held(p_job) THEN
        RETURN QUERY SELECT true, 0, 0, NULL::TIMESTAMPTZ, NULL::TIMESTAMPTZ;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT false, w.run, w.no, w.run_at, w.expires_at FROM (
            SELECT t.run, t.no, t.run_at, t.expires_at FROM timer t WHERE t.job_id = p_job
             UNION ALL
            SELECT k.run, k.no, NULL, k.expires_at FROM parked k WHERE k.job_id = p_job
             UNION ALL
            SELECT j.run, j.no, NULL, j.expires_at
              FROM (SELECT l.* FROM job_log l WHERE l.job_id = p_job ORDER BY l.run DESC, l.no DESC LIMIT 1) j
             WHERE NOT EXISTS (SELECT FROM ending_of(j.part, j.seq)) AND NOT is_claimed(j.stream, j.xid, j.seq)) w LIMIT 1;
END $$;

-- Gives a job that waits another time; null, or why not.
CREATE FUNCTION reschedule_one(p_change UUID, p_job UUID, p_at TIMESTAMPTZ, p_delay BIGINT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE w RECORD; v_now TIMESTAMPTZ; v_at TIMESTAMPTZ;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;
    SELECT * INTO w FROM waiting_of(p_job);
    IF NOT FOUND THEN RETURN 'a node has it, or it has ended'; END IF;
    IF w.held THEN RETURN 'another transaction is about to change it'; END IF;
    IF w.run_at = 'infinity' THEN RETURN 'it waits for other jobs to end'; END IF;
    v_now := clock_timestamp();
    v_at := coalesce(p_at, coalesce(w.run_at, v_now) + p_delay * INTERVAL '1 ms');
    IF v_at >= w.expires_at THEN RETURN 'it would have expired by then'; END IF;
    IF w.run_at IS NULL AND v_at <= v_now THEN RETURN 'it waits for no time'; END IF;
    RETURN wait_until(p_change, p_job, w.run_at, v_at);
END $$;

-- Lets a job wait for the time that it waited for before; null, or why not.
CREATE FUNCTION unreschedule_one(p_change UUID, p_job UUID, p_run INT, p_no INT, p_before TIMESTAMPTZ, p_set_to TIMESTAMPTZ) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE w RECORD; v_now TIMESTAMPTZ; v_back TIMESTAMPTZ;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;
    SELECT * INTO w FROM waiting_of(p_job);
    IF w.held THEN RETURN 'another transaction is about to change it'; END IF;
    IF w.run IS NULL OR (w.run, w.no) <> (p_run, p_no) THEN RETURN 'it has run, or a node has it'; END IF;
    IF w.run_at <> p_set_to OR w.run_at IS NOT NULL AND p_set_to IS NULL THEN RETURN 'it got another time since'; END IF;
    v_now := clock_timestamp();
    v_back := coalesce(p_before, v_now);
    IF w.run_at IS NULL AND v_back <= v_now THEN RETURN 'it waits for no time any more'; END IF;
    RETURN wait_until(p_change, p_job, w.run_at, v_back);
END $$;

-- Whether what a job is asked for is another than what was read; false if nothing was.
CREATE FUNCTION is_other(p_kind TEXT, p_version INT, p_payload TEXT, p_read TEXT) RETURNS BOOL LANGUAGE sql STABLE AS $$
    SELECT coalesce(encode(sha256(convert_to(p_kind || ' ' || p_version || ' ' || p_payload, 'UTF8')), 'hex') <> p_read, false)
$$;

-- Gives a job that no node has another payload; null, or why not. What no node could read is tried again. What waits may have got another payload, kind or
-- version in the same delivery: then what was made of the old one is not for it. It must be p_edited, or what was read; the other one is null.
CREATE FUNCTION edit_one(p_change UUID, p_job UUID, p_run INT, p_no INT, p_payload TEXT, p_edited BIGINT, p_read TEXT)
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
            DELETE FROM parked WHERE id = p.id;
            INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
            SELECT m.current_part, p.stream, p.job_id, p.run, p.no, p.attempt, p.rescues, p.charged, p.kind, p.kind_version, p_payload, p.headers,
                   p.expires_at, p.enqueued_at FROM meta m;
            PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = p.stream;
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

-- ---------------------------------------------------------------------------------------------- not told of any more

-- Marks an ended job as deleted; null, or why not.
CREATE FUNCTION delete_one(p_change UUID, p_job UUID, p_run INT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE j job_log; v_batch TEXT;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class + 2, hashtext(p_job::TEXT)) FROM meta;
    IF is_unended(p_job) THEN RETURN 'it runs again'; END IF;
    SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
    IF NOT FOUND THEN RETURN 'it is past retention'; END IF;
    IF j.run <> p_run THEN RETURN 'it has run again since'; END IF;
    v_batch := j.headers->>':batch';
    IF v_batch ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AND EXISTS (SELECT FROM batch WHERE id = v_batch::UUID) AND is_unended(v_batch::UUID) THEN
        RETURN 'it is part of a batch, and the job that follows will ask how it ended';
    END IF;
    INSERT INTO deleted_job AS d (job_id, run, change) VALUES (p_job, p_run, p_change)
        ON CONFLICT (job_id) DO UPDATE SET run = excluded.run, change = excluded.change, at = excluded.at WHERE d.run <> excluded.run;
    IF NOT FOUND THEN RETURN 'it is deleted already'; END IF;
    INSERT INTO bulk_change_job (change, job_id, run) VALUES (p_change, p_job, p_run);
    RETURN NULL;
END $$;

-- Tells of it again; null, or why not.
CREATE FUNCTION undelete_one(p_change UUID, p_job UUID, p_run INT, p_undone UUID) RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM deleted_job WHERE job_id = p_job AND change = p_undone;
    IF NOT FOUND THEN RETURN 'it was brought back, or deleted again since, or is past retention'; END IF;
    INSERT INTO bulk_change_job (change, job_id, run) VALUES (p_change, p_job, p_run);
    RETURN NULL;
END $$;

-- Marks of jobs that are no longer kept, some at a call; how many were looked at. What is kept is looked at again after a day.
CREATE FUNCTION sweep_deleted(p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_now TIMESTAMPTZ := clock_timestamp(); v_ids UUID[];
BEGIN
    v_ids := ARRAY(SELECT job_id FROM deleted_job WHERE sweep_at <= v_now ORDER BY sweep_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    DELETE FROM deleted_job d USING unnest(v_ids) g (id)
     WHERE d.job_id = g.id AND NOT EXISTS (SELECT FROM job_log l WHERE l.job_id = g.id) AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = g.id)
       AND NOT EXISTS (SELECT FROM parked k WHERE k.job_id = g.id);
    UPDATE deleted_job d SET sweep_at = v_now + INTERVAL '1 day' FROM unnest(v_ids) g (id) WHERE d.job_id = g.id;
    RETURN cardinality(v_ids);
END $$;

-- As before; but a change that has deleted jobs stays as long as these: it tells who did it and why, and can be taken back.
CREATE OR REPLACE FUNCTION sweep_changes(p_keep INTERVAL, p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_n INT; v_before TIMESTAMPTZ := clock_timestamp() - p_keep;
BEGIN
    DELETE FROM bulk_change_job WHERE ctid = ANY (ARRAY(
        SELECT j.ctid FROM bulk_change b JOIN bulk_change_job j ON j.change = b.id
         WHERE b.at < v_before AND NOT EXISTS (SELECT FROM deleted_job d WHERE d.change = b.id) LIMIT p_limit));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    DELETE FROM bulk_change b WHERE b.at < v_before AND NOT EXISTS (SELECT FROM bulk_change_job j WHERE j.change = b.id)
       AND NOT EXISTS (SELECT FROM deleted_job d WHERE d.change = b.id);
    RETURN v_n;
END $$;

-- ---------------------------------------------------------------------------------------------- doing

-- As before, with what is said beside the verb. The function of nine parameters stays for processes that were started before this.
CREATE FUNCTION begin_change(p_id UUID, p_action TEXT, p_undoes UUID, p_selection TEXT, p_priority INT, p_run_at TIMESTAMPTZ, p_delay BIGINT, p_patch TEXT,
                             p_planned BIGINT, p_rate INT, p_reason TEXT, p_by TEXT) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM FROM bulk_change b WHERE b.id = p_id;
    IF FOUND THEN RETURN; END IF;
    PERFORM begin_change(p_id, p_action, p_undoes, p_selection, p_priority, p_planned, p_rate, p_reason, p_by);
    UPDATE bulk_change SET run_at = p_run_at, delay_millis = p_delay, patch = p_patch WHERE id = p_id;
END $$;

-- As before, with the other verbs. An edit is done by edit_jobs, where the keys of the payloads are; only what takes one back is done here.
CREATE OR REPLACE FUNCTION go_on_with(p_change UUID, p_most INT) RETURNS TABLE (matched BIGINT, changed BIGINT, done BOOL) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE c bulk_change; s RECORD; b bulk_change_job; v_left TEXT; v_looked INT := 0; v_ids UUID[] := '{}'; v_runs INT[] := '{}'; v_notes bulk_change_job[] := '{}';
BEGIN
    PERFORM read_committed();
    SELECT * INTO c FROM bulk_change x WHERE x.id = p_change FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    IF c.ended_at IS NULL AND c.action = 'edit' AND c.undoes IS NULL THEN
        RAISE EXCEPTION 'The change % edits payloads, and that is not done in the database: go on with it in a process of a version that can edit', p_change
            USING ERRCODE = '22023';
    END IF;
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
            FOR b IN SELECT * FROM bulk_change_job x
                      WHERE x.change = c.undoes AND x.left_because IS NULL AND x.job_id < coalesce(c.cursor, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                      ORDER BY x.job_id DESC LIMIT p_most
            LOOP
                v_looked := v_looked + 1;
                c.cursor := b.job_id;
                v_ids := v_ids || b.job_id;
                v_notes := v_notes || b;
            END LOOP;
        END IF;
        IF c.action = 'cancel' OR c.action IN ('reschedule', 'edit') AND (c.undoes IS NOT NULL OR c.selection->>'state' = 'available') THEN
            PERFORM lock_streams_of(v_ids);
        END IF;
        FOR n IN 1..cardinality(v_ids) LOOP
            IF c.undoes IS NULL THEN
                v_left := CASE c.action
                    WHEN 'requeue' THEN requeue_one(c.id, v_ids[n], v_runs[n], (c.selection->>'state')::outcome_kind, c.priority, false, NULL, NULL)
                    WHEN 'cancel' THEN cancel_one(c.id, v_ids[n], c.reason)
                    WHEN 'reschedule' THEN reschedule_one(c.id, v_ids[n], c.run_at, c.delay_millis)
                    WHEN 'delete' THEN delete_one(c.id, v_ids[n], v_runs[n]) END;
            ELSE
                b := v_notes[n];
                v_left := CASE
                    WHEN c.action = 'requeue' THEN requeue_one(c.id, b.job_id, b.run, 'cancelled', NULL, true, b.run_at, NULL)
                    WHEN c.action = 'cancel' THEN unrequeue_one(c.id, b.job_id, b.run, NULL, NULL)
                    WHEN c.action = 'reschedule' THEN unreschedule_one(c.id, b.job_id, b.run, b.no, b.run_at, b.set_to)
                    WHEN c.action = 'delete' THEN undelete_one(c.id, b.job_id, b.run, c.undoes)
                    WHEN b.no IS NULL THEN unrequeue_one(c.id, b.job_id, b.run, b.payload, b.edited)
                    ELSE edit_one(c.id, b.job_id, b.run, b.no, b.payload, b.edited, NULL) END;
            END IF;
            c.matched := c.matched + 1;
            IF v_left IS NULL THEN c.changed := c.changed + 1;
            ELSE INSERT INTO bulk_change_job (change, job_id, left_because) VALUES (c.id, v_ids[n], v_left); END IF;
        END LOOP;
        IF v_looked = 0 THEN c.ended_at := clock_timestamp(); END IF;
        UPDATE bulk_change x SET cursor = c.cursor, matched = c.matched, changed = c.changed, ended_at = c.ended_at WHERE x.id = c.id;
    END IF;
    RETURN QUERY SELECT c.matched, c.changed, c.ended_at IS NOT NULL;
END $$;

-- One step of an edit: these jobs get these payloads, if theirs are still those of these hashes: see is_other. Nothing if the change is not at p_cursor any more. No row if there is no such change.
CREATE FUNCTION edit_jobs(p_change UUID, p_cursor UUID, p_next UUID, p_jobs UUID[], p_runs INT[], p_nos INT[], p_reads TEXT[], p_payloads TEXT[],
                          p_left TEXT[])
RETURNS TABLE (matched BIGINT, changed BIGINT, done BOOL, cursor UUID) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE c bulk_change; v_left TEXT; v_dead BOOL;
BEGIN
    PERFORM read_committed();
    SELECT * INTO c FROM bulk_change x WHERE x.id = p_change FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    IF c.ended_at IS NULL AND c.cursor IS NOT DISTINCT FROM p_cursor THEN
        PERFORM pg_current_xact_id();                                 -- before the clock is read: see promote
        v_dead := c.selection->>'state' = 'discarded';
        IF c.selection->>'state' = 'available' THEN PERFORM lock_streams_of(p_jobs); END IF;
        FOR n IN 1..cardinality(p_jobs) LOOP
            v_left := CASE WHEN p_payloads[n] IS NULL THEN p_left[n]
                           WHEN v_dead THEN requeue_one(c.id, p_jobs[n], p_runs[n], 'discarded', NULL, false, NULL, p_payloads[n])
                           ELSE edit_one(c.id, p_jobs[n], p_runs[n], p_nos[n], p_payloads[n], NULL, p_reads[n]) END;
            c.matched := c.matched + 1;
            IF v_left IS NULL THEN c.changed := c.changed + 1;
            ELSE INSERT INTO bulk_change_job (change, job_id, left_because) VALUES (c.id, p_jobs[n], v_left); END IF;
        END LOOP;
        IF p_next IS NULL THEN c.ended_at := clock_timestamp(); ELSE c.cursor := p_next; END IF;
        UPDATE bulk_change x SET cursor = c.cursor, matched = c.matched, changed = c.changed, ended_at = c.ended_at WHERE x.id = c.id;
    END IF;
    RETURN QUERY SELECT c.matched, c.changed, c.ended_at IS NOT NULL, c.cursor;
END $$;
