-- Partitions of the stream are only inserted into, and dropped whole: there is nothing to clean up. Yet autovacuum went over them again and again because
-- of what was inserted, to mark each page as visible to all: with checksums, which are the default from PostgreSQL 18 on, that may put whole pages into the
-- write-ahead log. It still comes, once, where a partition grows old enough in transactions to be
-- frozen; most are dropped before.

CREATE OR REPLACE FUNCTION attach_now(p_part INT) RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
DECLARE t TEXT;
BEGIN
    INSERT INTO part (no) VALUES (p_part) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    FOREACH t IN ARRAY ARRAY['job_log', 'claim', 'outcome', 'outcome_batch', 'start_mark', 'job_note'] LOOP   -- standalone, then attach: a
        EXECUTE format('CREATE TABLE %1$I (LIKE %2$I INCLUDING ALL, CHECK (part = %3$s))',                    -- PARTITION OF would stop
                       t || '_' || p_part, t, p_part);                                                        -- everybody
        EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_threshold = -1, toast.autovacuum_vacuum_insert_threshold = -1)',
                       t || '_' || p_part);
        EXECUTE format('ALTER TABLE %2$I ATTACH PARTITION %1$I FOR VALUES IN (%3$s)', t || '_' || p_part, t, p_part);
    END LOOP;
    EXECUTE format('ALTER TABLE %I SET (toast_tuple_target = 8160)', 'outcome_batch_' || p_part);
END $$;

DO $$
DECLARE v_table REGCLASS;
BEGIN
    FOR v_table IN
        SELECT i.inhrelid::REGCLASS FROM pg_inherits i
         WHERE i.inhparent IN ('job_log'::REGCLASS, 'claim'::REGCLASS, 'outcome'::REGCLASS, 'outcome_batch'::REGCLASS, 'start_mark'::REGCLASS,
                               'job_note'::REGCLASS)
    LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_insert_threshold = -1, toast.autovacuum_vacuum_insert_threshold = -1)', v_table);
    END LOOP;
END $$;
