-- What operators say, said more surely: an operation is kept as long as it can be gone on with, and one that is asked for twice is begun once; a pause may
-- have an end.

SET LOCAL lock_timeout = '5s';

-- ---------------------------------------------------------------------------------------------- changes of many jobs

ALTER TABLE bulk_change
    ADD COLUMN request       TEXT,          -- what was asked for: who says the id again is held against it; null of older builds
    ADD COLUMN shape_version INT,           -- what patched payloads of this version of the kind look like,
    ADD COLUMN shape         TEXT;          -- by the class that who began it had: a JSON Schema; null if there was none

CREATE INDEX ON bulk_change (ended_at);
CREATE INDEX ON bulk_change (undoes) WHERE ended_at IS NULL;

-- As before, with what was asked for, and what payloads look like. All of it in one insert: of two that say the same id at once, one has written all there is.
-- The functions of fewer parameters stay for processes that were started before this.
CREATE FUNCTION begin_change(p_id UUID, p_action TEXT, p_undoes UUID, p_selection TEXT, p_priority INT, p_run_at TIMESTAMPTZ, p_delay BIGINT, p_patch TEXT,
                             p_shape_version INT, p_shape TEXT, p_planned BIGINT, p_rate INT, p_reason TEXT, p_by TEXT, p_request TEXT)
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    INSERT INTO bulk_change (id, action, undoes, selection, priority, run_at, delay_millis, patch, shape_version, shape, planned, rate, reason, by, request)
    VALUES (p_id, p_action, p_undoes, p_selection::JSONB, p_priority, p_run_at, p_delay, p_patch, p_shape_version, p_shape, p_planned, p_rate, p_reason, p_by,
            p_request) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM FROM bulk_change WHERE id = p_undoes FOR UPDATE;          -- see sweep_changes
    UPDATE bulk_change SET ended_at = clock_timestamp() WHERE id = p_undoes AND ended_at IS NULL;
    INSERT INTO audit (by, action, target, reason)
    VALUES (p_by, CASE WHEN p_undoes IS NULL THEN p_action || ' many' ELSE 'undo' END, coalesce(p_undoes, p_id)::TEXT, p_reason);
END $$;

-- As before; but payloads are put back no more at once than an edit reads: some megabytes, at least one.
CREATE OR REPLACE FUNCTION go_on_with(p_change UUID, p_most INT) RETURNS TABLE (matched BIGINT, changed BIGINT, done BOOL) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE c bulk_change; s RECORD; b bulk_change_job; v_left TEXT; v_looked INT := 0; v_bytes BIGINT := 0; v_ids UUID[] := '{}'; v_runs INT[] := '{}'; v_notes bulk_change_job[] := '{}';
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
                v_bytes := v_bytes + coalesce(octet_length(b.payload), 0);
                EXIT WHEN v_looked > 0 AND v_bytes > 4194304;        -- as select_payloads is asked
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

-- As before; but retention counts from when a change ended: one that has not can be gone on with, and what it is to change may be kept longer than that. What it
-- changed stays as long as it is being taken back.
CREATE OR REPLACE FUNCTION sweep_changes(p_keep INTERVAL, p_limit INT) RETURNS INT LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE v_n INT; v_ids UUID[];
BEGIN
    v_ids := ARRAY(SELECT b.id FROM bulk_change b
                    WHERE b.ended_at < clock_timestamp() - p_keep AND NOT EXISTS (SELECT FROM deleted_job d WHERE d.change = b.id)
                      AND NOT EXISTS (SELECT FROM bulk_change u WHERE u.undoes = b.id AND u.ended_at IS NULL)
                    ORDER BY b.ended_at LIMIT 1000 FOR UPDATE OF b SKIP LOCKED);
    -- In a statement of its own: who began to take one back before it was locked is seen now.
    v_ids := ARRAY(SELECT g.id FROM unnest(v_ids) g (id) WHERE NOT EXISTS (SELECT FROM bulk_change u WHERE u.undoes = g.id AND u.ended_at IS NULL));
    DELETE FROM bulk_change_job WHERE ctid = ANY (ARRAY(SELECT j.ctid FROM bulk_change_job j WHERE j.change = ANY (v_ids) LIMIT p_limit));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    DELETE FROM bulk_change b WHERE b.id = ANY (v_ids) AND NOT EXISTS (SELECT FROM bulk_change_job j WHERE j.change = b.id);
    RETURN v_n;
END $$;

-- ---------------------------------------------------------------------------------------------- pauses that end

-- Who asks what is paused asks `pause`, in all functions and builds there are, and finds nothing of what has ended. What was said, and is over, goes with the
-- housekeeping.
ALTER TABLE pause RENAME TO pause_said;
ALTER TABLE pause_said ADD COLUMN until TIMESTAMPTZ;                  -- when it ends by itself; null if it is to be resumed

CREATE VIEW pause AS
    SELECT scope, name, reason, by, at, until FROM pause_said WHERE until IS NULL OR until > statement_timestamp();

-- Who was granted the use of the table has it of the view: older builds ask for it by the name of both.
DO $do$
DECLARE g RECORD;
BEGIN
    FOR g IN SELECT a.grantee, a.privilege_type FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
              WHERE c.oid = '${schema}.pause_said'::REGCLASS AND a.grantee <> c.relowner AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    LOOP
        EXECUTE format('GRANT %s ON pause TO %s', g.privilege_type, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END);
    END LOOP;
END $do$;

-- Older builds know of no end: what one of them pauses again, after it has ended by itself and before the housekeeping took it away, has none any more.
CREATE FUNCTION pause_without_end() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.until := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER without_end BEFORE UPDATE OF at ON pause_said FOR EACH ROW
    WHEN (NEW.until = OLD.until AND NEW.until <= statement_timestamp()) EXECUTE FUNCTION pause_without_end();
