-- A crawl that is begun anew is marked, and then forgotten step by step: its turns are jobs, which only the engine can withdraw.

ALTER TABLE crawl
    DROP CONSTRAINT crawl_state_check,
    ADD CONSTRAINT crawl_state_check CHECK (state IN ('running', 'finished', 'removed'));

-- Who finds the holder dead frees the server only if it was not taken since: that holder's job may just have begun again.
ALTER TABLE server
    ADD COLUMN taken BIGINT NOT NULL DEFAULT 0; -- how often
