-- Where jobs are kept. The stream of jobs (job_log, claim, outcome) is only ever inserted into, in numbered partitions that
-- retention drops whole. What waits for a time or for a node that can run it lies in timer and parked. All else is small.
--
-- Times that are compared come from clock_timestamp(), never from now(): a transaction may be old.
-- Error codes: MR001 fenced, MR002 no anchor, MR003 unknown claim, MR004 sealed partition, MR005 wrong transaction,
--              MR006 token used, MR007 another database, MR008 already ended, MR009 idempotency key in use.

CREATE TABLE meta (
    only_one          BOOL PRIMARY KEY DEFAULT true CHECK (only_one),
    system_identifier BIGINT NOT NULL,  -- the cluster and database that the log's snapshots belong to:
    database          OID    NOT NULL,  -- elsewhere (restored, copied) they mean nothing, and the streams are rebased
    log_format        INT    NOT NULL,
    lock_class        INT    NOT NULL,  -- advisory locks: nodes in this class, streams in the next, jobs in the one after
    current_part      INT    NOT NULL,  -- where new deliveries go
    live_part         INT    NOT NULL,  -- the oldest partition that claims still look at
    shards            INT    NOT NULL,  -- per queue and priority
    kept_at           TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
    CHECK (live_part <= current_part)
);

-- The life of a partition: attached, then current, then closed, sealed, settled, dropped. A time that is null has not come.
CREATE TABLE part (
    no          INT PRIMARY KEY,
    attached_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    current_at  TIMESTAMPTZ,
    closed_at   TIMESTAMPTZ,
    sealed_at   TIMESTAMPTZ,   -- nothing can be appended any more: proof, where a clock would be a guess
    settled_at  TIMESTAMPTZ,   -- every delivery in it has ended
    dropped_at  TIMESTAMPTZ
);

CREATE TABLE node (
    id         UUID PRIMARY KEY,
    lock_no    INT GENERATED ALWAYS AS IDENTITY UNIQUE,
    epoch      INT  NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('alive', 'deposed', 'gone')),
    name       TEXT NOT NULL,
    host       TEXT NOT NULL,
    pid        BIGINT NOT NULL,
    version    TEXT NOT NULL,
    slots      INT  NOT NULL,
    queues     TEXT[] NOT NULL,
    kinds      TEXT[] NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON node (state) WHERE state <> 'gone';

-- Apart from node: a handler's transaction holds a share lock on its node's row, and must not hold up its beats.
CREATE TABLE beat (
    node UUID PRIMARY KEY,
    n    BIGINT NOT NULL,
    at   TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()   -- shown, never judged by
) WITH (fillfactor = 50);

CREATE TABLE stream (
    id       INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue    TEXT NOT NULL,
    priority INT  NOT NULL CHECK (priority BETWEEN 0 AND 3),   -- urgent, high, normal, bulk
    shard    INT  NOT NULL CHECK (shard >= -2),                -- -1 the front, -2 what ended without ever being available
    UNIQUE (queue, priority, shard)
);

CREATE SEQUENCE delivery_seq CACHE 50;

CREATE TABLE job_log (
    part         INT    NOT NULL,
    stream       INT    NOT NULL,
    xid          XID8   NOT NULL DEFAULT pg_current_xact_id(),
    seq          BIGINT NOT NULL DEFAULT nextval('delivery_seq'),
    job_id       UUID   NOT NULL,
    run          INT    NOT NULL DEFAULT 1,
    no           INT    NOT NULL DEFAULT 1,
    attempt      INT    NOT NULL DEFAULT 1,
    rescues      INT    NOT NULL DEFAULT 0,
    charged      INT    NOT NULL DEFAULT 0,
    kind         TEXT   NOT NULL,
    kind_version INT    NOT NULL DEFAULT 1,
    payload      TEXT   NOT NULL,
    headers      JSONB,
    expires_at   TIMESTAMPTZ,
    enqueued_at  TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
) PARTITION BY LIST (part);
CREATE INDEX ON job_log (stream, xid, seq);
CREATE INDEX ON job_log (job_id);

CREATE TABLE claim (
    part      INT    NOT NULL,
    stream    INT    NOT NULL,
    no        BIGINT NOT NULL,
    token     UUID   NOT NULL,
    node      UUID,
    epoch     INT,
    ordinal   BIGINT,
    prev      PG_SNAPSHOT NOT NULL,
    snap      PG_SNAPSHOT NOT NULL,
    from_xid  XID8,
    from_seq  BIGINT,
    upto_xid  XID8,
    upto_seq  BIGINT,
    exhausted BOOL   NOT NULL,
    n         INT    NOT NULL,
    lo_part   INT,
    hi_part   INT,
    at        TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream, no, part),
    UNIQUE (token, part),          -- no promise across partitions: take() probes
    CHECK (exhausted OR upto_xid IS NOT NULL)
) PARTITION BY LIST (part);
CREATE INDEX ON claim (node, ordinal);

CREATE TYPE outcome_kind AS ENUM
    ('done', 'retry', 'timed_out', 'snooze', 'cancelled', 'discarded', 'rescued', 'handed_back', 'parked', 'moved');

CREATE TABLE outcome (
    part        INT    NOT NULL,   -- the delivery's, never the day of finishing
    seq         BIGINT NOT NULL,
    job_id      UUID   NOT NULL,
    outcome     outcome_kind NOT NULL,
    node        UUID,
    token       UUID,              -- the claim it was held under: a repeated flush knows its own rows by it
    started_at  TIMESTAMPTZ,
    took_micros BIGINT,
    at          TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    reason      TEXT,
    failure     JSONB,
    result      TEXT,
    PRIMARY KEY (part, seq)
) PARTITION BY LIST (part);
CREATE INDEX ON outcome (job_id) WHERE outcome IN ('cancelled', 'discarded');

-- A delivery's start, marked before its handler runs: only for those that lost a node before.
CREATE TABLE start_mark (
    part INT NOT NULL,
    seq  BIGINT NOT NULL,
    node UUID NOT NULL,
    PRIMARY KEY (part, seq)
) PARTITION BY LIST (part);

CREATE TABLE job_note (
    part    INT  NOT NULL,
    job_id  UUID NOT NULL,
    run     INT  NOT NULL,
    attempt INT  NOT NULL,
    at      TIMESTAMPTZ NOT NULL,
    line    TEXT NOT NULL
) PARTITION BY LIST (part);
CREATE INDEX ON job_note (job_id);

CREATE TYPE place AS (part INT, stream INT, xid XID8, seq BIGINT);   -- where a delivery stands in the log

CREATE TABLE manifest (
    node         UUID   NOT NULL,
    no           BIGINT NOT NULL,
    upto_ordinal BIGINT NOT NULL,
    open         PLACE[] NOT NULL,
    PRIMARY KEY (node, no)
);

CREATE TABLE timer (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_at       TIMESTAMPTZ NOT NULL,
    retry        BOOL NOT NULL,           -- the job is retryable, else scheduled
    reason       TEXT,
    failure      JSONB,
    stream       INT  NOT NULL,
    job_id       UUID NOT NULL,
    run          INT  NOT NULL DEFAULT 1,
    no           INT  NOT NULL DEFAULT 1,
    attempt      INT  NOT NULL DEFAULT 1,
    rescues      INT  NOT NULL DEFAULT 0,
    charged      INT  NOT NULL DEFAULT 0,
    kind         TEXT NOT NULL,
    kind_version INT  NOT NULL DEFAULT 1,
    payload      TEXT NOT NULL,
    headers      JSONB,
    expires_at   TIMESTAMPTZ,
    enqueued_at  TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON timer (run_at, id);
CREATE INDEX ON timer (job_id);

CREATE TABLE parked (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parking      TEXT NOT NULL CHECK (parking IN ('unknown_kind', 'undecodable', 'limit', 'paused')),
    reason       TEXT NOT NULL,
    since        TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    stream       INT  NOT NULL,
    job_id       UUID NOT NULL,
    run          INT  NOT NULL,
    no           INT  NOT NULL,
    attempt      INT  NOT NULL,
    rescues      INT  NOT NULL,
    charged      INT  NOT NULL,
    kind         TEXT NOT NULL,
    kind_version INT  NOT NULL,
    payload      TEXT NOT NULL,
    headers      JSONB,
    expires_at   TIMESTAMPTZ,
    enqueued_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX ON parked (kind, kind_version, id);
CREATE INDEX ON parked (job_id);

-- Deliveries that were cancelled before they were claimed, or while they were held. Nodes read it forward by transaction.
CREATE TABLE cancel_mark (
    part   INT    NOT NULL,
    seq    BIGINT NOT NULL,
    stream INT    NOT NULL,
    xid    XID8   NOT NULL,
    marked XID8   NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (part, seq)
);
CREATE INDEX ON cancel_mark (marked);

CREATE TABLE pause (
    scope  TEXT NOT NULL CHECK (scope IN ('queue', 'kind')),
    name   TEXT NOT NULL,
    reason TEXT NOT NULL,
    by     TEXT NOT NULL,
    at     TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (scope, name)
);

CREATE TABLE idempotency_key (
    key     TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    job_id  UUID NOT NULL,
    at      TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON idempotency_key (at);

CREATE TABLE progress (
    job_id UUID PRIMARY KEY,
    run    INT NOT NULL,
    no     INT NOT NULL,
    done   BIGINT NOT NULL,
    total  BIGINT NOT NULL,
    at     TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE checkpoint (
    job_id UUID PRIMARY KEY,
    run    INT NOT NULL,
    no     INT NOT NULL,      -- a later delivery of the run takes it over; an earlier one can write no more
    value  TEXT,
    at     TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);

-- What operators did, and why.
CREATE TABLE audit (
    id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    by     TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    reason TEXT
);
CREATE INDEX ON audit (at);
