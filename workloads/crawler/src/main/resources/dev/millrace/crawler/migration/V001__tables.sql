-- What crawls know: which pages there are, which were fetched, and who may talk to a server now.
--
-- Lock order in every transaction: frontier by key, crawl_host by host, server, crawl. Whoever adds pages of a host raises its row's
-- `pending`, and whoever ends a host's turn holds that row while looking whether pages are left: so either the ending turn sees the new
-- pages, or their finder sees that there is no turn and adds one.

CREATE TABLE crawl (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity    TEXT NOT NULL UNIQUE,       -- what makes it the same crawl when it is asked for again
    seed        TEXT NOT NULL,
    settings    TEXT NOT NULL,              -- JSON
    queue       TEXT NOT NULL,              -- of its jobs
    state       TEXT NOT NULL CHECK (state IN ('running', 'finished')),
    max_pages   BIGINT NOT NULL,
    reserved    BIGINT NOT NULL DEFAULT 0,  -- of max_pages: committed, or set aside for a host
    started_at  TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    finished_at TIMESTAMPTZ
);

-- A web server, over all crawls: one turn at a time talks to it, and not before next_at.
CREATE TABLE server (
    host            TEXT PRIMARY KEY,
    holder          UUID,                   -- the job whose turn it is
    wanted          BOOLEAN NOT NULL DEFAULT FALSE,  -- another crawl waits for its turn
    next_at         TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
    robots          TEXT                    -- what is known of its robots.txt, as JSON
);

-- A host within a crawl. `job` is its turn; null: none is wanted.
CREATE TABLE crawl_host (
    crawl      BIGINT NOT NULL REFERENCES crawl ON DELETE CASCADE,
    host       TEXT NOT NULL,
    job        UUID,
    pending    BIGINT NOT NULL DEFAULT 0,
    budget     BIGINT NOT NULL DEFAULT 0,   -- pages it may still commit out of the crawl's reserved ones
    pages      BIGINT NOT NULL DEFAULT 0,
    failed     BIGINT NOT NULL DEFAULT 0,
    redirects  BIGINT NOT NULL DEFAULT 0,
    refused    BIGINT NOT NULL DEFAULT 0,   -- by robots.txt: never fetched
    bytes      BIGINT NOT NULL DEFAULT 0,
    duplicates BIGINT NOT NULL DEFAULT 0,   -- links found on its pages that were known already
    repeated   BIGINT NOT NULL DEFAULT 0,   -- pages fetched more than once, since a fetch was cut off
    silent     INT NOT NULL DEFAULT 0,      -- fetches in a row that got no answer
    given_up   TEXT,                        -- why none of its pages will be fetched any more
    touched_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (crawl, host)
);
CREATE INDEX ON crawl_host (crawl) WHERE job IS NOT NULL;

CREATE TABLE frontier (
    crawl  BIGINT NOT NULL REFERENCES crawl ON DELETE CASCADE,
    key    UUID NOT NULL,                   -- the first half of the URL's SHA-256: URLs may be longer than an index entry
    no     BIGINT GENERATED ALWAYS AS IDENTITY,
    url    TEXT NOT NULL,
    host   TEXT NOT NULL,
    depth  INT NOT NULL,
    hops   INT NOT NULL DEFAULT 0,          -- redirects that led here, one after the other
    state  TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed', 'redirect', 'refused')),
    started INT NOT NULL DEFAULT 0,         -- fetches begun
    tries  INT NOT NULL DEFAULT 0,          -- fetches whose end is recorded
    due_at TIMESTAMPTZ,                     -- of the next try; null: at once
    leads_to UUID,                          -- where it redirects
    reason TEXT,                            -- why it is refused
    PRIMARY KEY (crawl, key)
) WITH (fillfactor = 90);
CREATE INDEX frontier_pending ON frontier (crawl, host, no) WHERE state = 'pending';

-- One row per line of the output. xid: a reader knows by snapshots which lines it has seen.
CREATE TABLE page (
    crawl        BIGINT NOT NULL REFERENCES crawl ON DELETE CASCADE,
    key          UUID NOT NULL,
    xid          XID8 NOT NULL DEFAULT pg_current_xact_id(),
    url          TEXT NOT NULL,
    final_url    TEXT NOT NULL,
    status       INT,
    content_type TEXT,
    fetched_at   TIMESTAMPTZ NOT NULL,
    took_millis  INT NOT NULL,
    title        TEXT,
    text         TEXT,
    links        TEXT[],
    sha256       TEXT,
    bytes        BIGINT NOT NULL DEFAULT 0,
    reason       TEXT,
    error        TEXT,
    PRIMARY KEY (crawl, key)
);
CREATE INDEX page_window ON page (crawl, xid, key);
CREATE INDEX page_failed ON page (crawl, reason) WHERE reason IS NOT NULL;

-- What a page handler saved, with the page.
CREATE TABLE item (
    crawl BIGINT NOT NULL REFERENCES crawl ON DELETE CASCADE,
    key   UUID NOT NULL,
    no    INT NOT NULL,
    type  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (crawl, key, no)
);

-- How far an output file is. The snapshot belongs to this cluster and database, and to no other.
CREATE TABLE export (
    path     TEXT NOT NULL,
    crawl    BIGINT NOT NULL REFERENCES crawl ON DELETE CASCADE,
    length   BIGINT NOT NULL,
    snap     PG_SNAPSHOT NOT NULL,
    tail     TEXT NOT NULL,                 -- a fingerprint of its end
    cluster  BIGINT NOT NULL,
    database BIGINT NOT NULL,
    PRIMARY KEY (path)
);
