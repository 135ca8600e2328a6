-- A success without a result was a row of its own with an index entry of its own, which was more than a third of all that a job writes. Now one row
-- tells of up to 470 of them that stand close together in the log. What it says of a delivery is what a row of its own would say.
--
-- That a delivery ends once was kept by the key of `outcome`. Such a row has no key that could: whoever writes one looks first, under a lock
-- that all share who may end what the node holds. These are the node's own flushes, of which an earlier one may still be under way on a broken
-- connection, and who cancels. Not a handler in its own transaction: it ends no delivery that its node has ended, nor the other way round, which
-- the node sees to; and not a rescuer: the fence keeps it from the node's flushes.
--
-- Error codes: MR000 look again, which never leaves its function, MR010 another holds the endings of the node.

CREATE TABLE outcome_batch (
    part    INT         NOT NULL,    -- the deliveries'
    bucket  BIGINT      NOT NULL,    -- seq / 1024
    bits    BIT(1024)   NOT NULL,    -- which of them: seq % 1024, from the left
    node    UUID        NOT NULL,
    token   UUID        NOT NULL,    -- the claim they were held under: one
    base    TIMESTAMPTZ NOT NULL,    -- when the oldest was started
    started INT[]       NOT NULL,    -- of each, in order, in microseconds since base
    took    INT[]       NOT NULL,    -- of each, in microseconds
    at      TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CHECK (cardinality(started) > 0 AND cardinality(started) = bit_count(bits) AND cardinality(took) = bit_count(bits))
) PARTITION BY LIST (part);
CREATE INDEX ON outcome_batch (bucket);

-- As before, with the new table; two of its rows fit into a page, and stay there.
CREATE OR REPLACE FUNCTION attach_now(p_part INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE t TEXT;
BEGIN
    INSERT INTO part (no) VALUES (p_part) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    FOREACH t IN ARRAY ARRAY['job_log', 'claim', 'outcome', 'outcome_batch', 'start_mark', 'job_note'] LOOP   -- standalone, then attach: a
        EXECUTE format('CREATE TABLE %1$I (LIKE %2$I INCLUDING ALL, CHECK (part = %3$s))',                    -- PARTITION OF would stop
                       t || '_' || p_part, t, p_part);                                                        -- everybody
        EXECUTE format('ALTER TABLE %2$I ATTACH PARTITION %1$I FOR VALUES IN (%3$s)', t || '_' || p_part, t, p_part);
    END LOOP;
    EXECUTE format('ALTER TABLE %I SET (toast_tuple_target = 8160)', 'outcome_batch_' || p_part);
END $$;

DO $$
DECLARE v_no INT;
BEGIN
    FOR v_no IN SELECT no FROM part WHERE to_regclass('job_log_' || no) IS NOT NULL LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF outcome_batch FOR VALUES IN (%s)', 'outcome_batch_' || v_no, v_no);
        EXECUTE format('ALTER TABLE %I SET (toast_tuple_target = 8160)', 'outcome_batch_' || v_no);
    END LOOP;
END $$;

-- How a delivery ended; no row if it has not. For a FROM clause, where it becomes part of the statement: hence the schema's name in it.
CREATE FUNCTION ending_of(p_part INT, p_seq BIGINT)
RETURNS TABLE (outcome ${schema}.outcome_kind, node UUID, token UUID, started_at TIMESTAMPTZ, took_micros BIGINT, at TIMESTAMPTZ, reason TEXT,
               failure JSONB, result TEXT)
LANGUAGE sql STABLE AS $$
    SELECT o.outcome, o.node, o.token, o.started_at, o.took_micros, o.at, o.reason, o.failure, o.result
      FROM ${schema}.outcome o WHERE o.part = p_part AND o.seq = p_seq
     UNION ALL
    SELECT 'done'::${schema}.outcome_kind, b.node, b.token, b.base + b.started[b.nr] * INTERVAL '1 microsecond', b.took[b.nr]::BIGINT, b.at,
           NULL::TEXT, NULL::JSONB, NULL::TEXT
      FROM (SELECT x.*, bit_count(substring(x.bits FROM 1 FOR (p_seq & 1023)::INT + 1))::INT AS nr
              FROM ${schema}.outcome_batch x
             WHERE x.part = p_part AND x.bucket = p_seq >> 10 AND get_bit(x.bits, (p_seq & 1023)::INT) = 1) b
$$;

-- ---------------------------------------------------------------------------------------------- who ends

-- Of a node's numbers, which are positive, the negative: one that nobody else takes.
CREATE FUNCTION lock_endings(p_node UUID) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(m.lock_class, -n.lock_no) FROM meta m, node n WHERE n.id = p_node;
END $$;

-- The outcomes of a batch. Callers fence. As before, but a delivery may have ended in a row of many, and a claim is
-- looked up by its token whatever the statistics say: by its node it took longer with each claim.
CREATE OR REPLACE FUNCTION settle(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                       p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                       p_result TEXT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_streams INT[]; v_lo INT[]; v_hi INT[]; v_won_part INT[]; v_won_seq BIGINT[]; v_part INT; v_live INT := (SELECT live_part FROM meta);
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

    IF p_outcome && ARRAY['retry', 'timed_out', 'snooze', 'handed_back', 'parked'] AND v_won_seq IS NOT NULL THEN
        SELECT current_part INTO v_part FROM meta;
        WITH given AS MATERIALIZED (
            SELECT i.outcome, i.delay, i.reason, i.failure, j.*
              FROM unnest(p_claim, p_part, p_xid, p_seq, p_outcome, p_delay, p_reason, p_failure)
                   i (claim, part, xid, seq, outcome, delay, reason, failure)
              JOIN job_log j ON j.part = i.part AND j.stream = v_streams[i.claim] AND j.xid = i.xid::TEXT::XID8 AND j.seq = i.seq
             WHERE i.outcome IN ('retry', 'timed_out', 'snooze', 'handed_back', 'parked')
               AND EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq)),
        later AS (
            INSERT INTO timer (run_at, retry, reason, failure, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload,
                               headers, expires_at, enqueued_at)
            SELECT clock_timestamp() + delay * INTERVAL '1 ms', outcome <> 'snooze', reason, failure::JSONB, ordinary_of(stream), job_id, run,
                   no + 1, attempt + (outcome <> 'snooze')::INT, rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at
              FROM given WHERE outcome IN ('retry', 'timed_out', 'snooze') ORDER BY part, seq),
        aside AS (
            INSERT INTO parked (parking, reason, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers,
                                expires_at, enqueued_at)
            SELECT split_part(reason, ': ', 1), substr(reason, strpos(reason, ': ') + 2), ordinary_of(stream), job_id, run, no + 1, attempt,
                   rescues, charged, kind, kind_version, payload, headers, expires_at, enqueued_at
              FROM given WHERE outcome = 'parked' ORDER BY part, seq)
        INSERT INTO job_log (part, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
                             enqueued_at)
        SELECT v_part, front_of(stream), job_id, run, no + 1, attempt, rescues, charged, kind, kind_version, payload, headers, expires_at,
               enqueued_at
          FROM given WHERE outcome = 'handed_back' ORDER BY part, seq;
    END IF;

    IF cardinality(v_won_seq) IS DISTINCT FROM cardinality(p_seq) THEN
        RETURN QUERY
            SELECT i.nr, CASE WHEN o.token = p_tokens[i.claim] THEN 'repeated' ELSE 'lost' END
              FROM unnest(p_claim, p_part, p_seq) WITH ORDINALITY i (claim, part, seq, nr)
              LEFT JOIN LATERAL ending_of(i.part, i.seq) o ON true
             WHERE v_won_seq IS NULL
                OR NOT EXISTS (SELECT FROM unnest(v_won_part, v_won_seq) w (part, seq) WHERE w.part = i.part AND w.seq = i.seq);
    END IF;
END $$;

-- Successes without results, each of p_upto behind the one before in one row. Callers fence, and hold the endings' lock. Answers like settle(), with
-- numbers below zero.
CREATE FUNCTION settle_batches(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_bucket BIGINT[], p_bits TEXT[],
                               p_upto INT[], p_base TIMESTAMPTZ[], p_started INT[], p_took INT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_live INT := (SELECT live_part FROM meta);
    v_lo INT[]; v_hi INT[]; v_first INT := 1; v_bits BIT(1024); v_free INT[]; v_nr INT[]; v_verdict TEXT[];
BEGIN
    SELECT array_agg(c.lo_part ORDER BY t.nr), array_agg(c.hi_part ORDER BY t.nr) INTO v_lo, v_hi
      FROM unnest(p_tokens) WITH ORDINALITY t (token, nr)
      LEFT JOIN LATERAL (SELECT * FROM claim x WHERE x.token = t.token OFFSET 0) c ON c.node = p_node AND c.epoch = p_epoch;
    FOR i IN 1..cardinality(p_part) LOOP
        IF p_part[i] < v_live THEN                                              -- below the live partition everything has ended
            RETURN QUERY SELECT -n::BIGINT, 'lost' FROM generate_series(v_first, p_upto[i]) n;
            v_first := p_upto[i] + 1;
            CONTINUE;
        END IF;
        IF (p_part[i] BETWEEN v_lo[p_claim[i]] AND v_hi[p_claim[i]]) IS NOT TRUE THEN   -- the claim is still there, and ours
            RAISE EXCEPTION 'flush: unknown claim' USING ERRCODE = 'MR003';
        END IF;
        v_bits := p_bits[i];
        IF bit_count(v_bits) <> p_upto[i] - v_first + 1 THEN
            RAISE EXCEPTION 'flush: % deliveries, and % are marked', p_upto[i] - v_first + 1, bit_count(v_bits) USING ERRCODE = '22023';
        END IF;
        IF EXISTS (SELECT FROM outcome_batch b WHERE b.part = p_part[i] AND b.bucket = p_bucket[i] AND bit_count(b.bits & v_bits) > 0)
           OR EXISTS (SELECT FROM outcome o
                       WHERE o.part = p_part[i] AND o.seq BETWEEN p_bucket[i] * 1024 AND p_bucket[i] * 1024 + 1023
                         AND get_bit(v_bits, (o.seq & 1023)::INT) = 1) THEN
            SELECT array_agg(g.nr ORDER BY g.nr) FILTER (WHERE g.nr IS NOT NULL AND e.outcome IS NULL),
                   array_agg(g.nr ORDER BY g.nr) FILTER (WHERE e.outcome IS NOT NULL),
                   array_agg(CASE WHEN e.token = p_tokens[p_claim[i]] THEN 'repeated' ELSE 'lost' END ORDER BY g.nr)
                       FILTER (WHERE e.outcome IS NOT NULL),
                   string_agg(CASE WHEN g.nr IS NOT NULL AND e.outcome IS NULL THEN '1' ELSE '0' END, '' ORDER BY g.k)
              INTO v_free, v_nr, v_verdict, v_bits
              FROM (SELECT k, CASE WHEN get_bit(v_bits, k) = 1 THEN v_first - 1 + bit_count(substring(v_bits FROM 1 FOR k + 1))::INT END AS nr
                      FROM generate_series(0, 1023) k) g
              LEFT JOIN LATERAL ending_of(p_part[i], p_bucket[i] * 1024 + g.k) e ON g.nr IS NOT NULL;
            IF v_free IS NOT NULL THEN
                INSERT INTO outcome_batch (part, bucket, bits, node, token, base, started, took)
                VALUES (p_part[i], p_bucket[i], v_bits, p_node, p_tokens[p_claim[i]], p_base[i],
                        ARRAY(SELECT p_started[n] FROM unnest(v_free) WITH ORDINALITY f (n, o) ORDER BY o),
                        ARRAY(SELECT p_took[n] FROM unnest(v_free) WITH ORDINALITY f (n, o) ORDER BY o));
            END IF;
            RETURN QUERY SELECT -n::BIGINT, v FROM unnest(v_nr, v_verdict) u (n, v);
        ELSE
            INSERT INTO outcome_batch (part, bucket, bits, node, token, base, started, took)
            VALUES (p_part[i], p_bucket[i], v_bits, p_node, p_tokens[p_claim[i]], p_base[i],
                    p_started[v_first:p_upto[i]], p_took[v_first:p_upto[i]]);
        END IF;
        v_first := p_upto[i] + 1;
    END LOOP;
END $$;

-- All outcomes of a flush: those in a row of their own, and those in a row of many.
CREATE FUNCTION flush(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                      p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                      p_result TEXT[], p_wait_millis INT, p_batch_claim INT[], p_batch_part INT[], p_batch_bucket BIGINT[], p_batch_bits TEXT[],
                      p_batch_upto INT[], p_batch_base TIMESTAMPTZ[], p_batch_started INT[], p_batch_took INT[])
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM set_config('lock_timeout', p_wait_millis::TEXT, true);         -- of this transaction, which is this call
    PERFORM fence(p_node, p_epoch);
    BEGIN
        PERFORM lock_endings(p_node);
    EXCEPTION WHEN lock_not_available THEN                                  -- not one outcome that somebody holds, but all of them: no use to halve
        RAISE EXCEPTION 'another flush of this node, or a cancel, is under way' USING ERRCODE = 'MR010';
    END;
    IF cardinality(p_batch_part) > 0 THEN
        RETURN QUERY SELECT * FROM settle_batches(p_node, p_epoch, p_tokens, p_batch_claim, p_batch_part, p_batch_bucket, p_batch_bits,
                                                  p_batch_upto, p_batch_base, p_batch_started, p_batch_took);
    END IF;
    IF cardinality(p_seq) > 0 THEN
        RETURN QUERY SELECT * FROM settle(p_node, p_epoch, p_tokens, p_claim, p_part, p_xid, p_seq, p_job, p_outcome, p_started, p_took, p_delay,
                                          p_reason, p_failure, p_result);
    END IF;
END $$;

-- For nodes of the build before, which may still be running.
CREATE OR REPLACE FUNCTION flush(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[],
                      p_job UUID[], p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[],
                      p_failure TEXT[], p_result TEXT[], p_wait_millis INT)
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE sql VOLATILE SET search_path = ${schema}, pg_temp AS $$
    SELECT * FROM flush(p_node, p_epoch, p_tokens, p_claim, p_part, p_xid, p_seq, p_job, p_outcome, p_started, p_took, p_delay, p_reason, p_failure,
                        p_result, p_wait_millis, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
$$;

-- The state the job is in now; null if it is not known. Exactly one of this and the job's own ending wins. Who may end it otherwise is held off: what is
-- not claimed is not claimed meanwhile, by the stream's lock; what is claimed its node does not flush meanwhile, by the lock of its endings. One
-- statement, and no transaction of several: whoever stands still in the midst of it would hold up a stream, or a node.
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

-- ---------------------------------------------------------------------------------------------- who asks whether it has ended

CREATE OR REPLACE FUNCTION put_checkpoint(p_part INT, p_seq BIGINT, p_job UUID, p_run INT, p_no INT, p_value TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO checkpoint AS c (job_id, run, no, value) VALUES (p_job, p_run, p_no, p_value)
        ON CONFLICT (job_id) DO UPDATE SET run = excluded.run, no = excluded.no, value = excluded.value, at = clock_timestamp()
     WHERE (c.run, c.no) <= (excluded.run, excluded.no);
    IF NOT FOUND OR EXISTS (SELECT FROM ending_of(p_part, p_seq)) THEN
        RAISE EXCEPTION 'job % has ended here, or runs elsewhere', p_job USING ERRCODE = 'MR008';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION open_places(p_node UUID, p_limit INT) RETURNS SETOF place LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE m manifest;
BEGIN
    SELECT * INTO m FROM manifest WHERE node = p_node ORDER BY no DESC LIMIT 1;
    RETURN QUERY
        SELECT o.* FROM (
               SELECT j.part, j.stream, j.xid, j.seq FROM unnest(m.open) u
                 JOIN job_log j ON j.part = u.part AND j.stream = u.stream AND j.xid = u.xid AND j.seq = u.seq
                UNION
               SELECT r.* FROM claim c CROSS JOIN LATERAL claim_rows(c) r WHERE c.node = p_node AND c.ordinal > coalesce(m.upto_ordinal, -1)) o
         WHERE NOT EXISTS (SELECT FROM ending_of(o.part, o.seq))
         ORDER BY o.part, o.seq LIMIT p_limit;
END $$;

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
    SELECT current_part, ordinary_of(j.stream), j.job_id, j.run + 1, j.kind, j.kind_version, j.payload, j.headers FROM meta;
    PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = j.stream;
    INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'requeue', p_job::TEXT, p_reason);
    RETURN CASE v_outcome WHEN 'done' THEN 'completed' ELSE v_outcome::TEXT END;
END $$;

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
               first.enqueued_at, j.expires_at, t.run_at, coalesce(o.started_at, c.at), CASE WHEN now.ended THEN o.at END,
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

CREATE OR REPLACE FUNCTION settle_stream(p_part INT, p_stream INT, p_limit INT) RETURNS INT LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE s settling; v_seen INT; v_passed INT; v_xid XID8; v_seq BIGINT;
BEGIN
    INSERT INTO settling VALUES (p_part, p_stream, '0', 0) ON CONFLICT DO NOTHING;
    SELECT * INTO s FROM settling WHERE part = p_part AND stream = p_stream FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR s.done THEN RETURN 0; END IF;                              -- another node is at it, or it was done before
    PERFORM FROM (SELECT j.seq FROM job_log j WHERE j.part = p_part AND j.stream = p_stream AND (j.xid, j.seq) > (s.xid, s.seq)
                   ORDER BY j.xid, j.seq LIMIT 1) n
      WHERE NOT EXISTS (SELECT FROM ending_of(p_part, n.seq));
    IF FOUND THEN RETURN 0; END IF;                                            -- it stands before an open one
    WITH next AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY n.xid, n.seq) AS nr, n.* FROM (
               SELECT j.xid, j.seq, o.ended IS NOT NULL AS ended
                 FROM job_log j
                 LEFT JOIN LATERAL (SELECT true AS ended FROM ending_of(p_part, j.seq) LIMIT 1) o ON true
                WHERE j.part = p_part AND j.stream = p_stream AND (j.xid, j.seq) > (s.xid, s.seq)
                ORDER BY j.xid, j.seq LIMIT p_limit) n),
    first AS (SELECT min(nr) AS open FROM next WHERE NOT ended)
    SELECT (SELECT count(*) FROM next), count(*), (array_agg(n.xid ORDER BY n.nr DESC))[1], (array_agg(n.seq ORDER BY n.nr DESC))[1]
      INTO v_seen, v_passed, v_xid, v_seq
      FROM next n, first f WHERE f.open IS NULL OR n.nr < f.open;
    UPDATE settling SET xid = coalesce(v_xid, xid), seq = coalesce(v_seq, seq), done = (v_passed = v_seen AND v_seen < p_limit)
     WHERE part = p_part AND stream = p_stream AND (v_passed > 0 OR v_seen = 0);
    RETURN v_passed;
END $$;

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
    SELECT v_new, o.stream, o.job_id, o.run, o.no + 1, o.attempt, o.rescues, o.charged, o.kind, o.kind_version, o.payload, o.headers,
           o.expires_at, o.enqueued_at FROM open o JOIN moved w ON w.part = o.part AND w.seq = o.seq ORDER BY o.part, o.seq;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    UPDATE part SET settled_at = coalesce(settled_at, clock_timestamp()) WHERE no < v_new;
    INSERT INTO audit (by, action, target, reason) VALUES ('millrace', 'rebase', v_n || ' deliveries', 'the database was restored or copied');
    RETURN v_n;
END $$;
