-- A flush waited for whoever had an outcome of one of its deliveries in an open transaction: a handler that hangs after complete(), or whose
-- connection is half dead. It waited as long as a statement may, 30 s, and with it every outcome of its node. As before, with a wait of its
-- own: whoever is in the way is then found among ever fewer outcomes, and ended by end_holders() if it stays there.

DROP FUNCTION flush(UUID, INT, UUID[], INT[], INT[], BIGINT[], BIGINT[], UUID[], TEXT[], TIMESTAMPTZ[], BIGINT[], BIGINT[], TEXT[], TEXT[], TEXT[]);

CREATE FUNCTION flush(p_node UUID, p_epoch INT, p_tokens UUID[], p_claim INT[], p_part INT[], p_xid BIGINT[], p_seq BIGINT[], p_job UUID[],
                      p_outcome TEXT[], p_started TIMESTAMPTZ[], p_took BIGINT[], p_delay BIGINT[], p_reason TEXT[], p_failure TEXT[],
                      p_result TEXT[], p_wait_millis INT)
RETURNS TABLE (nr BIGINT, verdict TEXT) LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM set_config('lock_timeout', p_wait_millis::TEXT, true);         -- of this transaction, which is this call
    PERFORM fence(p_node, p_epoch);
    RETURN QUERY SELECT * FROM settle(p_node, p_epoch, p_tokens, p_claim, p_part, p_xid, p_seq, p_job, p_outcome, p_started, p_took, p_delay,
                                      p_reason, p_failure, p_result);
END $$;
