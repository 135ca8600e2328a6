-- Where the seed's redirects led: who asks for example.org and is sent to www.example.org means the latter.

ALTER TABLE crawl
    ADD COLUMN homes TEXT[] NOT NULL DEFAULT '{}';
