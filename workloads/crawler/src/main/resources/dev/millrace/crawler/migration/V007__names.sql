-- Who is polite to a host is polite to its name or address, whatever scheme and port lead there: behind them is one machine. A robots.txt,
-- and whether it can be had, is each origin's own.

CREATE TABLE robots (
    origin TEXT PRIMARY KEY,                -- scheme, name and port, as they begin a URL
    file   TEXT NOT NULL                    -- what is known of it, as JSON
);

CREATE TABLE crawl_origin (
    crawl    BIGINT NOT NULL REFERENCES crawl ON DELETE CASCADE,
    origin   TEXT NOT NULL,
    given_up TEXT NOT NULL,                 -- why none of its pages will be fetched any more
    PRIMARY KEY (crawl, origin)
);

INSERT INTO robots SELECT host, robots FROM server WHERE robots IS NOT NULL;
INSERT INTO crawl_origin SELECT crawl, host, given_up FROM crawl_host WHERE given_up IS NOT NULL;

-- Turns that are under way know a host by its origin: they find nothing and end. Who continues a crawl gives its hosts new ones.
CREATE TEMPORARY TABLE named ON COMMIT DROP AS
    SELECT crawl, regexp_replace(host, '^https?://|:[0-9]+$', '', 'g') AS host, sum(pending) AS pending, sum(budget) AS budget,
           sum(pages) AS pages, sum(failed) AS failed, sum(redirects) AS redirects, sum(refused) AS refused, sum(bytes) AS bytes,
           sum(duplicates) AS duplicates, sum(repeated) AS repeated
      FROM crawl_host GROUP BY 1, 2;
DELETE FROM crawl_host;
INSERT INTO crawl_host (crawl, host, pending, budget, pages, failed, redirects, refused, bytes, duplicates, repeated) SELECT * FROM named;
UPDATE frontier SET host = regexp_replace(host, '^https?://|:[0-9]+$', '', 'g');
DELETE FROM server;
ALTER TABLE server DROP COLUMN robots;
