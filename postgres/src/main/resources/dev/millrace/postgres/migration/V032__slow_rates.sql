-- How many jobs of a key may start in a time. The owner of a keyed shard counts that in its memory, and a new owner begins with nothing saved up; of a rate
-- that lets one start each hour that would lose the hour with each deploy. Of those slow ones the allowance is kept here, and the owner asks for starts, those
-- of many keys at once: a row for a key that has started something lately, updated by one node. Other jobs pay nothing for it.

-- All steps of all nodes need some of these tables: rather none of it than all of them behind somebody's long transaction.
SET LOCAL lock_timeout = '5s';

CREATE TABLE allowance (
    queue   TEXT NOT NULL,
    key     TEXT NOT NULL,                -- the limit's name and whose it is
    full_at TIMESTAMPTZ NOT NULL,         -- when the whole burst is there again: all that the generic cell rate algorithm has to know
    PRIMARY KEY (queue, key)
);

-- For those that are full again: they say nothing.
CREATE INDEX allowance_full ON allowance (full_at);

-- Grants starts: for each wish whether one may start, how long to wait if not, and how long until the allowance is full again, in microseconds.
-- p_full: so long an allowance that is used up takes to be full; p_cost: what the start adds to that; p_owed: what the caller counted that may not be here.
-- By this server's clock. If that is put back, nobody waits for longer than until a used up allowance is full.
CREATE FUNCTION grant_starts(p_node UUID, p_epoch INT, p_queue TEXT[], p_key TEXT[], p_full BIGINT[], p_cost BIGINT[], p_owed BIGINT[])
RETURNS TABLE (nr INT, granted BOOL, after BIGINT, full_in BIGINT) LANGUAGE plpgsql
SET search_path = ${schema}, pg_temp SET lock_timeout = '5s'
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE w RECORD; v_now TIMESTAMPTZ := clock_timestamp(); v_full_at TIMESTAMPTZ; v_debt BIGINT;
BEGIN
    PERFORM fence(p_node, p_epoch);
    FOR w IN SELECT * FROM unnest(p_queue, p_key, p_full, p_cost, p_owed) WITH ORDINALITY u (queue, key, fully, cost, owed, nr)
              ORDER BY u.queue COLLATE "C", u.key COLLATE "C" LOOP                           -- in an order: one who owned it may ask as well
        v_full_at := NULL;
        SELECT a.full_at INTO v_full_at FROM allowance a WHERE a.queue = w.queue AND a.key = w.key FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO allowance AS a (queue, key, full_at) VALUES (w.queue, w.key, v_now)
                ON CONFLICT ON CONSTRAINT allowance_pkey DO NOTHING;                        -- of two who ask at once one waits here for the other
            SELECT a.full_at INTO v_full_at FROM allowance a WHERE a.queue = w.queue AND a.key = w.key FOR UPDATE;
        END IF;
        v_debt := coalesce((extract(epoch FROM v_full_at - v_now) * 1000000)::BIGINT, 0);
        v_debt := least(greatest(v_debt, w.owed, 0), w.fully);
        granted := v_debt + w.cost <= w.fully;
        IF granted THEN v_debt := v_debt + w.cost; END IF;
        IF granted OR w.owed > 0 THEN
            INSERT INTO allowance AS a (queue, key, full_at) VALUES (w.queue, w.key, v_now + v_debt * interval '1 microsecond')
                ON CONFLICT ON CONSTRAINT allowance_pkey DO UPDATE SET full_at = excluded.full_at;
        END IF;
        nr := w.nr;
        after := CASE WHEN granted THEN 0 ELSE v_debt + w.cost - w.fully END;
        full_in := v_debt;
        RETURN NEXT;
    END LOOP;
    DELETE FROM allowance a USING (
        SELECT o.queue, o.key FROM allowance o WHERE o.full_at < v_now ORDER BY o.full_at LIMIT 2 * cardinality(p_key) FOR UPDATE SKIP LOCKED) o
     WHERE a.queue = o.queue AND a.key = o.key;
END $$;
