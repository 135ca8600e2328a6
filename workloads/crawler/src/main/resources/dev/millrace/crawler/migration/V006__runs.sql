-- A crawl that is asked for again is as patient as a new one: what failed in an earlier run does not count.

ALTER TABLE crawl
    ADD COLUMN run_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(); -- when it was begun, or continued, last
