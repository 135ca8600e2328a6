-- Who requeued a job was kept, and why was not. As before, with the reason.

DROP FUNCTION requeue_job(UUID, TEXT);

-- A new run of a job that has ended. Answers the state before; if that had not ended, nothing was done; null if the job is not known.
CREATE FUNCTION requeue_job(p_job UUID, p_reason TEXT, p_by TEXT) RETURNS TEXT LANGUAGE plpgsql
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
    SELECT outcome INTO v_outcome FROM outcome o WHERE o.part = j.part AND o.seq = j.seq;
    IF v_outcome IS NULL THEN RETURN CASE WHEN is_claimed(j.stream, j.xid, j.seq) THEN 'running' ELSE 'available' END; END IF;
    IF v_outcome NOT IN ('done', 'cancelled', 'discarded') THEN RETURN 'available'; END IF;
    INSERT INTO job_log (part, stream, job_id, run, kind, kind_version, payload, headers)
    SELECT current_part, ordinary_of(j.stream), j.job_id, j.run + 1, j.kind, j.kind_version, j.payload, j.headers FROM meta;
    PERFORM pg_notify(current_schema() || '_wake', queue) FROM stream WHERE id = j.stream;
    INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'requeue', p_job::TEXT, p_reason);
    RETURN CASE v_outcome WHEN 'done' THEN 'completed' ELSE v_outcome::TEXT END;
END $$;
