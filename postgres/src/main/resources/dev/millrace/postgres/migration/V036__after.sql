-- Jobs that run after others. While one of these, a blocker, has not ended, such a job lies among the timers, for no time, as the one does that follows a batch: so
-- whoever finds, withdraws or lists what waits finds it too. What ends a blocker knows nothing of it and writes nothing for it. The promotion, which each node calls at
-- least each second, looks whether blockers have ended, some at a time and in turns, and lets go what waits no more. Without such jobs that is one look into
-- two empty tables.
--
-- One node looks at a time, so that many cost what one does. Who looks waits for no lock: what somebody has locked comes another time.
--
-- Error code: MR012, there is no such job to run after.

CREATE TABLE dependent (
    job        UUID PRIMARY KEY,
    runs       BOOL NOT NULL,            -- whether it runs though one of its blockers failed
    not_before TIMESTAMPTZ,              -- the time that it waits for besides
    text       TEXT NOT NULL,            -- what it says while it waits
    why        TEXT,                     -- why it is cancelled, once that is known
    state      TEXT NOT NULL CHECK (state IN ('open', 'over', 'withdrawn')),   -- over: it has to be let go, or cancelled; withdrawn: it is over, and did not wait any more
    sweep_at   TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp() + INTERVAL '1 day'
);
CREATE INDEX ON dependent (job) WHERE state = 'over';
CREATE INDEX ON dependent (sweep_at);

-- Of which end nothing has come yet. A look reads the first row of a blocker, in which it also keeps where that stood.
CREATE TABLE dependency (
    blocker UUID NOT NULL,
    job     UUID NOT NULL,
    part    INT,                         -- the blocker's last delivery that is known: while that has not ended, nothing else need be looked at
    seq     BIGINT,
    PRIMARY KEY (blocker, job)
) WITH (fillfactor = 80);
CREATE INDEX ON dependency (job);

-- From where the next look goes on, and not before when: whoever needs long for it rests longer.
CREATE TABLE dependency_look (
    only_one BOOL PRIMARY KEY DEFAULT true CHECK (only_one),
    after    UUID        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    due_at   TIMESTAMPTZ NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO dependency_look DEFAULT VALUES;

-- How a job has ended: 'done', 'cancelled', 'discarded'; null while it has not; 'gone' if nothing is known of it any more; and its last delivery, if it is in the log. In one
-- snapshot: on its way from one table to another it is in either.
CREATE FUNCTION stand_of(p_job UUID, OUT how TEXT, OUT part INT, OUT seq BIGINT) LANGUAGE plpgsql STABLE
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_how outcome_kind; v_part INT; v_seq BIGINT;
BEGIN
    IF EXISTS (SELECT FROM timer t WHERE t.job_id = p_job) OR EXISTS (SELECT FROM parked k WHERE k.job_id = p_job) THEN RETURN; END IF;
    SELECT l.part, l.seq INTO v_part, v_seq FROM job_log l WHERE l.job_id = p_job ORDER BY l.run DESC, l.no DESC LIMIT 1;
    IF NOT FOUND THEN how := 'gone'; RETURN; END IF;
    SELECT e.outcome INTO v_how FROM ending_of(v_part, v_seq) e;
    how := CASE WHEN v_how IN ('done', 'cancelled', 'discarded') THEN v_how::TEXT END;
    part := v_part;
    seq := v_seq;
END $$;

-- Why a job is cancelled that runs after this one.
CREATE FUNCTION why_cancelled(p_blocker UUID, p_how TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT 'it runs after job ' || p_blocker || CASE p_how WHEN 'gone' THEN ', which has ended so long ago that how is no longer known'
                                                           ELSE ', which was ' || p_how END
$$;

-- Lets these jobs go, of which all is known that they waited for: into the log, to the time that they wait for besides, or to their end. One that somebody has locked comes
-- another time, and one that does not wait is kept, since its withdrawal may be taken back. Answers how many were let go, and those that were ended. Callers have taken
-- a transaction number. What a caller's transaction has enqueued it does not tell by itself.
CREATE FUNCTION let_go(p_jobs UUID[], p_tell BOOL, OUT moved INT, OUT ended UUID[]) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_now TIMESTAMPTZ := clock_timestamp(); v_jobs UUID[]; v_mine UUID[]; v_late timer[]; v_why TEXT[]; v_streams INT[]; v_t timer;
BEGIN
    WITH free AS MATERIALIZED (                                       -- who takes a withdrawal back holds such a row, and puts the timer back
        SELECT d.job FROM unnest(p_jobs) i (job) CROSS JOIN LATERAL (SELECT x.job FROM dependent x WHERE x.job = i.job FOR UPDATE SKIP LOCKED) d)
    SELECT coalesce(array_agg(job), '{}') INTO v_jobs FROM free;
    WITH free AS MATERIALIZED (                                       -- a statement of its own: it sees what was before the locks
        SELECT t.job_id FROM unnest(v_jobs) i (job) CROSS JOIN LATERAL (
            SELECT x.job_id FROM timer x WHERE x.job_id = i.job AND x.run_at = 'infinity' FOR UPDATE SKIP LOCKED) t)
    SELECT coalesce(array_agg(job_id), '{}') INTO v_mine FROM free;
    UPDATE dependent d SET state = 'withdrawn'
      FROM unnest(v_jobs) i (job)
     WHERE d.job = i.job AND i.job <> ALL (v_mine) AND NOT EXISTS (SELECT FROM timer x WHERE x.job_id = i.job AND x.run_at = 'infinity');
    DELETE FROM dependency d USING unnest(v_mine) i (job) WHERE d.job = i.job;
    WITH over AS (DELETE FROM dependent d USING unnest(v_mine) i (job) WHERE d.job = i.job RETURNING d.*),
         later AS (
             UPDATE timer x SET run_at = o.not_before FROM over o
              WHERE x.job_id = o.job AND o.why IS NULL AND o.not_before > v_now RETURNING 1),
         taken AS (
             DELETE FROM timer x USING over o
              WHERE x.job_id = o.job AND (o.why IS NOT NULL OR o.not_before IS NULL OR o.not_before <= v_now)
             RETURNING x::timer AS t, o.why),
         put AS (
             INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
             SELECT m.current_part, (d.t).stream, (d.t).job_id, (d.t).run, (d.t).no, (d.t).attempt, (d.t).rescues, (d.t).charged, (d.t).kind,
                    (d.t).kind_version, (d.t).payload, (d.t).headers, (d.t).expires_at, (d.t).enqueued_at
               FROM meta m, taken d WHERE d.why IS NULL AND ((d.t).expires_at IS NULL OR (d.t).expires_at >= v_now) ORDER BY (d.t).job_id
             RETURNING stream)
    SELECT (SELECT count(*) FROM put) + (SELECT count(*) FROM later), (SELECT array_agg(DISTINCT stream) FROM put), l.t, l.why
      INTO moved, v_streams, v_late, v_why
      FROM (SELECT array_agg(d.t ORDER BY (d.t).job_id) AS t, array_agg(d.why ORDER BY (d.t).job_id) AS why
              FROM taken d WHERE d.why IS NOT NULL OR (d.t).expires_at < v_now) l;
    ended := '{}';
    FOR n IN 1..coalesce(cardinality(v_late), 0) LOOP
        v_t := v_late[n];
        PERFORM end_unclaimed(v_t.stream, v_t.job_id, v_t.run, v_t.no, v_t.attempt, v_t.rescues, v_t.charged, v_t.kind, v_t.kind_version, v_t.payload, v_t.headers, v_t.expires_at,
                              v_t.enqueued_at, (CASE WHEN v_why[n] IS NULL THEN 'discarded' ELSE 'cancelled' END)::outcome_kind, v_why[n],
                              CASE WHEN v_why[n] IS NULL THEN expiry_failure(v_t.no, v_t.attempt, v_t.rescues) END);
        ended := ended || v_t.job_id;
    END LOOP;
    IF p_tell THEN
        PERFORM pg_notify(current_schema() || '_wake', q.queue) FROM (SELECT DISTINCT s.queue FROM stream s WHERE s.id = ANY (v_streams)) q;
    END IF;
END $$;

-- Lets jobs wait that this transaction has enqueued for no time: each of p_jobs for those of p_blockers that p_of numbers with it. Those whose blockers have ended do not wait.
CREATE FUNCTION wait_for(p_jobs UUID[], p_runs BOOL[], p_at TIMESTAMPTZ[], p_delays BIGINT[], p_texts TEXT[], p_of INT[], p_blockers UUID[])
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_blockers UUID[]; v_how TEXT[]; v_part INT[]; v_seq BIGINT[]; v_unknown UUID; v_now TIMESTAMPTZ; v_over UUID[];
BEGIN
    PERFORM pg_current_xact_id();                                     -- before the clock is read: see promote
    v_now := clock_timestamp();
    SELECT array_agg(b.blocker), array_agg(o.how), array_agg(o.part), array_agg(o.seq) INTO v_blockers, v_how, v_part, v_seq
      FROM (SELECT DISTINCT x AS blocker FROM unnest(p_blockers) x) b CROSS JOIN LATERAL stand_of(b.blocker) o;
    SELECT e.blocker INTO v_unknown FROM unnest(v_blockers, v_how) e (blocker, how) WHERE e.how = 'gone' ORDER BY 1 LIMIT 1;
    IF FOUND THEN RAISE EXCEPTION 'there is no job % to run after', v_unknown USING ERRCODE = 'MR012'; END IF;
    INSERT INTO dependency (blocker, job, part, seq)
    SELECT d.blocker, p_jobs[d.no], e.part, e.seq
      FROM unnest(p_of, p_blockers) d (no, blocker) JOIN unnest(v_blockers, v_how, v_part, v_seq) e (blocker, how, part, seq) ON e.blocker = d.blocker
     WHERE e.how IS NULL;
    INSERT INTO dependent (job, runs, not_before, text, why, state)
    SELECT j.job, j.runs, j.run_at, j.text, f.why, CASE WHEN f.why IS NULL AND f.open > 0 THEN 'open' ELSE 'over' END
      FROM (SELECT i.no, i.job, i.runs, i.text, coalesce(i.at, v_now + i.delay * INTERVAL '1 ms') AS run_at
              FROM unnest(p_jobs, p_runs, p_at, p_delays, p_texts) WITH ORDINALITY i (job, runs, at, delay, text, no)) j
      JOIN (SELECT d.no, count(*) FILTER (WHERE e.how IS NULL) AS open,
                   (array_agg(why_cancelled(e.blocker, e.how) ORDER BY e.blocker) FILTER (WHERE e.how <> 'done' AND NOT p_runs[d.no]))[1] AS why
              FROM unnest(p_of, p_blockers) d (no, blocker) JOIN unnest(v_blockers, v_how) e (blocker, how) ON e.blocker = d.blocker
             GROUP BY d.no) f ON f.no = j.no;
    UPDATE timer t SET reason = i.text FROM unnest(p_jobs, p_texts) i (job, text) WHERE t.job_id = i.job AND t.run_at = 'infinity';
    v_over := ARRAY(SELECT d.job FROM unnest(p_jobs) i (job) JOIN dependent d ON d.job = i.job WHERE d.state = 'over');
    IF cardinality(v_over) > 0 THEN PERFORM let_go(v_over, false); END IF;
END $$;

-- Looks at some blockers, behind those of the last look, and does what follows from it; where one that it cancels is waited for itself, that as well. Answers how many jobs
-- it has let go, and after how many milliseconds there is more to do; null if that can wait for the next promotion.
CREATE FUNCTION look_at_blockers(p_limit INT, OUT moved INT, OUT next_millis BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    k_some CONSTANT INT := 1000; k_first CONSTANT UUID := '00000000-0000-0000-0000-000000000000';
    v_began TIMESTAMPTZ; c dependency_look; v_all UUID[]; v_blockers UUID[]; v_how TEXT[]; v_part INT[]; v_seq BIGINT[]; v_jobs UUID[]; v_over UUID[]; v_ended UUID[]; v_n INT;
    v_left INT := p_limit; v_cut BOOL := false; v_after UUID; v_took INTERVAL; v_rest INTERVAL;
BEGIN
    moved := 0;
    IF NOT pg_try_advisory_xact_lock((SELECT lock_class FROM meta), -2147483647 + 256) THEN RETURN; END IF;     -- beside those of batches
    v_began := clock_timestamp();
    SELECT * INTO c FROM dependency_look;
    IF c.due_at > v_began AND c.due_at < v_began + INTERVAL '1 min' THEN RETURN; END IF;                       -- else a clock went back
    WITH RECURSIVE r (blocker, part, seq, n) AS (
        (SELECT d.blocker, d.part, d.seq, 1 FROM dependency d WHERE d.blocker > c.after ORDER BY d.blocker, d.job LIMIT 1)
         UNION ALL
        SELECT x.blocker, x.part, x.seq, r.n + 1 FROM r CROSS JOIN LATERAL (
            SELECT d.blocker, d.part, d.seq FROM dependency d WHERE d.blocker > r.blocker ORDER BY d.blocker, d.job LIMIT 1) x WHERE r.n < k_some),
    moved_on AS (                                                     -- below the live partition everything has ended
        SELECT r.blocker FROM r CROSS JOIN meta m
          LEFT JOIN LATERAL ending_of(r.part, r.seq) e ON true
         WHERE r.part < m.live_part OR e.outcome IS NOT NULL
            OR (r.part IS NULL AND NOT EXISTS (SELECT FROM timer t WHERE t.job_id = r.blocker)))
    SELECT (SELECT count(*) FROM r), (SELECT r.blocker FROM r ORDER BY r.n DESC LIMIT 1), (SELECT array_agg(blocker) FROM moved_on)
      INTO v_n, v_after, v_all;
    IF v_n < k_some THEN v_after := k_first; END IF;
    SELECT array_agg(b.blocker), array_agg(o.how), array_agg(o.part), array_agg(o.seq) INTO v_all, v_how, v_part, v_seq
      FROM unnest(v_all) b (blocker) CROSS JOIN LATERAL stand_of(b.blocker) o;
    UPDATE dependency d SET part = e.part, seq = e.seq
      FROM unnest(v_all, v_how, v_part, v_seq) e (blocker, how, part, seq)
     WHERE e.how IS NULL AND d.blocker = e.blocker AND d.job = (SELECT x.job FROM dependency x WHERE x.blocker = e.blocker ORDER BY x.job LIMIT 1)
       AND (d.part, d.seq) IS DISTINCT FROM (e.part, e.seq);
    SELECT array_agg(e.blocker ORDER BY e.blocker), array_agg(e.how ORDER BY e.blocker) INTO v_blockers, v_how
      FROM unnest(v_all, v_how) e (blocker, how) WHERE e.how IS NOT NULL;
    PERFORM pg_current_xact_id();                                     -- before a clock is read: see promote
    FOR round IN 1..100 LOOP
        -- Statements of their own: they see what was before the locks.
        WITH these AS MATERIALIZED (
                 SELECT d.job FROM unnest(v_blockers) e (blocker) CROSS JOIN LATERAL (SELECT x.job FROM dependency x WHERE x.blocker = e.blocker) d
                  LIMIT greatest(v_left, 1)),
             free AS MATERIALIZED (
                 SELECT x.job FROM (SELECT DISTINCT job FROM these) s CROSS JOIN LATERAL (
                     SELECT y.job FROM dependent y WHERE y.job = s.job FOR UPDATE SKIP LOCKED) x)
        SELECT (SELECT count(*) FROM these), coalesce(array_agg(job), '{}') INTO v_n, v_jobs FROM free;
        v_left := v_left - v_n;
        v_cut := v_cut OR v_left <= 0;
        WITH gone AS (
                 DELETE FROM dependency d USING unnest(v_jobs) j (job), unnest(v_blockers, v_how) e (blocker, how)
                  WHERE d.job = j.job AND d.blocker = e.blocker RETURNING d.job, d.blocker, e.how),
             failed AS (SELECT DISTINCT ON (g.job) g.job, why_cancelled(g.blocker, g.how) AS why FROM gone g WHERE g.how <> 'done' ORDER BY g.job, g.blocker)
        UPDATE dependent x SET why = f.why FROM failed f WHERE x.job = f.job AND NOT x.runs AND x.why IS NULL;
        UPDATE dependent x SET state = 'over' FROM unnest(v_jobs) j (job)
         WHERE x.job = j.job AND x.state = 'open' AND (x.why IS NOT NULL OR NOT EXISTS (SELECT FROM dependency d WHERE d.job = x.job));
        v_over := ARRAY(SELECT x.job FROM dependent x WHERE x.state = 'over' ORDER BY x.job LIMIT p_limit);
        EXIT WHEN cardinality(v_over) = 0;
        SELECT g.moved, g.ended INTO v_n, v_ended FROM let_go(v_over, true) g;
        moved := moved + v_n + cardinality(v_ended);
        EXIT WHEN cardinality(v_ended) = 0 OR v_cut;
        SELECT array_agg(e.blocker), array_agg(e.how) INTO v_blockers, v_how
          FROM (SELECT b.blocker, o.how FROM unnest(v_ended) b (blocker) CROSS JOIN LATERAL stand_of(b.blocker) o
                 WHERE EXISTS (SELECT FROM dependency d WHERE d.blocker = b.blocker)) e;
        EXIT WHEN v_blockers IS NULL;
        v_cut := v_cut OR round = 100;
    END LOOP;
    IF v_cut THEN                                                     -- of some more has ended than could be done: they come first
        v_after := c.after;
    END IF;
    v_took := clock_timestamp() - v_began;
    IF v_cut THEN
        next_millis := 0;
        v_rest := INTERVAL '0';
    ELSE
        v_rest := least(9 * v_took, INTERVAL '30 s');
        IF v_after <> k_first OR c.after <> k_first THEN              -- there are others
            next_millis := greatest(20, ceil(extract(epoch FROM v_rest) * 1000))::BIGINT;
        ELSIF moved > 0 THEN                                          -- what was let go may be waited for
            next_millis := greatest(50, ceil(extract(epoch FROM v_rest) * 1000))::BIGINT;
        END IF;
    END IF;
    IF v_after <> c.after OR v_took > INTERVAL '5 ms' THEN            -- else it is as well to look again, and nothing need be written
        UPDATE dependency_look SET after = v_after, due_at = clock_timestamp() + v_rest;
    END IF;
END $$;

-- What it was goes on under another name; this one looks at blockers first, since the locks of batches come last.
ALTER FUNCTION promote(UUID, INT, INT, timer_cursor) RENAME TO promote_due;

CREATE FUNCTION promote(p_node UUID, p_epoch INT, p_limit INT, p_cursor timer_cursor)
RETURNS TABLE (count INT, next_millis BIGINT, next_cursor timer_cursor) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_moved INT := 0; v_next BIGINT;
BEGIN
    IF EXISTS (SELECT FROM dependency) OR EXISTS (SELECT FROM dependent d WHERE d.state = 'over') THEN
        PERFORM fence(p_node, p_epoch);
        SELECT l.moved, l.next_millis INTO v_moved, v_next FROM look_at_blockers(p_limit) l;
    END IF;
    RETURN QUERY SELECT p.count + v_moved, least(p.next_millis, v_next), p.next_cursor FROM promote_due(p_node, p_epoch, p_limit, p_cursor) p;
END $$;

-- As before; but the cancel of a job that runs after others is taken back so that it waits for those that are left, and if none is, the promotion looks what is to be done.
ALTER FUNCTION requeue_one(UUID, UUID, INT, outcome_kind, INT, BOOL, TIMESTAMPTZ) RENAME TO requeue_now_or_then;

CREATE FUNCTION requeue_one(p_change UUID, p_job UUID, p_run INT, p_outcome outcome_kind, p_priority INT, p_back BOOL, p_run_at TIMESTAMPTZ) RETURNS TEXT
LANGUAGE plpgsql AS $$
DECLARE v_left TEXT; v_run_at TIMESTAMPTZ := p_run_at;
BEGIN
    IF p_run_at = 'infinity' AND NOT EXISTS (SELECT FROM batch WHERE id = p_job) THEN
        PERFORM FROM dependent WHERE job = p_job FOR UPDATE;
        IF NOT FOUND THEN v_run_at := NULL; END IF;                   -- nothing is known of what it waited for: it is due
    END IF;
    v_left := requeue_now_or_then(p_change, p_job, p_run, p_outcome, p_priority, p_back, v_run_at);
    IF v_left IS NULL AND v_run_at = 'infinity' THEN
        UPDATE timer t SET reason = d.text FROM dependent d WHERE d.job = p_job AND t.job_id = p_job AND t.run_at = 'infinity';
        UPDATE dependent SET state = 'over' WHERE job = p_job AND state = 'withdrawn';
    END IF;
    RETURN v_left;
END $$;

-- As before; but a job that waits for no time holds its key whatever the policy of who asks: it runs after others, and would not if it were changed now.
CREATE OR REPLACE FUNCTION holds_key(p_key unique_key, p_policy TEXT, p_millis BIGINT) RETURNS BOOL LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE p_policy WHEN 'until_ended' THEN is_unended(p_key.job_id)
                         WHEN 'within' THEN p_key.since + p_millis * INTERVAL '1 ms' > clock_timestamp()
                         ELSE false END
        OR EXISTS (SELECT FROM timer t WHERE t.job_id = p_key.job_id AND t.run_at = 'infinity');
END $$;

-- What a job waits for, some of it; no row if it waits for no other.
CREATE FUNCTION blockers_of(p_job UUID, p_most INT) RETURNS TABLE (open BIGINT, blocker UUID, state TEXT) LANGUAGE plpgsql STABLE SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_open BIGINT; v_some UUID[];
BEGIN
    IF NOT EXISTS (SELECT FROM dependent d WHERE d.job = p_job) THEN RETURN; END IF;
    v_open := (SELECT count(*) FROM dependency d WHERE d.job = p_job);
    v_some := ARRAY(SELECT d.blocker FROM dependency d WHERE d.job = p_job ORDER BY d.blocker LIMIT p_most);
    IF v_open = 0 THEN RETURN QUERY SELECT 0::BIGINT, NULL::UUID, NULL::TEXT; END IF;
    RETURN QUERY SELECT v_open, b.blocker, l.state FROM unnest(v_some) WITH ORDINALITY b (blocker, nr) LEFT JOIN look(v_some) l ON l.job_id = b.blocker ORDER BY b.nr;
END $$;

-- Rows of jobs that were withdrawn while they waited, and are no longer kept, some at a call; how many were looked at.
CREATE FUNCTION sweep_dependents(p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_now TIMESTAMPTZ := clock_timestamp(); v_jobs UUID[];
BEGIN
    v_jobs := ARRAY(SELECT job FROM dependent WHERE sweep_at <= v_now ORDER BY sweep_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    DELETE FROM dependent d USING unnest(v_jobs) i (job)
     WHERE d.job = i.job AND (SELECT o.how FROM stand_of(d.job) o) = 'gone' AND NOT EXISTS (SELECT FROM dependency x WHERE x.job = d.job);
    UPDATE dependent d SET sweep_at = v_now + INTERVAL '1 day' FROM unnest(v_jobs) i (job) WHERE d.job = i.job;
    RETURN cardinality(v_jobs);
END $$;
