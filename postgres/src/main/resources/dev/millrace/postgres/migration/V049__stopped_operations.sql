-- A change of many jobs that is not to be gone on with: it ends where it is, and tells who stopped it and why.

SET LOCAL lock_timeout = '5s';

ALTER TABLE bulk_change
    ADD COLUMN stopped_by     TEXT,         -- who ended it before it was done; null if nobody did
    ADD COLUMN stopped_reason TEXT;

-- Who is in the middle of a step of it has the row's lock: the step is done, and is the last one. Said again it changes nothing.
CREATE FUNCTION stop_change(p_id UUID, p_by TEXT, p_reason TEXT) RETURNS BOOL LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    UPDATE bulk_change SET ended_at = clock_timestamp(), stopped_by = p_by, stopped_reason = p_reason WHERE id = p_id AND ended_at IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO audit (by, action, target, reason) VALUES (p_by, 'stop many', p_id::TEXT, p_reason);
    RETURN true;
END $$;
