-- What payloads of each kind look like, as nodes that run it say when they start: for who enqueues without having the kind's class. A small table, written
-- when a new build starts, and read where a job is enqueued by the name of its kind.

CREATE TABLE kind_schema (
    kind      TEXT NOT NULL,
    version   INT  NOT NULL CHECK (version >= 1),
    schema    JSON NOT NULL,                                         -- JSON, not JSONB: fields keep their order
    node      UUID NOT NULL,                                         -- the node that said it first,
    joined_at TIMESTAMPTZ NOT NULL,                                  -- and since when that is a node: who joined last is right
    at        TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, version)
);

-- What this node says of its kinds; a schema that is NULL is taken back. Rows are locked in the order of their keys, and only where something changes.
CREATE FUNCTION publish_schemas(p_node UUID, p_epoch INT, p_kinds TEXT[], p_versions INT[], p_schemas TEXT[]) RETURNS VOID LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp AS $$
DECLARE v_joined TIMESTAMPTZ;
BEGIN
    PERFORM read_committed();
    PERFORM fence(p_node, p_epoch);
    v_joined := (SELECT started_at FROM node WHERE id = p_node);
    INSERT INTO kind_schema AS k (kind, version, schema, node, joined_at)
    SELECT c.kind, c.version, c.schema::JSON, p_node, v_joined FROM unnest(p_kinds, p_versions, p_schemas) c (kind, version, schema)
     WHERE c.schema IS NOT NULL
       AND NOT EXISTS (SELECT FROM kind_schema o WHERE o.kind = c.kind AND o.version = c.version AND o.schema::TEXT = c.schema)
     ORDER BY c.kind, c.version
        ON CONFLICT (kind, version) DO UPDATE SET schema = excluded.schema, node = excluded.node, joined_at = excluded.joined_at, at = clock_timestamp()
     WHERE k.joined_at <= excluded.joined_at AND k.schema::TEXT <> excluded.schema::TEXT;
    DELETE FROM kind_schema k USING unnest(p_kinds, p_versions, p_schemas) c (kind, version, schema)
     WHERE c.schema IS NULL AND k.kind = c.kind AND k.version = c.version AND k.joined_at <= v_joined;
END $$;

-- ------------------------------------------------------------------------------------------------ for who enqueues by SQL

-- The first thing in a value that does not fit a schema, as a sentence without its stop; null if there is none. It knows of JSON Schema what nodes write, passes over
-- what it does not know, and leaves formats such as dates to the nodes.
CREATE FUNCTION schema_misfit(p_root JSONB, p_schema JSONB, p_value JSONB, p_at TEXT, p_name TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE
SET search_path = ${schema}, pg_temp AS $$
DECLARE
    v_schema JSONB := p_schema; v_is TEXT := jsonb_typeof(p_value); v_types JSONB; v_misfit TEXT; v_where TEXT; v_allowed TEXT; v_key TEXT; v_inside JSONB; v_n INT := 0;
BEGIN
    WHILE v_schema ? '$ref' AND v_n < 100 LOOP
        v_schema := p_root #> string_to_array(substr(v_schema ->> '$ref', 3), '/');
        v_n := v_n + 1;
    END LOOP;
    IF v_schema IS NULL OR jsonb_typeof(v_schema) <> 'object' OR v_schema ? '$ref' THEN RETURN NULL; END IF;
    v_where := CASE WHEN p_at = '' THEN 'The payload' ELSE p_at END;

    IF v_schema ? 'anyOf' THEN                                       -- one of some: the one whose tag it has, else any
        FOR v_inside IN SELECT * FROM jsonb_array_elements(v_schema -> 'anyOf') LOOP
            v_misfit := schema_misfit(p_root, v_inside, p_value, p_at, p_name);
            IF v_misfit IS NULL THEN RETURN NULL; END IF;
        END LOOP;
        RETURN coalesce(
            (SELECT schema_misfit(p_root, c, p_value, p_at, p_name) FROM jsonb_array_elements(v_schema -> 'anyOf') a (choice),
                    LATERAL (SELECT CASE WHEN a.choice ? '$ref' THEN p_root #> string_to_array(substr(a.choice ->> '$ref', 3), '/') ELSE a.choice END) r (c)
              WHERE EXISTS (SELECT FROM jsonb_each(r.c -> 'properties') f WHERE f.value -> 'const' = p_value -> f.key) LIMIT 1),
            format('%s is %s, which is none of what may be there', v_where, left(p_value::TEXT, 60)));
    END IF;

    v_types := CASE jsonb_typeof(v_schema -> 'type') WHEN 'array' THEN v_schema -> 'type' WHEN 'string' THEN jsonb_build_array(v_schema -> 'type') END;
    IF v_types IS NOT NULL AND NOT EXISTS (
           SELECT FROM jsonb_array_elements_text(v_types) t
            WHERE t = v_is OR t = 'integer' AND v_is = 'number' AND (p_value #>> '{}')::NUMERIC = trunc((p_value #>> '{}')::NUMERIC)
               OR t NOT IN ('null', 'boolean', 'number', 'integer', 'string', 'array', 'object')) THEN
        SELECT string_agg(CASE t WHEN 'string' THEN 'a text' WHEN 'integer' THEN 'a whole number' WHEN 'number' THEN 'a number' WHEN 'boolean' THEN 'true or false'
                                 WHEN 'array' THEN 'a list' WHEN 'object' THEN 'an object' ELSE t END, ' or ') INTO v_allowed
          FROM jsonb_array_elements_text(v_types) t WHERE t <> 'null';
        RETURN format('%s is %s; it must be %s', v_where, left(p_value::TEXT, 60), v_allowed);
    END IF;
    IF v_schema ? 'enum' AND NOT EXISTS (
           SELECT FROM jsonb_array_elements(v_schema -> 'enum') e WHERE e = p_value OR v_is = 'string' AND e #>> '{}' = btrim(p_value #>> '{}', E' \t\r\n')) THEN
        RETURN format('%s is %s; it must be one of %s', v_where, left(p_value::TEXT, 60),
                      (SELECT string_agg(e::TEXT, ', ') FROM jsonb_array_elements(v_schema -> 'enum') e WHERE jsonb_typeof(e) <> 'null'));
    END IF;
    IF v_schema ? 'const' AND v_schema -> 'const' <> p_value THEN
        RETURN format('%s is %s; it must be %s', v_where, left(p_value::TEXT, 60), v_schema -> 'const');
    END IF;
    IF v_is = 'number' AND ((p_value #>> '{}')::NUMERIC < (v_schema ->> 'minimum')::NUMERIC OR (p_value #>> '{}')::NUMERIC > (v_schema ->> 'maximum')::NUMERIC) THEN
        RETURN format('%s is %s; it must be from %s to %s', v_where, left(p_value::TEXT, 60), v_schema ->> 'minimum', v_schema ->> 'maximum');
    END IF;

    IF v_is = 'object' THEN
        FOR v_key, v_inside IN SELECT key, value FROM jsonb_each(p_value) LOOP
            IF v_schema -> 'properties' ? v_key THEN
                v_misfit := schema_misfit(p_root, v_schema -> 'properties' -> v_key, v_inside, p_at || '/' || v_key, p_name);
            ELSIF v_schema -> 'additionalProperties' = 'false' THEN
                v_misfit := format('"%s" is no field of %s; its fields are %s', left(v_key, 60), CASE WHEN p_at = '' THEN p_name ELSE p_at END,
                                   (SELECT string_agg(format('"%s"', k), ', ') FROM jsonb_object_keys(v_schema -> 'properties') k));
            ELSIF v_schema ? 'additionalProperties' THEN
                v_misfit := schema_misfit(p_root, v_schema -> 'additionalProperties', v_inside, p_at || '/' || v_key, p_name);
            END IF;
            IF v_misfit IS NOT NULL THEN RETURN v_misfit; END IF;
        END LOOP;
        SELECT r INTO v_key FROM jsonb_array_elements_text(v_schema -> 'required') r WHERE NOT p_value ? r LIMIT 1;
        IF FOUND THEN RETURN format('"%s" is missing%s', v_key, CASE WHEN p_at = '' THEN '' ELSE ' in ' || p_at END); END IF;
    ELSIF v_is = 'array' AND v_schema ? 'items' THEN
        FOR v_inside, v_n IN SELECT value, (ordinality - 1)::INT FROM jsonb_array_elements(p_value) WITH ORDINALITY LOOP
            v_misfit := schema_misfit(p_root, v_schema -> 'items', v_inside, p_at || '/' || v_n, p_name);
            IF v_misfit IS NOT NULL THEN RETURN v_misfit; END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END $$;

-- Refuses a payload that does not fit what nodes have published of its kind and version. Of what nobody has published nothing is known. With its owner's rights: roles that
-- could enqueue before need no more than they had.
CREATE FUNCTION check_payload(p_kind TEXT, p_version INT, p_payload JSON) RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
DECLARE v_schema JSONB; v_misfit TEXT;
BEGIN
    SELECT k.schema::JSONB INTO v_schema FROM kind_schema k WHERE k.kind = p_kind AND k.version = p_version;
    IF NOT FOUND THEN RETURN; END IF;
    BEGIN
        v_misfit := schema_misfit(v_schema, v_schema, p_payload::JSONB, '', format('%s v%s', p_kind, p_version));
    EXCEPTION WHEN data_exception OR statement_too_complex THEN RETURN;   -- a zero, a number or a depth that this can't hold; the nodes see to it
    END;
    IF v_misfit IS NOT NULL THEN
        RAISE EXCEPTION 'The payload does not fit %: %', format('%s v%s', p_kind, p_version), v_misfit USING ERRCODE = '22023',
              HINT = format('See what fits: millrace kinds --schema %s --version %s', p_kind, p_version);
    END IF;
END $$;

-- enqueue, as it stands, looks at the payload once it is known not to be too large.
DO $do$
DECLARE v_old TEXT; v_new TEXT;
BEGIN
    SELECT pg_get_functiondef(p.oid) INTO STRICT v_old FROM pg_proc p WHERE p.pronamespace = '${schema}'::REGNAMESPACE AND p.proname = 'enqueue';
    v_new := replace(v_old, E'    IF enqueue.run_in IS NOT NULL AND enqueue.run_at IS NOT NULL THEN\n',
                     E'    PERFORM check_payload(enqueue.kind, enqueue.version, enqueue.payload);\n    IF enqueue.run_in IS NOT NULL AND enqueue.run_at IS NOT NULL THEN\n');
    IF v_new = v_old THEN RAISE EXCEPTION 'enqueue is not as this migration expects it'; END IF;
    EXECUTE v_new;
END $do$;
