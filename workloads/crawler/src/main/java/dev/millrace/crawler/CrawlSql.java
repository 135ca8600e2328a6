package dev.millrace.crawler;

/** What the crawler says to the database, in the order of a crawl's life. Durations are seconds. */
final class CrawlSql {

    // ---- a crawl

    final String makeCrawl;
    final String nameQueue;
    final String updateCrawl;
    final String findCrawl;
    final String readCrawl;
    final String lockCrawl;
    final String addHome;
    final String markRemoved;
    final String removed;
    final String turnsOfRemoved;
    final String forgetTurns;
    final String freeServers;
    final String deleteCrawl;
    final String deleteFinished;
    final String reopenCrawl;
    final String finishCrawl;

    // ---- a turn

    final String lockHost;
    final String hostJob;
    final String waits;
    final String waitsNoMore;
    final String noteServer;
    final String lockServer;
    final String wantServer;
    final String holdServer;
    final String paceServer;
    final String releaseServer;
    final String seizeServer;
    final String readOrigin;
    final String keepRobots;
    final String forgetRobots;

    // ---- a page

    final String pick;
    final String nextDue;
    final String unstart;
    final String endEntry;
    final String retryEntry;
    final String addEntries;
    final String countHosts;
    final String countPage;
    final String addPage;
    final String addItem;
    final String chain;

    // ---- the end

    final String share;
    final String reserve;
    final String addBudget;
    final String endHost;
    final String giveBack;
    final String otherHosts;
    final String hungryHosts;
    final String giveUpHost;
    final String giveUpOrigin;
    final String failPending;
    final String countFailed;

    // ---- looking

    final String progress;
    final String failures;
    final String lastOfSeed;
    final String activeHosts;

    // ---- the file

    final String ownerOfExport;
    final String readExport;
    final String snapshot;
    final String cluster;
    final String window;
    final String keepExport;

    /**
     * Locks on a crawl's row are NO KEY: a plain one would stand against the foreign keys of every page that is being added, and these
     * are taken in no order.
     */
    CrawlSql(String schema) {
        var q = new Qualifier(schema);

        makeCrawl = q.in("""
                INSERT INTO $.crawl (identity, seed, settings, queue, state, max_pages, site, job) VALUES (?, ?, ?, ?, 'running', ?, ?, ?)
                ON CONFLICT (identity) DO NOTHING RETURNING id
                """);
        nameQueue = q.in("UPDATE $.crawl SET queue = ? WHERE id = ?");
        updateCrawl = q.in("UPDATE $.crawl SET settings = ?, max_pages = ? WHERE id = ?");
        findCrawl = q.in("SELECT id, queue, state FROM $.crawl WHERE identity = ? FOR NO KEY UPDATE");
        readCrawl = q.in(
                "SELECT settings, homes, run_at, queue, site, job FROM $.crawl WHERE id = ? AND state <> 'removed'");
        lockCrawl = q.in("""
                SELECT reserved < max_pages AS open, state FROM $.crawl WHERE id = ? AND state <> 'removed' FOR NO KEY UPDATE
                """);
        addHome = q.in("UPDATE $.crawl SET homes = homes || ?::TEXT WHERE id = ? AND NOT ?::TEXT = ANY (homes)");
        markRemoved = q.in(
                "UPDATE $.crawl SET state = 'removed', identity = identity || ' removed ' || id WHERE identity = ?");
        removed = q.in("SELECT id FROM $.crawl WHERE state = 'removed' ORDER BY id LIMIT 100");
        turnsOfRemoved =
                q.in("SELECT host, job FROM $.crawl_host WHERE crawl = ? AND job IS NOT NULL ORDER BY host LIMIT 1000");
        forgetTurns = q.in("UPDATE $.crawl_host SET job = NULL WHERE crawl = ? AND job = ANY (?)");
        freeServers = q.in("""
                UPDATE $.server
                   SET holder = NULL, wanted = FALSE, next_at = greatest(next_at, clock_timestamp() + make_interval(secs => ?))
                 WHERE holder = ANY (?)
                """);
        deleteCrawl = q.in("DELETE FROM $.crawl WHERE id = ? AND state = 'removed'");
        deleteFinished = q.in("DELETE FROM $.crawl WHERE identity = ? AND state = 'finished'");
        reopenCrawl = q.in("""
                UPDATE $.crawl SET state = 'running', finished_at = NULL, run_at = ? WHERE id = ? AND state <> 'removed'
                """);
        finishCrawl = q.in("""
                UPDATE $.crawl SET state = 'finished', finished_at = clock_timestamp() WHERE id = ? AND state = 'running'
                """);

        lockHost = q.in("SELECT job, given_up, budget FROM $.crawl_host WHERE crawl = ? AND host = ? FOR UPDATE");
        hostJob = q.in("UPDATE $.crawl_host SET job = ?, touched_at = clock_timestamp() WHERE crawl = ? AND host = ?");
        waits = q.in("""
                UPDATE $.crawl_host SET waits_until = clock_timestamp() + make_interval(secs => ?), waits_for = ?
                 WHERE crawl = ? AND host = ? AND job = ?
                """);
        waitsNoMore = q.in(
                "UPDATE $.crawl_host SET waits_until = NULL WHERE crawl = ? AND host = ? AND waits_until IS NOT NULL");
        noteServer = q.in("INSERT INTO $.server (host) VALUES (?) ON CONFLICT DO NOTHING");
        lockServer = q.in("""
                SELECT holder, taken, extract(epoch FROM next_at - clock_timestamp()) AS rest FROM $.server
                 WHERE host = ? FOR UPDATE
                """);
        wantServer = q.in("UPDATE $.server SET wanted = TRUE WHERE host = ?");
        holdServer = q.in("""
                UPDATE $.server
                   SET holder = ?, taken = taken + 1, wanted = FALSE,
                       next_at = greatest(next_at, clock_timestamp() + make_interval(secs => ?))
                 WHERE host = ?
                """);
        paceServer = q.in("""
                UPDATE $.server SET next_at = clock_timestamp() + make_interval(secs => ?) WHERE host = ? AND holder = ?
                RETURNING wanted
                """);
        releaseServer = q.in("UPDATE $.server SET holder = NULL, wanted = FALSE WHERE host = ? AND holder = ?");
        seizeServer = q.in("""
                UPDATE $.server SET holder = NULL, next_at = greatest(next_at, clock_timestamp() + make_interval(secs => ?))
                 WHERE host = ? AND holder = ? AND taken = ?
                """);
        readOrigin = q.in("""
                SELECT (SELECT file FROM $.robots WHERE origin = ?) AS file,
                       (SELECT given_up FROM $.crawl_origin WHERE crawl = ? AND origin = ?) AS given_up
                """);
        keepRobots = q.in(
                "INSERT INTO $.robots (origin, file) VALUES (?, ?) ON CONFLICT (origin) DO UPDATE SET file = excluded.file");
        forgetRobots = q.in("DELETE FROM $.robots WHERE origin = ?");

        pick = q.in("""
                UPDATE $.frontier SET started = started + 1
                 WHERE (crawl, key) = (
                    SELECT crawl, key FROM $.frontier
                     WHERE crawl = ? AND host = ? AND state = 'pending' AND no > ?
                       AND (due_at IS NULL OR due_at <= clock_timestamp())
                     ORDER BY no
                     LIMIT 1)
                RETURNING key, no, url, depth, hops, started, tries
                """);
        nextDue = q.in("""
                SELECT extract(epoch FROM min(due_at) - clock_timestamp()) AS rest FROM $.frontier
                 WHERE crawl = ? AND host = ? AND state = 'pending'
                HAVING count(*) > 0
                """);
        unstart = q.in("UPDATE $.frontier SET started = started - 1 WHERE crawl = ? AND key = ? AND state = 'pending'");
        endEntry = q.in("""
                UPDATE $.frontier SET state = ?, tries = tries + ?, leads_to = ?, reason = ?
                 WHERE crawl = ? AND key = ? AND state = 'pending'
                RETURNING started > tries AS repeated
                """);
        retryEntry = q.in("""
                UPDATE $.frontier SET tries = tries + 1, due_at = clock_timestamp() + make_interval(secs => ?)
                 WHERE crawl = ? AND key = ? AND state = 'pending'
                """);
        addEntries = q.in("""
                INSERT INTO $.frontier (crawl, key, url, host, depth, hops)
                SELECT ?, key, url, host, ?, ? FROM unnest(?::UUID[], ?::TEXT[], ?::TEXT[]) AS found (key, url, host) ORDER BY key
                ON CONFLICT DO NOTHING
                RETURNING host
                """);
        countHosts = q.in("""
                INSERT INTO $.crawl_host (crawl, host, pending)
                SELECT ?, host, n FROM unnest(?::TEXT[], ?::INT8[]) AS more (host, n) ORDER BY host
                ON CONFLICT (crawl, host) DO UPDATE SET pending = crawl_host.pending + excluded.pending
                RETURNING host, job
                """);
        countPage = q.in("""
                UPDATE $.crawl_host
                   SET pages = pages + ?, failed = failed + ?, redirects = redirects + ?, refused = refused + ?, budget = budget - ?,
                       bytes = bytes + ?, duplicates = duplicates + ?, repeated = repeated + ?,
                       silent = CASE WHEN ? THEN silent WHEN ? THEN silent + 1 ELSE 0 END, touched_at = clock_timestamp()
                 WHERE crawl = ? AND host = ? AND job = ?
                RETURNING budget, pending, silent
                """);
        addPage = q.in("""
                INSERT INTO $.page (crawl, key, url, final_url, status, content_type, fetched_at, took_millis, title, text, links, sha256,
                                    bytes, reason, error)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """);
        addItem = q.in("INSERT INTO $.item (crawl, key, no, type, value) VALUES (?, ?, ?, ?, ?)");
        chain = q.in("""
                WITH RECURSIVE way (key, step) AS (
                    SELECT ?::UUID, 1
                    UNION ALL
                    SELECT f.leads_to, way.step + 1 FROM way JOIN $.frontier f ON f.crawl = ? AND f.key = way.key
                     WHERE f.leads_to IS NOT NULL AND way.step < ?)
                SELECT 1 FROM way WHERE key = ?
                """);

        share = q.in("""
                SELECT least(100, greatest(1, (max_pages - reserved) / 8)) FROM $.crawl
                 WHERE id = ? AND state = 'running' AND reserved < max_pages
                   FOR NO KEY UPDATE
                """);
        reserve = q.in("UPDATE $.crawl SET reserved = reserved + ? WHERE id = ?");
        addBudget = q.in("UPDATE $.crawl_host SET budget = budget + ? WHERE crawl = ? AND host = ?");
        endHost = q.in("UPDATE $.crawl_host SET job = NULL, budget = 0 WHERE crawl = ? AND host = ?");
        giveBack = q.in("UPDATE $.crawl SET reserved = reserved - ? WHERE id = ?");
        otherHosts = q.in("SELECT 1 FROM $.crawl_host WHERE crawl = ? AND job IS NOT NULL LIMIT 1");
        hungryHosts = q.in("""
                SELECT host FROM $.crawl_host WHERE crawl = ? AND pending > 0 AND job IS NULL ORDER BY host LIMIT 100 FOR UPDATE
                """);
        giveUpHost = q.in("UPDATE $.crawl_host SET given_up = ? WHERE crawl = ? AND host = ?");
        giveUpOrigin =
                q.in("INSERT INTO $.crawl_origin (crawl, origin, given_up) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
        failPending = q.in("""
                WITH ended AS (
                    UPDATE $.frontier SET state = 'failed'
                     WHERE (crawl, key) IN (
                        SELECT crawl, key FROM $.frontier WHERE crawl = ? AND host = ? AND state = 'pending' AND starts_with(url, ?)
                         ORDER BY no LIMIT ?)
                    RETURNING crawl, key, url
                ), told AS (
                    INSERT INTO $.page (crawl, key, url, final_url, fetched_at, took_millis, reason, error)
                    SELECT crawl, key, url, url, clock_timestamp(), 0, ?, ? FROM ended
                    RETURNING key
                )
                SELECT count(*) FROM told
                """);
        countFailed = q.in("""
                UPDATE $.crawl_host SET failed = failed + ?, pending = pending - ?, budget = budget - ?, touched_at = clock_timestamp()
                 WHERE crawl = ? AND host = ?
                """);

        progress = q.in("""
                SELECT s.*, w.host AS waits, w.waits_for, extract(epoch FROM w.waits_until - clock_timestamp()) AS waits_left
                  FROM (SELECT c.id, coalesce(sum(h.pages), 0) AS pages, coalesce(sum(h.failed), 0) AS failed,
                               coalesce(sum(h.redirects), 0) AS redirects, coalesce(sum(h.refused), 0) AS refused,
                               coalesce(sum(h.pending), 0) AS pending, count(h.job) AS hosts, coalesce(sum(h.bytes), 0) AS bytes,
                               coalesce(sum(h.duplicates), 0) AS duplicates, coalesce(sum(h.repeated), 0) AS repeated,
                               count(*) FILTER (WHERE h.job IS NOT NULL AND h.waits_until > clock_timestamp()) AS waiting,
                               c.state = 'finished' AS finished,
                               extract(epoch FROM coalesce(c.finished_at, clock_timestamp()) - c.started_at) AS elapsed
                          FROM $.crawl c LEFT JOIN $.crawl_host h ON h.crawl = c.id
                         WHERE c.id = ? AND c.state <> 'removed'
                         GROUP BY c.id) s
                  LEFT JOIN LATERAL (
                       SELECT * FROM $.crawl_host h
                        WHERE h.crawl = s.id AND h.job IS NOT NULL AND h.waits_until > clock_timestamp()
                        ORDER BY h.waits_until LIMIT 1) w ON true
                """);
        failures = q.in(
                "SELECT reason, count(*) FROM $.page WHERE crawl = ? AND reason IS NOT NULL GROUP BY reason ORDER BY 1");
        lastOfSeed = q.in("""
                SELECT f.url, f.state, p.final_url, coalesce(p.error, f.reason) AS why
                  FROM $.frontier f LEFT JOIN $.page p ON p.crawl = f.crawl AND p.key = f.key
                 WHERE f.crawl = ? AND f.depth = 0
                 ORDER BY f.no DESC
                 LIMIT 1
                """);
        activeHosts = q.in("""
                SELECT host, job FROM $.crawl_host
                 WHERE crawl = ? AND job IS NOT NULL AND touched_at < clock_timestamp() - make_interval(secs => ?)
                 ORDER BY touched_at
                 LIMIT 1000
                """);

        ownerOfExport = q.in("""
                SELECT c.identity, c.seed FROM $.export e LEFT JOIN $.crawl c ON c.id = e.crawl AND c.state <> 'removed' WHERE e.path = ?
                """);
        readExport = q.in("""
                SELECT crawl, length, snap::TEXT, tail, cluster, database FROM $.export WHERE path = ?
                """);
        snapshot = q.in("SELECT pg_current_snapshot()::TEXT");
        cluster = q.in("""
                SELECT s.system_identifier, d.oid FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()
                """);
        window = q.in("""
                SELECT url, final_url, status, content_type, fetched_at, took_millis, title, text, links, sha256, reason, error
                  FROM $.page
                 WHERE crawl = ? AND xid >= pg_snapshot_xmin(?::PG_SNAPSHOT) AND NOT pg_visible_in_snapshot(xid, ?::PG_SNAPSHOT)
                 ORDER BY crawl, xid, key
                """);
        keepExport = q.in("""
                INSERT INTO $.export (path, crawl, length, snap, tail, cluster, database) VALUES (?, ?, ?, ?::PG_SNAPSHOT, ?, ?, ?)
                ON CONFLICT (path) DO UPDATE SET crawl = excluded.crawl, length = excluded.length, snap = excluded.snap,
                                                 tail = excluded.tail, cluster = excluded.cluster, database = excluded.database
                """);
    }

    private record Qualifier(String schema) {
        String in(String sql) {
            return sql.replace("$.", schema + ".");
        }
    }
}
