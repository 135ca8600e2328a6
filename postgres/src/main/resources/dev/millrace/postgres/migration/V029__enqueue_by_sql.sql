-- For programs in other languages, and for triggers: a job by one call, in the caller's transaction. Its names and its meaning stay.
--
--   SELECT millrace.enqueue('send-invoice', '{"order": 42}', queue => 'billing', run_in => '5 minutes', idempotency_key => 'request-7');

-- A time-ordered id (RFC 9562, version 7): milliseconds, then chance.
CREATE FUNCTION new_job_id() RETURNS UUID LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT), 12, '0') || '7'
            || substr(replace(gen_random_uuid()::TEXT, '-', ''), 14, 19))::UUID
$$;

CREATE FUNCTION check_name(p_what TEXT, p_name TEXT) RETURNS VOID LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_name IS NULL OR p_name !~ '^[a-z0-9][a-z0-9_.-]{0,62}$' THEN
        RAISE EXCEPTION '% can''t be called "%"', p_what, p_name USING ERRCODE = '22023',
              HINT = 'A name has 1 to 63 lower-case letters, digits, dots, dashes or underscores, and begins with a letter or digit.';
    END IF;
END $$;

CREATE FUNCTION check_word(p_what TEXT, p_word TEXT) RETURNS VOID LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_word IS NULL THEN RETURN; END IF;
    IF btrim(p_word) = '' OR length(p_word) > 200 OR p_word ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION '% is empty, longer than 200 characters, or holds a control character', p_what USING ERRCODE = '22023',
              HINT = 'Leave it out, shorten it, or use a hash of it.';
    END IF;
END $$;

-- As Unique.by(…) writes its values: the same key from both sides.
CREATE FUNCTION unique_key_of(p_kind TEXT, p_values JSONB) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE v_values TEXT;
BEGIN
    IF jsonb_typeof(p_values) <> 'array' OR EXISTS (
           SELECT FROM jsonb_array_elements(p_values) v WHERE jsonb_typeof(v) NOT IN ('string', 'number', 'boolean')) THEN
        RAISE EXCEPTION 'unique_by is a list of texts, numbers and booleans, and not %', p_values USING ERRCODE = '22023', HINT = 'Such as ''[7, "due"]''.';
    END IF;
    SELECT '(' || coalesce(string_agg(CASE jsonb_typeof(v) WHEN 'string' THEN '"' || replace(replace(v #>> '{}', '\', '\\'), '"', '\"') || '"'
                                                           WHEN 'number' THEN trim_scale((v #>> '{}')::NUMERIC)::TEXT ELSE v #>> '{}' END, ',' ORDER BY nr), '') || ')'
      INTO v_values FROM jsonb_array_elements(p_values) WITH ORDINALITY e (v, nr);
    IF length(v_values) + (SELECT count(*) FROM regexp_matches(v_values, '[\U00010000-\U0010FFFF]', 'g')) > 500 THEN      -- as Java counts characters
        v_values := '(sha256:' || encode(sha256(convert_to(v_values, 'UTF8')), 'hex') || ')';
    END IF;
    RETURN p_kind || v_values;
END $$;

-- Enqueues a job and answers its id: of the job that is there, if its idempotency key was used for the same request, or its unique key is held.
CREATE FUNCTION enqueue(kind TEXT, payload JSON DEFAULT '{}', queue TEXT DEFAULT 'default', priority TEXT DEFAULT 'normal', version INT DEFAULT 1,
                        run_in INTERVAL DEFAULT NULL, run_at TIMESTAMPTZ DEFAULT NULL, expires_in INTERVAL DEFAULT NULL,
                        idempotency_key TEXT DEFAULT NULL, unique_by JSONB DEFAULT NULL, unique_within INTERVAL DEFAULT NULL,
                        tenant TEXT DEFAULT NULL, tags TEXT[] DEFAULT NULL, headers JSONB DEFAULT NULL, notify BOOL DEFAULT false)
RETURNS UUID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_rank INT := array_position(ARRAY['urgent', 'high', 'normal', 'bulk'], enqueue.priority) - 1;
    v_id UUID := new_job_id();
    v_headers JSONB := coalesce(enqueue.headers, '{}');
    v_payload TEXT := enqueue.payload::TEXT;
    v_stream INT; v_shards INT; v_shard INT; v_request TEXT; v_holder UUID; v_known TEXT; v_now TIMESTAMPTZ; v_at TIMESTAMPTZ; v_expires TIMESTAMPTZ;
BEGIN
    PERFORM check_name('A kind', enqueue.kind);
    PERFORM check_name('A queue', enqueue.queue);
    PERFORM check_word('An idempotency key', enqueue.idempotency_key);
    PERFORM check_word('A tenant', enqueue.tenant);
    PERFORM check_word('A tag', t) FROM unnest(enqueue.tags) t;
    IF v_rank IS NULL THEN
        RAISE EXCEPTION 'There is no priority "%"', enqueue.priority USING ERRCODE = '22023', HINT = 'It is urgent, high, normal or bulk.';
    END IF;
    IF enqueue.version IS NULL OR enqueue.version < 1 THEN
        RAISE EXCEPTION 'The version of a kind can''t be %', enqueue.version USING ERRCODE = '22023', HINT = 'It is 1 or more.';
    END IF;
    IF v_payload IS NULL THEN
        RAISE EXCEPTION 'The payload is NULL' USING ERRCODE = '22023', HINT = 'Pass JSON, such as ''{"order": 42}''; or leave it out.';
    END IF;
    IF octet_length(v_payload) > 262144 THEN
        RAISE EXCEPTION 'The payload has % bytes, and at most 262,144 are stored', octet_length(v_payload) USING ERRCODE = '22023',
              HINT = 'Keep the data in a table of your own, and enqueue its key.';
    END IF;
    IF enqueue.run_in IS NOT NULL AND enqueue.run_at IS NOT NULL THEN
        RAISE EXCEPTION 'run_in and run_at say two things about when the job runs' USING ERRCODE = '22023', HINT = 'Give one of them.';
    END IF;
    IF enqueue.run_in < INTERVAL '0' OR enqueue.expires_in <= INTERVAL '0' OR enqueue.unique_within <= INTERVAL '0' THEN
        RAISE EXCEPTION 'A span of time lies in the past' USING ERRCODE = '22023', HINT = 'run_in, expires_in and unique_within count from now on.';
    END IF;
    IF enqueue.expires_in <= coalesce(enqueue.run_in, enqueue.run_at - clock_timestamp()) THEN
        RAISE EXCEPTION 'The job would expire before it may run' USING ERRCODE = '22023', HINT = 'Both count from now; make expires_in longer.';
    END IF;
    IF greatest(enqueue.run_in, enqueue.expires_in, enqueue.unique_within, enqueue.run_at - clock_timestamp()) > INTERVAL '3650 days' THEN
        RAISE EXCEPTION 'A span of time is longer than ten years' USING ERRCODE = '22023', HINT = 'Check its unit.';
    END IF;
    IF enqueue.unique_within IS NOT NULL AND enqueue.unique_by IS NULL THEN
        RAISE EXCEPTION 'unique_within says for how long a key is unique, and there is none' USING ERRCODE = '22023', HINT = 'Add unique_by => ''[7, "due"]''.';
    END IF;
    IF EXISTS (SELECT FROM unnest(enqueue.tags) t WHERE t IS NULL OR strpos(t, ',') > 0) THEN
        RAISE EXCEPTION 'A tag holds a comma, which separates tags, or is NULL' USING ERRCODE = '22023', HINT = 'Give tags one by one: tags => ''{a,b}''.';
    END IF;
    IF jsonb_typeof(v_headers) <> 'object' OR EXISTS (
           SELECT FROM jsonb_each(v_headers) h (name, value)
            WHERE jsonb_typeof(h.value) <> 'string' OR h.name IN ('tenant', 'tags', 'parent', 'schedule', 'slot')) THEN
        RAISE EXCEPTION 'headers is an object of texts without the names tenant, tags, parent, schedule and slot, and not %', v_headers
              USING ERRCODE = '22023', HINT = 'Such as ''{"trace": "4bf9"}''; tenant and tags have parameters of their own.';
    END IF;
    IF (SELECT count(*) FROM jsonb_object_keys(v_headers)) > 30 THEN
        RAISE EXCEPTION 'A job has at most 32 headers, tenant and tags included' USING ERRCODE = '22023', HINT = 'What its handler needs belongs in its payload.';
    END IF;
    PERFORM check_name('A header', h.name), check_word('A header', h.value) FROM jsonb_each_text(v_headers) h (name, value);
    IF enqueue.tenant IS NOT NULL THEN v_headers := v_headers || jsonb_build_object('tenant', enqueue.tenant); END IF;
    IF cardinality(enqueue.tags) > 0 THEN v_headers := v_headers || jsonb_build_object('tags', array_to_string(enqueue.tags, ',')); END IF;

    SELECT m.shards INTO v_shards FROM meta m;
    v_shard := CASE WHEN enqueue.tenant IS NULL THEN floor(random() * v_shards)::INT ELSE abs(hashtext(enqueue.tenant)::BIGINT) % v_shards END;
    SELECT s.id INTO v_stream FROM stream s WHERE s.queue = enqueue.queue AND s.priority = v_rank AND s.shard = v_shard;
    IF v_stream IS NULL THEN
        RAISE EXCEPTION 'The queue "%" is not known here yet', enqueue.queue USING ERRCODE = '22023',
              HINT = format('Start a node that serves it; or make it, in a transaction of its own: SELECT %I.add_queue(%L)', current_schema(), enqueue.queue);
    END IF;

    IF enqueue.idempotency_key IS NOT NULL THEN
        v_request := format('%s version %s in queue %s at %s run in %s, at %s, expires in %s, tenant %s, unique %s within %s, with payload sha256:%s',
            enqueue.kind, enqueue.version, enqueue.queue, enqueue.priority, extract(epoch FROM enqueue.run_in), extract(epoch FROM enqueue.run_at),
            extract(epoch FROM enqueue.expires_in), enqueue.tenant, enqueue.unique_by, extract(epoch FROM enqueue.unique_within), encode(sha256(convert_to(v_payload, 'UTF8')), 'hex'));
        FOR n IN 1..5 LOOP
            INSERT INTO idempotency_key (key, request, job_id) VALUES (enqueue.idempotency_key, v_request, v_id) ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
            SELECT k.job_id, k.request INTO v_holder, v_known FROM idempotency_key k WHERE k.key = enqueue.idempotency_key;
            CONTINUE WHEN NOT FOUND;                                  -- it expired between the two statements
            IF v_known = v_request THEN RETURN v_holder; END IF;
            RAISE EXCEPTION 'The idempotency key "%" stands for another request, job %: %. This one is: %.', enqueue.idempotency_key, v_holder, v_known, v_request
                  USING ERRCODE = 'MR009', HINT = 'Use a new key for a new request.';
        END LOOP;
    END IF;

    IF enqueue.unique_by IS NOT NULL THEN
        SELECT u.job_id INTO v_holder FROM enqueue_unique(
            ARRAY[unique_key_of(enqueue.kind, enqueue.unique_by)], ARRAY[CASE WHEN enqueue.unique_within IS NULL THEN 'until_ended' ELSE 'within' END],
            ARRAY[(extract(epoch FROM enqueue.unique_within) * 1000)::BIGINT], false, true, ARRAY[v_stream], ARRAY[enqueue.queue], ARRAY[v_rank],
            ARRAY[enqueue.run_at], ARRAY[(extract(epoch FROM enqueue.run_in) * 1000)::BIGINT], ARRAY[v_id], ARRAY[enqueue.kind], ARRAY[enqueue.version],
            ARRAY[v_payload], ARRAY[nullif(v_headers, '{}')::TEXT], ARRAY[(extract(epoch FROM enqueue.expires_in) * 1000)::BIGINT]) u;
        IF v_holder <> v_id AND enqueue.idempotency_key IS NOT NULL THEN
            UPDATE idempotency_key k SET job_id = v_holder WHERE k.key = enqueue.idempotency_key AND k.job_id = v_id;
        END IF;
        v_id := v_holder;
    ELSE
        PERFORM pg_current_xact_id();                                 -- before the clock is read: see promote
        v_now := clock_timestamp();
        v_at := coalesce(enqueue.run_at, v_now + enqueue.run_in, v_now);
        v_expires := v_now + enqueue.expires_in;
        IF v_at <= v_now THEN
            INSERT INTO job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
            SELECT m.current_part, v_stream, v_id, enqueue.kind, enqueue.version, v_payload, nullif(v_headers, '{}'), v_expires, v_now FROM meta m;
        ELSE
            INSERT INTO timer (run_at, retry, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
            VALUES (v_at, false, v_stream, v_id, enqueue.kind, enqueue.version, v_payload, nullif(v_headers, '{}'), v_expires, v_now);
        END IF;
    END IF;
    IF enqueue.notify THEN PERFORM pg_notify(current_schema() || '_wake', enqueue.queue); END IF;
    RETURN v_id;
END $$;

COMMENT ON FUNCTION enqueue IS
'Enqueues a job in this transaction and answers its id. Parameters have names: enqueue(''send-invoice'', ''{"order": 42}'', queue => ''billing'').
run_in, run_at: not before. expires_in: discarded if it has not started by then. idempotency_key: the same request again gives the same job, for a day.
unique_by, unique_within: one job of the kind and these values until it has ended, or within this time. notify => true: nodes are told at the commit, and find it in
milliseconds instead of a second; not for transactions that are prepared for a two-phase commit, and not in triggers that many fire at once.';
