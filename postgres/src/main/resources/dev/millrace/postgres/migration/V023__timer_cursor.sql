-- Each look for due timers began with the oldest, and read over all that had been deleted there for as long as some snapshot on the server might still
-- see it: under a report that runs for half an hour each look took longer than the one before. Now a look begins where nothing can be any more.

-- Where the next look of one node begins; kept by that node alone, for as long as its lease.
CREATE TYPE timer_cursor AS (
    looked_at TIMESTAMPTZ,   -- the last look. A clock that shows less has gone back: then all of it means nothing
    floor     TIMESTAMPTZ,   -- nothing is left that is due before
    low       TIMESTAMPTZ,   -- what the floor becomes,
    low_xid   XID8,          -- as soon as no transaction below this one is open: nobody later can have read a clock that showed less
    whole_at  TIMESTAMPTZ    -- when all timers are looked at again
);

-- Due timers back into their streams; expired ones end here, parked ones too, some at a time. The floor stays two seconds behind, for who reads the clock,
-- is held up, and gets his transaction's number late. What comes later still is found when all are looked at, each minute; more rarely where that takes long.
CREATE FUNCTION promote(p_node UUID, p_epoch INT, p_limit INT, p_cursor timer_cursor)
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
    v_next := (SELECT min(run_at) FROM timer WHERE run_at >= v_from);
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
    IF v_whole THEN
        c.whole_at := clock_timestamp() + greatest(INTERVAL '1 min', 100 * (clock_timestamp() - v_now));
    END IF;
    RETURN QUERY SELECT v_n, CASE WHEN v_next IS NOT NULL
                        THEN greatest(0, ceil(extract(epoch FROM v_next - clock_timestamp()) * 1000))::BIGINT END, c;
END $$;
