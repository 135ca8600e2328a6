-- Batches: jobs that are parts of something, and one that runs when all of them have ended, once. It lies among the timers from the beginning, for no time,
-- so that whoever finds, withdraws or lists what waits finds it too; a batch has its id. Each part names its batch in a header. What ends the first run of a part
-- counts it in the same transaction. Whoever counts by a flush, then takes the lock of the batch and adds up in a statement of its own: of two that come last one sees both.
-- All others only count, having other locks, or a handler's transaction that may last: promote looks after these, at least each second.
--
-- Locks: those of batches come last, in the order of their numbers.

CREATE TABLE batch (
    id          UUID PRIMARY KEY,          -- the job that follows
    parts       BIGINT NOT NULL,
    followed_at TIMESTAMPTZ,               -- when all had ended
    sweep_at    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp() + INTERVAL '1 day'    -- when to look whether it can go
);
CREATE INDEX ON batch (sweep_at);

-- Parts that were enqueued together: a piece, which is called after the first of them. Its ids are written before anybody is held up.
CREATE TABLE batch_piece (
    batch UUID   NOT NULL,
    first BIGINT NOT NULL,                 -- which part of the batch its first one is, from 0
    piece UUID   NOT NULL,
    PRIMARY KEY (batch, first)
);

CREATE TABLE batch_part (
    piece UUID   NOT NULL,
    no    BIGINT NOT NULL,                 -- which of the piece the first of these is, from 0
    jobs  UUID[] NOT NULL,                 -- up to 1,000 of them, in order
    PRIMARY KEY (piece, no)
);

CREATE TABLE batch_count (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch     UUID   NOT NULL,
    completed BIGINT NOT NULL,             -- how many parts have ended so in the transaction that wrote this
    discarded BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    looked    BOOL   NOT NULL              -- whether who wrote this has looked whether they were the last
);
CREATE INDEX ON batch_count (batch);
CREATE INDEX ON batch_count (batch) WHERE NOT looked;

-- ---------------------------------------------------------------------------------------------- coming

-- Parts of a piece from a place on.
CREATE FUNCTION put_parts(p_piece UUID, p_from BIGINT, p_jobs UUID[]) RETURNS VOID LANGUAGE sql VOLATILE SET search_path = ${schema}, pg_temp AS $$
    INSERT INTO batch_part (piece, no, jobs)
    SELECT p_piece, p_from + n, p_jobs[n + 1:n + 1000] FROM generate_series(0, cardinality(p_jobs) - 1, 1000) n
$$;

-- A batch of so many parts, which this transaction has enqueued, and the job that follows them. Without parts that is due.
CREATE FUNCTION begin_batch(p_parts BIGINT, p_piece UUID, p_job UUID, p_stream INT, p_kind TEXT, p_version INT, p_payload TEXT, p_headers TEXT, p_expiry BIGINT)
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_now TIMESTAMPTZ;
BEGIN
    PERFORM pg_current_xact_id();                                     -- before the clock is read: see promote
    v_now := clock_timestamp();
    INSERT INTO batch (id, parts, followed_at) VALUES (p_job, p_parts, CASE WHEN p_parts = 0 THEN v_now END);
    IF p_parts > 0 THEN INSERT INTO batch_piece (batch, first, piece) VALUES (p_job, 0, p_piece); END IF;
    IF p_parts = 0 THEN
        INSERT INTO job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
        SELECT current_part, p_stream, p_job, p_kind, p_version, p_payload, p_headers::JSONB, v_now + p_expiry * INTERVAL '1 ms', v_now FROM meta;
    ELSE
        INSERT INTO timer (run_at, retry, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
        VALUES ('infinity', false, p_stream, p_job, p_kind, p_version, p_payload, p_headers::JSONB, v_now + p_expiry * INTERVAL '1 ms', v_now);
    END IF;
END $$;

-- The lock of a batch: of few, since a flush may end parts of a thousand. They lie below the numbers that nodes have in that class, and their negatives.
CREATE FUNCTION batch_lock(p_batch UUID) RETURNS INT LANGUAGE sql IMMUTABLE AS $$
    SELECT -2147483647 + (hashtext(p_batch::TEXT) & 255)
$$;

-- Holds off who else looks at these batches, in the order of the locks. A lock that is not had in time concerns all that its caller wants to write.
CREATE FUNCTION lock_batches(p_batches UUID[]) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_class INT := (SELECT lock_class FROM meta); v_no INT;
BEGIN
    FOR v_no IN SELECT DISTINCT batch_lock(b) FROM unnest(p_batches) b ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(v_class, v_no);
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'somebody holds a batch: it grows, or parts of it end' USING ERRCODE = 'MR010';
END $$;

-- Takes a piece of so many parts, which this transaction has enqueued, into a batch; false if that takes none any more: then this transaction has to go back. The
-- lock is held until it is at its end, and holds up nodes that end parts: whoever stands still there is ended.
CREATE FUNCTION grow_batch(p_batch UUID, p_parts BIGINT, p_piece UUID) RETURNS BOOL LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_from BIGINT;
BEGIN
    PERFORM read_committed();
    PERFORM set_config('idle_in_transaction_session_timeout', '5s', true);
    PERFORM lock_batches(ARRAY[p_batch]);
    PERFORM FROM timer WHERE job_id = p_batch AND run_at = 'infinity' FOR SHARE;        -- who withdraws it waits
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE batch SET parts = parts + p_parts WHERE id = p_batch AND followed_at IS NULL RETURNING parts - p_parts INTO v_from;
    IF NOT FOUND THEN RETURN false; END IF;
    IF p_parts > 0 THEN INSERT INTO batch_piece (batch, first, piece) VALUES (p_batch, v_from, p_piece); END IF;
    RETURN true;
END $$;

-- ---------------------------------------------------------------------------------------------- ending

-- Whether these batches are at their end, and what follows from that. Callers have counted what they ended, and hold the locks. Folding comes first and adding up
-- after it, in a statement of its own: what is counted in between has not been looked at yet, and stays so. The newest first, as in a change of many.
CREATE FUNCTION follow_locked(p_batches UUID[]) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_id UUID; v_over BOOL; t timer;
BEGIN
    FOR v_id IN SELECT DISTINCT b FROM unnest(p_batches) b ORDER BY b DESC LOOP
        IF (SELECT count(*) > 100 OR bool_or(NOT c.looked) FROM batch_count c WHERE c.batch = v_id) THEN
            WITH old AS MATERIALIZED (SELECT c.id FROM batch_count c WHERE c.batch = v_id ORDER BY c.looked, c.id LIMIT 10000),   -- the rest another time
                 gone AS (DELETE FROM batch_count c USING old WHERE c.id = old.id RETURNING c.*)
            INSERT INTO batch_count (batch, completed, discarded, cancelled, looked)
            SELECT v_id, sum(completed), sum(discarded), sum(cancelled), true FROM gone HAVING count(*) > 0;
        END IF;
        SELECT b.followed_at IS NULL AND b.parts <= coalesce((SELECT sum(c.completed + c.discarded + c.cancelled) FROM batch_count c WHERE c.batch = v_id), 0)
          INTO v_over FROM batch b WHERE b.id = v_id;
        CONTINUE WHEN v_over IS NOT TRUE;
        UPDATE batch SET followed_at = clock_timestamp() WHERE id = v_id;
        DELETE FROM timer x WHERE x.job_id = v_id AND x.run_at = 'infinity' RETURNING x.* INTO t;
        CONTINUE WHEN NOT FOUND;                                                         -- it was withdrawn
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at)
        SELECT current_part, t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload, t.headers,
               t.expires_at, t.enqueued_at FROM meta;
        PERFORM pg_notify(current_schema() || '_wake', s.queue) FROM stream s WHERE s.id = t.stream;
    END LOOP;
END $$;

CREATE FUNCTION follow_batches(p_batches UUID[]) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM lock_batches(p_batches);
    PERFORM follow_locked(p_batches);
END $$;

-- Looks at batches of which parts have ended otherwise than by a flush, some at a time. Waits for nobody's lock: what somebody holds is looked at another
-- time, and so is what meets a row that somebody else is about to change.
CREATE FUNCTION follow_unlooked() RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_class INT := (SELECT lock_class FROM meta); v_batch UUID; v_last UUID := '00000000-0000-0000-0000-000000000000'; v_batches UUID[] := '{}';
BEGIN
    PERFORM set_config('lock_timeout', '100ms', true);
    FOR n IN 1..100 LOOP
        SELECT c.batch INTO v_batch FROM batch_count c WHERE NOT c.looked AND c.batch > v_last ORDER BY c.batch LIMIT 1;
        EXIT WHEN NOT FOUND;
        v_last := v_batch;
        IF pg_try_advisory_xact_lock(v_class, batch_lock(v_batch)) THEN v_batches := v_batch || v_batches; END IF;    -- the newest first
    END LOOP;
    FOREACH v_batch IN ARRAY v_batches LOOP
        BEGIN
            PERFORM follow_locked(ARRAY[v_batch]);
            DELETE FROM batch_count c WHERE c.batch = v_batch AND NOT EXISTS (SELECT FROM batch b WHERE b.id = v_batch);   -- it is no longer kept
        EXCEPTION WHEN lock_not_available THEN NULL;
        END;
    END LOOP;
END $$;

-- Counts the end of a job's first run, if it is a part, for promote to look. Whoever calls this has ended it.
CREATE FUNCTION count_part(p_headers JSONB, p_run INT, p_outcome outcome_kind) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF p_headers->>':batch' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AND p_run = 1 AND p_outcome IN ('done', 'discarded', 'cancelled') THEN
        INSERT INTO batch_count (batch, completed, discarded, cancelled, looked)
        VALUES ((p_headers->>':batch')::UUID, (p_outcome = 'done')::INT, (p_outcome = 'discarded')::INT, (p_outcome = 'cancelled')::INT, false);
    END IF;
END $$;

-- A flush that ends parts: what flush() does and answers; then those that it has won are counted, by the numbers that it gives them, and their batches looked at.
-- Those that were ended before are looked at too: a handler's own transaction only counts.
CREATE FUNCTION flush_parts(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                            p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                            p_result TEXT[], p_wait_millis INT, p_batch_claim INT[], p_batch_part INT[], p_batch_bucket BIGINT[], p_batch_bits TEXT[],
                            p_batch_upto INT[], p_batch_base TIMESTAMPTZ[], p_batch_started INT[], p_batch_took INT[],
                            p_parts BIGINT[], p_parts_of UUID[], p_parts_end TEXT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql SET search_path = ${schema}, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE v_nr BIGINT[]; v_verdict TEXT[];
BEGIN
    SELECT array_agg(f.nr), array_agg(f.verdict) INTO v_nr, v_verdict
      FROM flush(p_node, p_epoch, p_tokens, p_claim, p_part, p_xid, p_seq, p_job, p_outcome, p_started, p_took, p_delay, p_reason, p_failure, p_result,
                 p_wait_millis, p_batch_claim, p_batch_part, p_batch_bucket, p_batch_bits, p_batch_upto, p_batch_base, p_batch_started, p_batch_took) f;
    INSERT INTO batch_count (batch, completed, discarded, cancelled, looked)
    SELECT g.batch, count(*) FILTER (WHERE g.ended = 'completed'), count(*) FILTER (WHERE g.ended = 'discarded'),
           count(*) FILTER (WHERE g.ended = 'cancelled'), true
      FROM unnest(p_parts, p_parts_of, p_parts_end) g (nr, batch, ended)
     WHERE v_nr IS NULL OR g.nr <> ALL (v_nr)
     GROUP BY g.batch;
    PERFORM follow_batches(ARRAY(SELECT DISTINCT b FROM unnest(p_parts_of) b));
    RETURN QUERY SELECT u.nr, u.verdict FROM unnest(v_nr, v_verdict) u (nr, verdict);
END $$;

-- complete() for a part.
CREATE FUNCTION complete_part(p_node UUID, p_epoch INT, p_token UUID, p_part INT, p_xid BIGINT, p_seq BIGINT, p_job UUID, p_outcome TEXT,
                              p_started TIMESTAMPTZ, p_took BIGINT, p_delay BIGINT, p_reason TEXT, p_failure TEXT, p_result TEXT, p_batch UUID)
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM complete(p_node, p_epoch, p_token, p_part, p_xid, p_seq, p_job, p_outcome, p_started, p_took, p_delay, p_reason, p_failure, p_result);
    PERFORM count_part(jsonb_build_object(':batch', p_batch), 1, p_outcome::outcome_kind);
END $$;

-- As before, and a part is counted. It answers nothing.
CREATE OR REPLACE FUNCTION end_unclaimed(p_stream INT, p_job UUID, p_run INT, p_no INT, p_attempt INT, p_rescues INT, p_charged INT, p_kind TEXT,
                              p_kind_version INT, p_payload TEXT, p_headers JSONB, p_expires_at TIMESTAMPTZ, p_enqueued_at TIMESTAMPTZ,
                              p_outcome outcome_kind, p_reason TEXT, p_failure JSONB)
RETURNS VOID LANGUAGE sql VOLATILE AS $$
    WITH born AS (
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                             enqueued_at)
        SELECT current_part, ended_of(p_stream), p_job, p_run, p_no, p_attempt, p_rescues, p_charged, p_kind, p_kind_version, p_payload,
               p_headers, p_expires_at, p_enqueued_at FROM meta
        RETURNING part, seq)
    INSERT INTO outcome (part, seq, job_id, outcome, reason, failure)
    SELECT part, seq, p_job, p_outcome, p_reason, p_failure FROM born;
    SELECT count_part(p_headers, p_run, p_outcome)
$$;

-- As before, and a part is counted.
CREATE OR REPLACE FUNCTION cancel_job(p_job UUID, p_reason TEXT, p_by TEXT) RETURNS TEXT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
DECLARE t timer; p parked; j job_log; v_outcome outcome_kind; v_known BOOL; v_owner UUID; v_inserts BOOL;
BEGIN
    PERFORM read_committed();
    FOR i IN 1..100 LOOP
        DELETE FROM timer WHERE job_id = p_job RETURNING * INTO t;
        IF FOUND THEN
            PERFORM end_unclaimed(t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload, t.headers,
                                  t.expires_at, t.enqueued_at, 'cancelled', p_reason, NULL);
            INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'cancel', p_job::TEXT, p_reason);
            RETURN 'cancelled';
        END IF;
        DELETE FROM parked WHERE job_id = p_job RETURNING * INTO p;
        IF FOUND THEN
            PERFORM end_unclaimed(p.stream, p.job_id, p.run, p.no, p.attempt, p.rescues, p.charged, p.kind, p.kind_version, p.payload, p.headers,
                                  p.expires_at, p.enqueued_at, 'cancelled', p_reason, NULL);
            INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'cancel', p_job::TEXT, p_reason);
            RETURN 'cancelled';
        END IF;
        SELECT * INTO j FROM job_log l WHERE l.job_id = p_job ORDER BY run DESC, no DESC LIMIT 1;
        IF NOT FOUND THEN
            IF v_known OR EXISTS (SELECT FROM timer WHERE job_id = p_job UNION ALL SELECT FROM parked WHERE job_id = p_job) THEN
                v_known := true; CONTINUE;
            END IF;
            RETURN NULL;
        END IF;
        SELECT e.outcome INTO v_outcome FROM ending_of(j.part, j.seq) e;
        IF NOT FOUND THEN
            v_inserts := false;
            BEGIN                                                       -- left by an exception unless it has cancelled: that gives its locks back
                IF is_claimed(j.stream, j.xid, j.seq) THEN
                    SELECT x.node INTO v_owner FROM claim x
                     WHERE x.stream = j.stream AND x.n > 0 AND (j.xid, j.seq) > (x.from_xid, x.from_seq)
                       AND (j.xid, j.seq) <= (x.upto_xid, x.upto_seq)
                       AND pg_visible_in_snapshot(j.xid, x.snap) AND NOT pg_visible_in_snapshot(j.xid, x.prev)
                     ORDER BY x.no DESC LIMIT 1;
                    IF FOUND THEN PERFORM lock_endings(v_owner); END IF;
                ELSE
                    PERFORM pg_advisory_xact_lock(lock_class + 1, j.stream) FROM meta;
                    IF is_claimed(j.stream, j.xid, j.seq) THEN RAISE EXCEPTION 'claimed meanwhile' USING ERRCODE = 'MR000'; END IF;
                END IF;
                PERFORM FROM ending_of(j.part, j.seq);                  -- again, behind the lock
                IF FOUND THEN RAISE EXCEPTION 'ended meanwhile' USING ERRCODE = 'MR000'; END IF;
                v_inserts := true;
                PERFORM set_config('lock_timeout', '100ms', true);
                INSERT INTO outcome (part, seq, job_id, outcome, reason) VALUES (j.part, j.seq, p_job, 'cancelled', p_reason)
                    ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN RAISE EXCEPTION 'ended meanwhile' USING ERRCODE = 'MR000'; END IF;
                PERFORM count_part(j.headers, j.run, 'cancelled');
                INSERT INTO cancel_mark (part, seq, stream, xid) VALUES (j.part, j.seq, j.stream, j.xid);
                INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'cancel', p_job::TEXT, p_reason);
                PERFORM pg_notify(current_schema() || '_wake', '!');    -- for who runs it
                RETURN 'cancelled';
            EXCEPTION
                WHEN SQLSTATE 'MR000' THEN NULL;                        -- look again
                WHEN lock_not_available THEN
                    IF NOT v_inserts THEN RAISE; END IF;
                    -- An ending of it is written in a transaction that is open, most likely its handler's. With the locks given back, that is
                    -- waited for by trying the same.
                    BEGIN
                        INSERT INTO outcome (part, seq, job_id, outcome) VALUES (j.part, j.seq, p_job, 'cancelled') ON CONFLICT DO NOTHING;
                        RAISE EXCEPTION 'only to wait' USING ERRCODE = 'MR000';
                    EXCEPTION WHEN SQLSTATE 'MR000' THEN NULL;
                    END;
            END;
        ELSE
            CASE v_outcome
                WHEN 'done' THEN RETURN 'completed';
                WHEN 'cancelled' THEN RETURN 'cancelled';
                WHEN 'discarded' THEN RETURN 'discarded';
                ELSE NULL;                      -- it is on its way from one table to another: look again
            END CASE;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'job % moved too fast to be cancelled', p_job USING ERRCODE = '40001';
END $$;

CREATE OR REPLACE FUNCTION end_waiting(p_job UUID, p_outcome outcome_kind, p_reason TEXT, p_failure JSONB) RETURNS BOOL LANGUAGE plpgsql AS $$
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
    PERFORM count_part(j.headers, j.run, p_outcome);
    INSERT INTO cancel_mark (part, seq, stream, xid) VALUES (j.part, j.seq, j.stream, j.xid);
    RETURN true;
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
            SELECT v_part, front_of(stream), job_id, run, no + 1, attempt, rescues + 1, charge, kind, kind_version, payload, headers, expires_at,
                   enqueued_at
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

-- As before; but what waits for no time is never due, and batches are looked at of which parts have ended otherwise than by a flush.
CREATE OR REPLACE FUNCTION promote(p_node UUID, p_epoch INT, p_limit INT, p_cursor timer_cursor)
RETURNS TABLE (count INT, next_millis BIGINT, next_cursor timer_cursor) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE c timer_cursor := p_cursor; v_now TIMESTAMPTZ; v_whole BOOL; v_from TIMESTAMPTZ; v_late timer[]; t timer; p parked; v_n INT;
    v_next TIMESTAMPTZ; v_low TIMESTAMPTZ; v_seen PG_SNAPSHOT;
BEGIN
    PERFORM fence(p_node, p_epoch);
    v_now := clock_timestamp();
    IF c.looked_at IS NULL OR v_now < c.looked_at THEN
        c := ROW(v_now, '-infinity', NULL, NULL, v_now);
    END IF;
    v_whole := v_now >= c.whole_at;
    v_from := CASE WHEN v_whole THEN '-infinity' ELSE c.floor END;

    WITH due AS MATERIALIZED (
             SELECT id FROM timer WHERE run_at >= v_from AND run_at <= v_now ORDER BY run_at, id LIMIT p_limit FOR UPDATE SKIP LOCKED),
         taken AS (DELETE FROM timer USING due WHERE timer.id = due.id RETURNING timer.*),
         put AS (
             INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                                  enqueued_at)
             SELECT m.current_part, d.stream, d.job_id, d.run, d.no, d.attempt, d.rescues, d.charged, d.kind, d.kind_version, d.payload,
                    d.headers, d.expires_at, d.enqueued_at
               FROM meta m, taken d WHERE d.expires_at IS NULL OR d.expires_at >= v_now ORDER BY d.run_at, d.id
             RETURNING 1)
    SELECT (SELECT count(*) FROM put), (SELECT array_agg(taken::timer ORDER BY taken.run_at, taken.id) FROM taken WHERE taken.expires_at < v_now)
      INTO v_n, v_late;
    FOREACH t IN ARRAY coalesce(v_late, '{}') LOOP
        IF NOT EXISTS (SELECT FROM job_log j WHERE j.job_id = t.job_id AND j.run = t.run AND j.no = t.no) THEN
            PERFORM end_unclaimed(t.stream, t.job_id, t.run, t.no, t.attempt, t.rescues, t.charged, t.kind, t.kind_version, t.payload,
                t.headers, t.expires_at, t.enqueued_at, 'discarded', NULL, expiry_failure(t.no, t.attempt, t.rescues));
        END IF;
    END LOOP;
    FOR p IN
        WITH late AS MATERIALIZED (
            SELECT id FROM parked WHERE expires_at < v_now ORDER BY expires_at LIMIT least(p_limit, 100) FOR UPDATE SKIP LOCKED)
        DELETE FROM parked USING late WHERE parked.id = late.id RETURNING parked.*
    LOOP
        PERFORM end_unclaimed(p.stream, p.job_id, p.run, p.no, p.attempt, p.rescues, p.charged, p.kind, p.kind_version, p.payload, p.headers,
                              p.expires_at, p.enqueued_at, 'discarded', NULL, expiry_failure(p.no, p.attempt, p.rescues));
    END LOOP;

    -- The snapshot first, then what is left, as a later one sees it: what another node has taken and not committed is left.
    v_seen := pg_current_snapshot();
    v_next := (SELECT min(run_at) FROM timer WHERE run_at >= v_from AND run_at < 'infinity');
    v_low := least(v_next, v_now);
    IF v_low < c.floor THEN
        c.floor := v_low; c.low := NULL; c.low_xid := NULL;
    END IF;
    IF pg_snapshot_xmin(v_seen) >= c.low_xid THEN
        c.floor := greatest(c.floor, least(c.low, v_low) - INTERVAL '2 s');
        c.low := NULL; c.low_xid := NULL;
    END IF;
    -- The number is our own, above all that were given before; a snapshot's xmax may be below one that is open. Who has moved nothing has none, and
    -- needs none: nothing was deleted.
    IF c.low_xid IS NULL AND pg_current_xact_id_if_assigned() IS NOT NULL THEN
        c.low := v_low;
        c.low_xid := pg_current_xact_id_if_assigned();
    END IF;
    c.looked_at := v_now;
    IF EXISTS (SELECT FROM batch_count WHERE NOT looked) THEN
        PERFORM follow_unlooked();                                       -- last: its locks come last
    END IF;
    IF v_whole THEN
        c.whole_at := clock_timestamp() + greatest(INTERVAL '1 min', 100 * (clock_timestamp() - v_now));
    END IF;
    RETURN QUERY SELECT v_n, CASE WHEN v_next IS NOT NULL
                        THEN greatest(0, ceil(extract(epoch FROM v_next - clock_timestamp()) * 1000))::BIGINT END, c;
END $$;

-- As before; but the cancel of a job that follows a batch is taken back so that it follows it.
CREATE OR REPLACE FUNCTION requeue_one(p_change UUID, p_job UUID, p_run INT, p_outcome outcome_kind, p_priority INT, p_back BOOL, p_run_at TIMESTAMPTZ) RETURNS TEXT
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

-- As before; but what waits for no time tells none.
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
         ORDER BY i.nr;
END $$;

-- ---------------------------------------------------------------------------------------------- looking, and keeping

-- How far a batch is; no row if it is not known.
CREATE FUNCTION look_at_batch(p_batch UUID)
RETURNS TABLE (parts BIGINT, completed BIGINT, discarded BIGINT, cancelled BIGINT, followed BOOL) LANGUAGE sql STABLE SET search_path = ${schema}, pg_temp AS $$
    SELECT b.parts, coalesce(c.completed, 0)::BIGINT, coalesce(c.discarded, 0)::BIGINT, coalesce(c.cancelled, 0)::BIGINT, b.followed_at IS NOT NULL
      FROM batch b
      LEFT JOIN LATERAL (SELECT sum(x.completed) AS completed, sum(x.discarded) AS discarded, sum(x.cancelled) AS cancelled
                           FROM batch_count x WHERE x.batch = b.id) c ON true
     WHERE b.id = p_batch
$$;

-- Parts of a batch from a place on, so many or some more; those that were enqueued together to the end of their row.
CREATE FUNCTION parts_of(p_batch UUID, p_from BIGINT, p_most INT) RETURNS SETOF UUID LANGUAGE plpgsql STABLE SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE p batch_piece; x batch_part; v_n INT := 0;
BEGIN
    FOR p IN SELECT * FROM batch_piece y
              WHERE y.batch = p_batch AND y.first >= coalesce((SELECT z.first FROM batch_piece z WHERE z.batch = p_batch AND z.first <= p_from
                                                                ORDER BY z.first DESC LIMIT 1), 0)
              ORDER BY y.first LOOP
        FOR x IN SELECT * FROM batch_part y WHERE y.piece = p.piece AND y.no > p_from - p.first - 1000 ORDER BY y.no LOOP
            RETURN QUERY SELECT u.job FROM unnest(x.jobs) WITH ORDINALITY u (job, nr) WHERE p.first + x.no + u.nr > p_from ORDER BY u.nr;
            v_n := v_n + cardinality(x.jobs);
            IF v_n >= p_most THEN RETURN; END IF;
        END LOOP;
    END LOOP;
END $$;

-- Batches whose parts have ended and whose job is no longer kept, some at a call; how many were looked at. What is kept is looked at again after a day.
CREATE FUNCTION sweep_batches(p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_now TIMESTAMPTZ := clock_timestamp(); v_ids UUID[]; v_gone UUID[];
BEGIN
    v_ids := ARRAY(SELECT id FROM batch WHERE sweep_at <= v_now ORDER BY sweep_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    v_gone := ARRAY(SELECT i FROM unnest(v_ids) i
                     WHERE NOT EXISTS (SELECT FROM timer t WHERE t.job_id = i) AND NOT EXISTS (SELECT FROM parked k WHERE k.job_id = i)
                       AND NOT EXISTS (SELECT FROM job_log l WHERE l.job_id = i)
                       AND (SELECT coalesce(sum(c.completed + c.discarded + c.cancelled), 0) FROM batch_count c WHERE c.batch = i)
                           >= (SELECT b.parts FROM batch b WHERE b.id = i));
    DELETE FROM batch_part x USING unnest(v_gone) g (id), batch_piece p WHERE p.batch = g.id AND x.piece = p.piece;
    DELETE FROM batch_piece p USING unnest(v_gone) g (id) WHERE p.batch = g.id;
    DELETE FROM batch_count c USING unnest(v_gone) g (id) WHERE c.batch = g.id;
    DELETE FROM batch b USING unnest(v_gone) g (id) WHERE b.id = g.id;
    UPDATE batch b SET sweep_at = v_now + INTERVAL '1 day' FROM unnest(v_ids) g (id) WHERE b.id = g.id;
    RETURN cardinality(v_ids);
END $$;
