-- What Java can say of a job, SQL can say too: an order, a limit, what it runs after, a tenant's share. And what SQL enqueues for a tenant that is set aside goes
-- where Java would send it.

-- ---------------------------------------------------------------------------------------------- keys

-- As Java writes the values of a key, character by character: the same key from both sides. Where they are longer than p_most, as Java counts characters, a hash of them.
CREATE FUNCTION key_text(p_what TEXT, p_values JSONB, p_most INT, p_blanks BOOL) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE v_values TEXT; v_writable BOOL; v_blank BOOL;
BEGIN
    IF jsonb_typeof(p_values) = 'array' THEN
        SELECT '(' || coalesce(string_agg(CASE e.type WHEN 'string' THEN '"' || replace(replace(e.v #>> '{}', '\', '\\'), '"', '\"') || '"'
                                                    WHEN 'number' THEN trim_scale((e.v #>> '{}')::NUMERIC)::TEXT ELSE e.v #>> '{}' END, ',' ORDER BY e.nr), '') || ')',
               coalesce(bool_and(e.type IN ('string', 'number', 'boolean')), true), bool_or(e.type = 'string' AND e.v #>> '{}' !~ '[^[:space:]]')
          INTO v_values, v_writable, v_blank FROM (SELECT v, nr, jsonb_typeof(v) FROM jsonb_array_elements(p_values) WITH ORDINALITY a (v, nr)) e (v, nr, type);
    END IF;
    IF v_writable IS NOT TRUE THEN
        RAISE EXCEPTION '% is a list of texts, numbers and booleans, and not %', p_what, left(p_values::TEXT, 200) USING ERRCODE = '22023',
              HINT = 'Such as ''[7, "due"]''.';
    END IF;
    IF v_blank AND NOT p_blanks THEN
        RAISE EXCEPTION '% has an empty text: all jobs that have no such value would share it', p_what USING ERRCODE = '22023', HINT = 'Leave it out, or give a value.';
    END IF;
    IF octet_length(v_values) > p_most                                -- Java never counts more of them than there are bytes
       AND length(v_values) + length(regexp_replace(v_values, '[^\U00010000-\U0010FFFF]', '', 'g')) > p_most THEN
        v_values := '(sha256:' || encode(sha256(convert_to(v_values, 'UTF8')), 'hex') || ')';
    END IF;
    RETURN v_values;
END $$;

-- As before; its values as those of all keys.
CREATE OR REPLACE FUNCTION unique_key_of(p_kind TEXT, p_values JSONB) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN p_kind || ${schema}.key_text('unique_by', p_values, 500, true);
END $$;

-- Which of so many shards a text goes to, by rendezvous hashing as in Java's ShardChoice: FNV-1a of its bytes, mixed with the shard's number by the finaliser of SplitMix64;
-- the highest score wins. A product of 64 bits that may overflow is made of halves here, and shifts lose what goes beyond: (high << 32) | low is the number again.
CREATE FUNCTION home_shard(p_text TEXT, p_shards INT) RETURNS INT LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    k_low CONSTANT BIGINT := 4294967295;
    v_bytes BYTEA := convert_to(p_text, 'UTF8');
    v_hash BIGINT := (3421674724::BIGINT << 32) | 2216829733;         -- 0xCBF29CE484222325
    v_best INT := 0; v_highest BIGINT; z BIGINT; l BIGINT; h BIGINT; p BIGINT;
BEGIN
    FOR i IN 0..octet_length(v_bytes) - 1 LOOP                        -- times 0x100000001B3
        v_hash := v_hash # get_byte(v_bytes, i);
        l := (v_hash & k_low) * 435;
        v_hash := ((((v_hash >> 32) & k_low) * 435 + (l >> 32) + ((v_hash & k_low) << 8)) << 32) | (l & k_low);
    END LOOP;
    FOR shard IN 0..p_shards - 1 LOOP
        z := v_hash # ((v_hash >> 30) & 17179869183);
        l := z & k_low;                                               -- times 0xBF58476D1CE4E5B9
        h := (z >> 32) & k_low;
        p := l * 7396;
        z := l * 58809 + ((p & 65535) << 16);
        z := (((z >> 32) + (p >> 16) + l * 18285 + (((l * 48984) & 65535) << 16) + h * 58809 + (((h * 7396) & 65535) << 16)) << 32) | (z & k_low);
        z := z # ((z >> 27) & 137438953471);
        l := z & k_low;                                               -- times 0x94D049BB133111EB
        h := (z >> 32) & k_low;
        p := l * 4913;
        z := l * 4587 + ((p & 65535) << 16);
        z := (((z >> 32) + (p >> 16) + l * 18875 + (((l * 38096) & 65535) << 16) + h * 4587 + (((h * 4913) & 65535) << 16)) << 32) | (z & k_low);
        z := z # ((z >> 31) & 8589934591);
        IF v_highest IS NULL OR z > v_highest THEN
            v_highest := z;
            v_best := shard;
        END IF;
        l := (v_hash & k_low) + 2135587861;                           -- the next one: plus 0x9E3779B97F4A7C15
        v_hash := ((((v_hash >> 32) & k_low) + 2654435769 + (l >> 32)) << 32) | (l & k_low);
    END LOOP;
    RETURN v_best;
END $$;

-- ---------------------------------------------------------------------------------------------- lines

-- The headers of a job with an order or a limit, as Java's Line writes them; and what is not to be is refused as Java's Limit does.
CREATE FUNCTION line_headers(p_in_order JSONB, p_limit_name TEXT, p_concurrency INT, p_rate INT, p_rate_per INTERVAL, p_burst INT, p_weight INT, p_limit_by JSONB)
RETURNS JSONB LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE k_most CONSTANT INT := 100000; k_longest CONSTANT BIGINT := 2678400000; v_headers JSONB := '{}'; v_wrong RECORD; v_millis BIGINT;
BEGIN
    IF p_in_order IS NOT NULL THEN
        IF p_in_order = '[]' THEN
            RAISE EXCEPTION 'in_order has no values, and needs to know whose order it is' USING ERRCODE = '22023',
                  HINT = 'Such as ''["account", 7]''. If all jobs of the queue are to run one by one, on one node, say a word: ''["all"]''.';
        END IF;
        v_headers := jsonb_build_object(':order', ${schema}.key_text('in_order', p_in_order, 200, false));
    END IF;
    IF p_limit_name IS NULL THEN
        IF num_nonnulls(p_concurrency, p_rate, p_rate_per, p_burst, p_weight, p_limit_by) > 0 THEN
            SELECT g.name, g.value INTO v_wrong FROM (VALUES ('concurrency', p_concurrency::TEXT), ('rate', p_rate::TEXT), ('rate_per', p_rate_per::TEXT),
                   ('burst', p_burst::TEXT), ('weight', p_weight::TEXT), ('limit_by', p_limit_by::TEXT)) g (name, value) WHERE g.value IS NOT NULL LIMIT 1;
            RAISE EXCEPTION '% says % of a limit, and there is none', v_wrong.name, left(v_wrong.value, 200) USING ERRCODE = '22023',
                  HINT = 'Add limit_name => ''shop''. Limits with one name are one limit.';
        END IF;
        RETURN v_headers;
    END IF;

    PERFORM ${schema}.check_name('A limit', p_limit_name);
    IF least(p_concurrency, p_rate, p_burst, p_weight) < 1 OR greatest(p_concurrency, p_rate, p_burst, p_weight) > k_most THEN
        SELECT g.name, g.value INTO v_wrong FROM (VALUES ('concurrency', p_concurrency), ('rate', p_rate), ('burst', p_burst), ('weight', p_weight)) g (name, value)
         WHERE g.value NOT BETWEEN 1 AND k_most LIMIT 1;
        RAISE EXCEPTION '% can''t be %', v_wrong.name, v_wrong.value USING ERRCODE = '22023', HINT = 'It is 1 to 100,000.';
    END IF;
    IF (p_rate IS NULL) <> (p_rate_per IS NULL) THEN
        RAISE EXCEPTION 'The limit % has % and no %', p_limit_name, CASE WHEN p_rate IS NULL THEN 'rate_per' ELSE 'rate' END, CASE WHEN p_rate IS NULL THEN 'rate' ELSE 'rate_per' END
              USING ERRCODE = '22023', HINT = 'Say how many jobs may start in which time: rate => 100, rate_per => ''1 minute''.';
    END IF;
    IF p_concurrency IS NULL AND p_rate IS NULL THEN
        RAISE EXCEPTION 'The limit % limits nothing', p_limit_name USING ERRCODE = '22023',
              HINT = 'Say how many of its jobs may run at once, concurrency => 2, or start in a time, rate => 100, rate_per => ''1 minute''.';
    END IF;
    IF p_rate IS NULL AND (p_burst IS NOT NULL OR p_weight > 1) THEN
        RAISE EXCEPTION 'The limit % has a % and no rate to take it from', p_limit_name, CASE WHEN p_burst IS NOT NULL THEN 'burst' ELSE 'weight' END
              USING ERRCODE = '22023', HINT = 'Say the rate too: rate => 100, rate_per => ''1 minute''.';
    END IF;
    v_headers := v_headers || jsonb_build_object(':limit',
        format('%s %s %s', p_limit_name, coalesce(p_concurrency, k_most), ${schema}.key_text('limit_by', coalesce(p_limit_by, '[]'), 200, false)));
    IF p_rate IS NULL THEN RETURN v_headers; END IF;

    IF p_rate_per < INTERVAL '1 ms' OR p_rate_per > INTERVAL '31 days' THEN
        RAISE EXCEPTION 'rate_per can''t be %', p_rate_per USING ERRCODE = '22023', HINT = 'It is 1 ms to 31 days.';
    END IF;
    v_millis := trunc(extract(epoch FROM p_rate_per) * 1000);
    IF v_millis * 1000000 / p_rate > k_longest * 1000000 / coalesce(p_burst, 1) THEN
        RAISE EXCEPTION 'The limit % can''t let % start at once: it would take the rate of % in % longer than 31 days to make up for them', p_limit_name, p_burst, p_rate, p_rate_per
              USING ERRCODE = '22023', HINT = 'Choose a smaller burst.';
    END IF;
    IF p_weight > coalesce(p_burst, 1) THEN
        RAISE EXCEPTION 'A job of weight % can never start under the limit %, which lets % start at once', p_weight, p_limit_name, coalesce(p_burst, 1)
              USING ERRCODE = '22023', HINT = format('Give it a burst of that size: burst => %s.', p_weight);
    END IF;
    RETURN v_headers || jsonb_build_object(':rate', format('%s/%s/%s %s', p_rate, v_millis, coalesce(p_burst, 1), coalesce(p_weight, 1)));
END $$;

-- ---------------------------------------------------------------------------------------------- tenants

-- The side shard of a tenant that has one alone now, as producers in Java know it; null if it has none. With its owner's rights: roles that could enqueue before need no
-- more than they had.
CREATE FUNCTION side_shard_of(p_queue TEXT, p_priority INT, p_tenant TEXT) RETURNS INT LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
BEGIN
    RETURN (SELECT t.shard FROM side_tenant t
             WHERE t.queue = p_queue AND t.priority = p_priority AND t.tenant = p_tenant AND t.used_at > clock_timestamp() - INTERVAL '30 s');
END $$;

-- Counts a job of a tenant that this session is about to enqueue. If it has asked for more than a few lately, sixteen or two a second, times its share, answers the shared side shard
-- that is for it, else null. The count is one moment, when it will be nothing again (the generic cell rate algorithm), and stands in one of 64 settings of the session, with the shard once
-- that is known: it locks and writes nothing. Of two tenants that meet in one setting, the one that has it is counted, until it is quiet. A tenant that had more is so until it has been
-- quiet for half a minute.
CREATE FUNCTION crowd_shard_of(p_place TEXT, p_tenant TEXT, p_share INT) RETURNS INT LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now FLOAT := extract(epoch FROM clock_timestamp());
    v_who BIGINT := hashtextextended(p_place || ' ' || p_tenant, 0);
    v_cell TEXT := 'millrace.crowd_' || (v_who & 63);
    v_kept TEXT := current_setting(v_cell, true);
    v_over FLOAT := v_now; v_shard TEXT := '';
BEGIN
    IF v_kept ~ '^-?[0-9]+ [0-9]{1,15}([.][0-9]+)? (54[0-7])?$' THEN  -- else it is the first, or was set by hand
        v_over := least(greatest(split_part(v_kept, ' ', 2)::FLOAT, v_now), v_now + 38);
        IF split_part(v_kept, ' ', 1) = v_who::TEXT THEN
            v_shard := split_part(v_kept, ' ', 3);
        ELSIF v_over > v_now THEN
            RETURN NULL;
        END IF;
    END IF;
    v_over := least(v_over + 0.5 / p_share, v_now + 38);
    IF v_over > v_now + 8 AND v_shard = '' THEN v_shard := 540 + ${schema}.home_shard(p_tenant, 8); END IF;
    PERFORM set_config(v_cell, v_who || ' ' || v_over || ' ' || v_shard, false);
    RETURN CASE WHEN v_over > v_now + 8 THEN v_shard::INT END;
END $$;

-- The side shards that are shared by tenants of a queue and priority who ask for more than a few. Producers in Java make them when they need them; who enqueues by SQL alone makes
-- them once, in a transaction of its own.
CREATE FUNCTION add_shared_side_shards(queue TEXT, priority TEXT DEFAULT 'normal') RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_rank INT := array_position(ARRAY['urgent', 'high', 'normal', 'bulk'], add_shared_side_shards.priority) - 1;
BEGIN
    PERFORM check_name('A queue', add_shared_side_shards.queue);
    IF v_rank IS NULL THEN
        RAISE EXCEPTION 'There is no priority "%"', add_shared_side_shards.priority USING ERRCODE = '22023', HINT = 'It is urgent, high, normal or bulk.';
    END IF;
    PERFORM add_side_shards(add_shared_side_shards.queue, v_rank, ARRAY(SELECT generate_series(540, 547)));
END $$;

-- ---------------------------------------------------------------------------------------------- after others

-- As before; what is unknown is refused with what may be done.
CREATE OR REPLACE FUNCTION wait_for(p_jobs UUID[], p_runs BOOL[], p_at TIMESTAMPTZ[], p_delays BIGINT[], p_texts TEXT[], p_of INT[], p_blockers UUID[])
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_blockers UUID[]; v_how TEXT[]; v_part INT[]; v_seq BIGINT[]; v_unknown UUID; v_now TIMESTAMPTZ; v_over UUID[];
BEGIN
    PERFORM pg_current_xact_id();                                     -- before the clock is read: see promote
    v_now := clock_timestamp();
    SELECT array_agg(b.blocker), array_agg(o.how), array_agg(o.part), array_agg(o.seq) INTO v_blockers, v_how, v_part, v_seq
      FROM (SELECT DISTINCT x AS blocker FROM unnest(p_blockers) x) b CROSS JOIN LATERAL stand_of(b.blocker) o;
    SELECT e.blocker INTO v_unknown FROM unnest(v_blockers, v_how) e (blocker, how) WHERE e.how = 'gone' ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no job % to run after', v_unknown USING ERRCODE = 'MR012',
              HINT = 'Enqueue it before, in a transaction that has committed or in this one. Of jobs that ended longer ago than they are kept nothing is known.';
    END IF;
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

-- ---------------------------------------------------------------------------------------------- payloads

-- As before, in a third of the time: what fits is seen by expressions alone, and only of what does not is asked by queries what to say of it. An IF that holds a query is carried out as
-- one, though nothing of the query be needed, and a loop over a query opens a cursor; so does a setting of the function cost each of its calls.
CREATE OR REPLACE FUNCTION schema_misfit(p_root JSONB, p_schema JSONB, p_value JSONB, p_at TEXT, p_name TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_schema JSONB := p_schema; v_is TEXT := jsonb_typeof(p_value); v_types JSONB; v_misfit TEXT; v_where TEXT; v_allowed TEXT; v_key TEXT; v_keys JSONB; v_inside JSONB; v_n INT := 0;
BEGIN
    WHILE v_schema ? '$ref' AND v_n < 100 LOOP
        v_schema := p_root #> string_to_array(substr(v_schema ->> '$ref', 3), '/');
        v_n := v_n + 1;
    END LOOP;
    IF v_schema IS NULL OR jsonb_typeof(v_schema) <> 'object' OR v_schema ? '$ref' THEN RETURN NULL; END IF;
    v_where := CASE WHEN p_at = '' THEN 'The payload' ELSE p_at END;

    IF v_schema ? 'anyOf' THEN                                       -- one of some: the one whose tag it has, else any
        FOR v_inside IN SELECT * FROM jsonb_array_elements(v_schema -> 'anyOf') LOOP
            v_misfit := ${schema}.schema_misfit(p_root, v_inside, p_value, p_at, p_name);
            IF v_misfit IS NULL THEN RETURN NULL; END IF;
        END LOOP;
        RETURN coalesce(
            (SELECT ${schema}.schema_misfit(p_root, c, p_value, p_at, p_name) FROM jsonb_array_elements(v_schema -> 'anyOf') a (choice),
                    LATERAL (SELECT CASE WHEN a.choice ? '$ref' THEN p_root #> string_to_array(substr(a.choice ->> '$ref', 3), '/') ELSE a.choice END) r (c)
              WHERE EXISTS (SELECT FROM jsonb_each(r.c -> 'properties') f WHERE f.value -> 'const' = p_value -> f.key) LIMIT 1),
            format('%s is %s, which is none of what may be there', v_where, left(p_value::TEXT, 60)));
    END IF;

    v_types := v_schema -> 'type';                                   -- a text or a list of texts; ? looks into either
    IF jsonb_typeof(v_types) IN ('array', 'string') AND NOT v_types ? v_is
       AND NOT (v_is = 'number' AND v_types ? 'integer' AND (p_value #>> '{}')::NUMERIC = trunc((p_value #>> '{}')::NUMERIC)) THEN
        v_types := CASE jsonb_typeof(v_types) WHEN 'array' THEN v_types ELSE jsonb_build_array(v_types) END;
        IF NOT EXISTS (SELECT FROM jsonb_array_elements_text(v_types) t WHERE t NOT IN ('null', 'boolean', 'number', 'integer', 'string', 'array', 'object')) THEN
            SELECT string_agg(CASE t WHEN 'string' THEN 'a text' WHEN 'integer' THEN 'a whole number' WHEN 'number' THEN 'a number' WHEN 'boolean' THEN 'true or false'
                                     WHEN 'array' THEN 'a list' WHEN 'object' THEN 'an object' ELSE t END, ' or ') INTO v_allowed
              FROM jsonb_array_elements_text(v_types) t WHERE t <> 'null';
            RETURN format('%s is %s; it must be %s', v_where, left(p_value::TEXT, 60), v_allowed);
        END IF;
    END IF;
    IF v_schema ? 'enum' AND NOT (v_is NOT IN ('array', 'object') AND v_schema -> 'enum' @> p_value) THEN
        IF NOT EXISTS (
               SELECT FROM jsonb_array_elements(v_schema -> 'enum') e WHERE e = p_value OR v_is = 'string' AND e #>> '{}' = btrim(p_value #>> '{}', E' \t\r\n')) THEN
            RETURN format('%s is %s; it must be one of %s', v_where, left(p_value::TEXT, 60),
                          (SELECT string_agg(e::TEXT, ', ') FROM jsonb_array_elements(v_schema -> 'enum') e WHERE jsonb_typeof(e) <> 'null'));
        END IF;
    END IF;
    IF v_schema ? 'const' AND v_schema -> 'const' <> p_value THEN
        RETURN format('%s is %s; it must be %s', v_where, left(p_value::TEXT, 60), v_schema -> 'const');
    END IF;
    IF v_is = 'number' AND ((p_value #>> '{}')::NUMERIC < (v_schema ->> 'minimum')::NUMERIC OR (p_value #>> '{}')::NUMERIC > (v_schema ->> 'maximum')::NUMERIC) THEN
        RETURN format('%s is %s; it must be from %s to %s', v_where, left(p_value::TEXT, 60), v_schema ->> 'minimum', v_schema ->> 'maximum');
    END IF;

    IF v_is = 'object' THEN
        v_keys := jsonb_path_query_array(p_value, '$.keyvalue().key');
        FOR n IN 0..jsonb_array_length(v_keys) - 1 LOOP
            v_key := v_keys ->> n;
            IF v_schema -> 'properties' ? v_key THEN
                v_misfit := ${schema}.schema_misfit(p_root, v_schema -> 'properties' -> v_key, p_value -> v_key, p_at || '/' || v_key, p_name);
            ELSIF v_schema -> 'additionalProperties' = 'false' THEN
                v_allowed := (SELECT string_agg(format('"%s"', k), ', ') FROM jsonb_object_keys(v_schema -> 'properties') k);
                v_misfit := format('"%s" is no field of %s; its fields are %s', left(v_key, 60), CASE WHEN p_at = '' THEN p_name ELSE p_at END, v_allowed);
            ELSIF v_schema ? 'additionalProperties' THEN
                v_misfit := ${schema}.schema_misfit(p_root, v_schema -> 'additionalProperties', p_value -> v_key, p_at || '/' || v_key, p_name);
            END IF;
            IF v_misfit IS NOT NULL THEN RETURN v_misfit; END IF;
        END LOOP;
        IF NOT v_schema -> 'required' <@ v_keys THEN
            SELECT r INTO v_key FROM jsonb_array_elements_text(v_schema -> 'required') r WHERE NOT p_value ? r LIMIT 1;
            IF FOUND THEN RETURN format('"%s" is missing%s', v_key, CASE WHEN p_at = '' THEN '' ELSE ' in ' || p_at END); END IF;
        END IF;
    ELSIF v_is = 'array' AND v_schema ? 'items' THEN
        FOR n IN 0..jsonb_array_length(p_value) - 1 LOOP
            v_misfit := ${schema}.schema_misfit(p_root, v_schema -> 'items', p_value -> n, p_at || '/' || n, p_name);
            IF v_misfit IS NOT NULL THEN RETURN v_misfit; END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END $$;

-- ---------------------------------------------------------------------------------------------- enqueue

-- As before, with more to say; whoever says only what could be said before is answered as before.
CREATE FUNCTION enqueue(kind TEXT, payload JSON DEFAULT '{}', queue TEXT DEFAULT 'default', priority TEXT DEFAULT 'normal', version INT DEFAULT 1,
                        run_in INTERVAL DEFAULT NULL, run_at TIMESTAMPTZ DEFAULT NULL, expires_in INTERVAL DEFAULT NULL,
                        idempotency_key TEXT DEFAULT NULL, unique_by JSONB DEFAULT NULL, unique_within INTERVAL DEFAULT NULL,
                        tenant TEXT DEFAULT NULL, tags TEXT[] DEFAULT NULL, headers JSONB DEFAULT NULL, notify BOOL DEFAULT false,
                        in_order JSONB DEFAULT NULL, limit_name TEXT DEFAULT NULL, concurrency INT DEFAULT NULL, rate INT DEFAULT NULL,
                        rate_per INTERVAL DEFAULT NULL, burst INT DEFAULT NULL, weight INT DEFAULT NULL, limit_by JSONB DEFAULT NULL,
                        after UUID[] DEFAULT NULL, if_failed TEXT DEFAULT NULL, share INT DEFAULT NULL)
RETURNS UUID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_rank INT := array_position(ARRAY['urgent', 'high', 'normal', 'bulk'], enqueue.priority) - 1;
    v_id UUID := new_job_id();
    v_new CONSTANT UUID := v_id;
    v_headers JSONB := coalesce(enqueue.headers, '{}');
    v_payload TEXT := enqueue.payload::TEXT;
    v_line JSONB; v_after UUID[] := '{}'; v_others INT; v_said TEXT := '';
    v_stream INT; v_shards INT; v_keyed INT; v_crowd INT; v_shard INT; v_request TEXT; v_holder UUID; v_known TEXT; v_now TIMESTAMPTZ; v_at TIMESTAMPTZ; v_expires TIMESTAMPTZ;
BEGIN
    PERFORM check_name('A kind', enqueue.kind);
    PERFORM check_name('A queue', enqueue.queue);
    PERFORM check_word('An idempotency key', enqueue.idempotency_key);
    PERFORM check_word('A tenant', enqueue.tenant);
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
    PERFORM check_payload(enqueue.kind, enqueue.version, enqueue.payload);
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
    IF enqueue.tags IS NOT NULL THEN
        PERFORM check_word('A tag', t) FROM unnest(enqueue.tags) t;
        IF EXISTS (SELECT FROM unnest(enqueue.tags) t WHERE t IS NULL OR strpos(t, ',') > 0) THEN
            RAISE EXCEPTION 'A tag holds a comma, which separates tags, or is NULL' USING ERRCODE = '22023', HINT = 'Give tags one by one: tags => ''{a,b}''.';
        END IF;
    END IF;
    IF enqueue.headers IS NOT NULL THEN
        IF jsonb_typeof(v_headers) <> 'object' OR EXISTS (
               SELECT FROM jsonb_each(v_headers) h (name, value)
                WHERE jsonb_typeof(h.value) <> 'string' OR h.name IN ('tenant', 'tags', 'parent', 'schedule', 'slot')) THEN
            RAISE EXCEPTION 'headers is an object of texts without the names tenant, tags, parent, schedule and slot, and not %', v_headers
                  USING ERRCODE = '22023', HINT = 'Such as ''{"trace": "4bf9"}''; tenant and tags have parameters of their own.';
        END IF;
        PERFORM check_name('A header', h.name), check_word('A header', h.value) FROM jsonb_each_text(v_headers) h (name, value);
    END IF;
    IF enqueue.tenant IS NOT NULL THEN v_headers := v_headers || jsonb_build_object('tenant', enqueue.tenant); END IF;
    IF cardinality(enqueue.tags) > 0 THEN v_headers := v_headers || jsonb_build_object('tags', array_to_string(enqueue.tags, ',')); END IF;
    IF enqueue.share IS NOT NULL THEN
        IF enqueue.share NOT BETWEEN 1 AND 100 THEN
            RAISE EXCEPTION 'share can''t be %', enqueue.share USING ERRCODE = '22023', HINT = 'It is 1 to 100, and relative to that of other tenants.';
        END IF;
        IF enqueue.share > 1 AND enqueue.tenant IS NULL THEN
            RAISE EXCEPTION 'share is %, which is a tenant''s, and there is no tenant', enqueue.share USING ERRCODE = '22023',
                  HINT = 'Say whose it is: tenant => ''acme''; or leave the share out.';
        END IF;
        IF enqueue.share > 1 THEN v_headers := v_headers || jsonb_build_object(':share', enqueue.share::TEXT); END IF;
    END IF;
    IF num_nonnulls(enqueue.in_order, enqueue.limit_name, enqueue.concurrency, enqueue.rate, enqueue.rate_per, enqueue.burst, enqueue.weight, enqueue.limit_by) > 0 THEN
        v_line := line_headers(enqueue.in_order, enqueue.limit_name, enqueue.concurrency, enqueue.rate, enqueue.rate_per, enqueue.burst, enqueue.weight, enqueue.limit_by);
        IF v_rank <> 2 THEN
            RAISE EXCEPTION 'The job has priority %, and an order or a limit: jobs that wait for others of their key have no priority among them', enqueue.priority
                  USING ERRCODE = '22023', HINT = 'Leave the priority out; or give urgent ones a queue of their own, with which they share no order and no limit.';
        END IF;
        v_headers := v_headers || v_line;
        v_said := ', in line ' || v_line::TEXT;
    END IF;
    IF enqueue.headers IS NOT NULL AND (SELECT count(*) FROM jsonb_object_keys(v_headers)) > 32 THEN
        RAISE EXCEPTION 'A job has at most 32 headers, tenant and tags included' USING ERRCODE = '22023', HINT = 'What its handler needs belongs in its payload.';
    END IF;
    IF enqueue.if_failed IS NOT NULL THEN
        IF enqueue.if_failed NOT IN ('cancel', 'run') THEN
            RAISE EXCEPTION 'if_failed can''t be "%"', enqueue.if_failed USING ERRCODE = '22023', HINT = 'It is cancel or run.';
        END IF;
        IF enqueue.after IS NULL THEN
            RAISE EXCEPTION 'if_failed says what if one of others has failed, and there is none that the job runs after' USING ERRCODE = '22023',
                  HINT = 'Add after => ARRAY[…], of ids that enqueue has answered.';
        END IF;
    END IF;
    IF cardinality(enqueue.after) > 0 THEN
        IF array_position(enqueue.after, NULL) IS NOT NULL THEN
            RAISE EXCEPTION 'after holds a NULL, which is no job' USING ERRCODE = '22023', HINT = 'Give ids that enqueue has answered.';
        END IF;
        v_after := ARRAY(SELECT x.job FROM unnest(enqueue.after) WITH ORDINALITY x (job, nr) GROUP BY x.job ORDER BY min(x.nr));
        v_others := cardinality(v_after) - 1;
        IF v_others > 999 THEN
            RAISE EXCEPTION 'after names % jobs, and a job can run after 1,000 others at most', v_others + 1 USING ERRCODE = '22023',
                  HINT = 'Where there are more, they are parts of a batch, which is enqueued from Java.';
        END IF;
        v_said := format(', after %s if failed %s', v_after, coalesce(enqueue.if_failed, 'cancel')) || v_said;
    END IF;

    SELECT m.shards, m.keyed_shards INTO v_shards, v_keyed FROM meta m;
    IF v_line IS NOT NULL THEN
        v_shard := 1000 + 2 * home_shard(coalesce(regexp_replace(v_line ->> ':limit', '^(\S+) \d+ ', '\1 '), v_line ->> ':order'), v_keyed);
    ELSIF enqueue.tenant IS NOT NULL THEN
        v_crowd := crowd_shard_of(current_schema() || ' ' || enqueue.queue || ' ' || v_rank, enqueue.tenant, coalesce(enqueue.share, 1));    -- it is counted in any case
        v_shard := coalesce(side_shard_of(enqueue.queue, v_rank, enqueue.tenant), v_crowd);
        IF v_shard IS NOT NULL THEN                                   -- where it is not there, with all others: it is not made in a transaction of yours
            SELECT s.id INTO v_stream FROM stream s WHERE s.queue = enqueue.queue AND s.priority = v_rank AND s.shard = v_shard;
        END IF;
        v_shard := abs(hashtext(enqueue.tenant)::BIGINT) % v_shards;
    ELSE
        v_shard := floor(random() * v_shards);
    END IF;
    IF v_stream IS NULL THEN
        SELECT s.id INTO v_stream FROM stream s WHERE s.queue = enqueue.queue AND s.priority = v_rank AND s.shard = v_shard;
    END IF;
    IF v_stream IS NULL AND v_line IS NOT NULL THEN
        RAISE EXCEPTION 'The queue "%" has no keyed shards yet, in which jobs with an order or a limit wait', enqueue.queue USING ERRCODE = '22023',
              HINT = format('Made in this transaction, they would let all others wait for its end. Make them once, in a transaction of its own: SELECT %I.add_keyed_shards(%L)',
                            current_schema(), enqueue.queue);
    ELSIF v_stream IS NULL THEN
        RAISE EXCEPTION 'The queue "%" is not known here yet', enqueue.queue USING ERRCODE = '22023',
              HINT = format('Start a node that serves it; or make it, in a transaction of its own: SELECT %I.add_queue(%L)', current_schema(), enqueue.queue);
    END IF;

    IF enqueue.idempotency_key IS NOT NULL THEN
        v_request := format('%s version %s in queue %s at %s run in %s, at %s, expires in %s, tenant %s, unique %s within %s%s, with payload sha256:%s',
            enqueue.kind, enqueue.version, enqueue.queue, enqueue.priority, extract(epoch FROM enqueue.run_in), extract(epoch FROM enqueue.run_at),
            extract(epoch FROM enqueue.expires_in), enqueue.tenant, enqueue.unique_by, extract(epoch FROM enqueue.unique_within), v_said,
            encode(sha256(convert_to(v_payload, 'UTF8')), 'hex'));
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
            ARRAY[CASE WHEN v_others IS NULL THEN enqueue.run_at ELSE 'infinity' END],
            ARRAY[CASE WHEN v_others IS NULL THEN (extract(epoch FROM enqueue.run_in) * 1000)::BIGINT END], ARRAY[v_id], ARRAY[enqueue.kind], ARRAY[enqueue.version],
            ARRAY[v_payload], ARRAY[nullif(v_headers, '{}')::TEXT], ARRAY[(extract(epoch FROM enqueue.expires_in) * 1000)::BIGINT]) u;
        IF v_holder <> v_id AND enqueue.idempotency_key IS NOT NULL THEN
            UPDATE idempotency_key k SET job_id = v_holder WHERE k.key = enqueue.idempotency_key AND k.job_id = v_id;
        END IF;
        v_id := v_holder;
    ELSE
        PERFORM pg_current_xact_id();                                 -- before the clock is read: see promote
        v_now := clock_timestamp();
        v_at := CASE WHEN v_others IS NULL THEN coalesce(enqueue.run_at, v_now + enqueue.run_in, v_now) ELSE 'infinity' END;
        v_expires := v_now + enqueue.expires_in;
        IF v_at <= v_now THEN
            INSERT INTO job_log (part, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
            SELECT m.current_part, v_stream, v_id, enqueue.kind, enqueue.version, v_payload, nullif(v_headers, '{}'), v_expires, v_now FROM meta m;
        ELSE
            INSERT INTO timer (run_at, retry, stream, job_id, kind, kind_version, payload, headers, expires_at, enqueued_at)
            VALUES (v_at, false, v_stream, v_id, enqueue.kind, enqueue.version, v_payload, nullif(v_headers, '{}'), v_expires, v_now);
        END IF;
    END IF;
    IF v_others IS NOT NULL AND v_id = v_new THEN                     -- who holds the key waits for what itself has said
        PERFORM wait_for(ARRAY[v_id], ARRAY[coalesce(enqueue.if_failed = 'run', false)], ARRAY[enqueue.run_at], ARRAY[(extract(epoch FROM enqueue.run_in) * 1000)::BIGINT],
                         ARRAY['runs after job ' || v_after[1] || CASE v_others WHEN 0 THEN '' WHEN 1 THEN ' and one other' ELSE format(' and %s others', v_others) END],
                         array_fill(1, ARRAY[v_others + 1]), v_after);
    END IF;
    IF enqueue.notify THEN PERFORM pg_notify(current_schema() || '_wake', enqueue.queue); END IF;
    RETURN v_id;
END $$;

-- The one of before goes, and who was granted it is granted this one. Where a view or a default is made of it, it stays for that under another name, and calls this one.
DO $do$
DECLARE v_old REGPROCEDURE; v_new REGPROCEDURE; g RECORD;
BEGIN
    SELECT p.oid INTO STRICT v_old FROM pg_proc p WHERE p.pronamespace = '${schema}'::REGNAMESPACE AND p.proname = 'enqueue' AND p.pronargs = 15;
    SELECT p.oid INTO STRICT v_new FROM pg_proc p WHERE p.pronamespace = '${schema}'::REGNAMESPACE AND p.proname = 'enqueue' AND p.pronargs > 15;
    IF (SELECT p.proacl FROM pg_proc p WHERE p.oid = v_old) IS NOT NULL THEN
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_new);
        FOR g IN SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::REGROLE::TEXT END AS role, a.is_grantable
                   FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) a WHERE p.oid = v_old AND a.grantee <> p.proowner LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s%s', v_new, g.role, CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
        END LOOP;
    END IF;
    BEGIN
        EXECUTE format('DROP FUNCTION %s', v_old);
    EXCEPTION WHEN dependent_objects_still_exist THEN
        EXECUTE format('ALTER FUNCTION %s RENAME TO enqueue_of_before', v_old);
        CREATE OR REPLACE FUNCTION ${schema}.enqueue_of_before(kind TEXT, payload JSON DEFAULT '{}', queue TEXT DEFAULT 'default', priority TEXT DEFAULT 'normal',
            version INT DEFAULT 1, run_in INTERVAL DEFAULT NULL, run_at TIMESTAMPTZ DEFAULT NULL, expires_in INTERVAL DEFAULT NULL, idempotency_key TEXT DEFAULT NULL,
            unique_by JSONB DEFAULT NULL, unique_within INTERVAL DEFAULT NULL, tenant TEXT DEFAULT NULL, tags TEXT[] DEFAULT NULL, headers JSONB DEFAULT NULL,
            notify BOOL DEFAULT false) RETURNS UUID LANGUAGE sql VOLATILE AS $$
            SELECT ${schema}.enqueue($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        $$;
    END;
END $do$;

COMMENT ON FUNCTION enqueue IS
'Enqueues a job in this transaction and answers its id. Parameters have names: enqueue(''send-invoice'', ''{"order": 42}'', queue => ''billing'').
run_in, run_at: not before. expires_in: discarded if it has not started by then. idempotency_key: the same request again gives the same job, for a day.
unique_by, unique_within: one job of the kind and these values until it has ended, or within this time. tenant, share: whose it is, and how much of what tenants share is theirs.
in_order: one after the other, of all jobs of the queue with these values. limit_name, limit_by: of the jobs with this limit and these values no more than concurrency run
at once, and no more than rate start in rate_per, after a pause burst at once; this one takes weight of the rate. after, if_failed: not before these jobs have ended;
if one has failed it is cancelled, or it is to run. notify => true: nodes are told at the commit, and find it in milliseconds instead of a second; not for transactions
that are prepared for a two-phase commit, and not in triggers that many fire at once.';
