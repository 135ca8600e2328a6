-- A crawl that waits says for what.

ALTER TABLE crawl_host
    ADD COLUMN waits_until TIMESTAMPTZ,     -- null or past: it does not wait
    ADD COLUMN waits_for TEXT;
