-- Log lines tell how grave they are.

SET LOCAL lock_timeout = '5s';

ALTER TABLE job_note ADD COLUMN level TEXT;                          -- trace, debug, info, warning or error; null if a build wrote it that knew none: info

-- As before, and each line with its level. The other one stays: builds that know no levels call it.
CREATE FUNCTION write_notes(p_node UUID, p_epoch INT, p_part INT[], p_job UUID[], p_run INT[], p_no INT[], p_attempt INT[], p_at TIMESTAMPTZ[],
                            p_line TEXT[], p_level TEXT[], p_done BIGINT[], p_total BIGINT[])
RETURNS VOID LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM fence(p_node, p_epoch);
    INSERT INTO job_note (part, job_id, run, attempt, at, line, level)
    SELECT i.part, i.job, i.run, i.attempt, i.at, i.line, i.level
      FROM unnest(p_part, p_job, p_run, p_attempt, p_at, p_line, p_level) WITH ORDINALITY i (part, job, run, attempt, at, line, level, nr)
     WHERE i.line IS NOT NULL ORDER BY i.nr;
    INSERT INTO progress AS p (job_id, run, no, done, total, at)
    SELECT DISTINCT ON (i.job) i.job, i.run, i.no, i.done, i.total, i.at
      FROM unnest(p_job, p_run, p_no, p_at, p_done, p_total) WITH ORDINALITY i (job, run, no, at, done, total, nr)
     WHERE i.done IS NOT NULL ORDER BY i.job, i.nr DESC
        ON CONFLICT (job_id) DO UPDATE SET run = excluded.run, no = excluded.no, done = excluded.done, total = excluded.total, at = excluded.at
     WHERE (p.run, p.no) <= (excluded.run, excluded.no);
END $$;
