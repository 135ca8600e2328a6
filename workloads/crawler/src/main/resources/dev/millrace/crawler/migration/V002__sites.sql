-- Crawls that an application asked for by the name of a site, with a job.

ALTER TABLE crawl
    ADD COLUMN site TEXT,      -- whose page handler sees its pages; null: none does
    ADD COLUMN job  UUID;      -- that reports on it; cancelled, it takes the crawl with it
