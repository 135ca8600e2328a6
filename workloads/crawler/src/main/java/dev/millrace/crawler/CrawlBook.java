package dev.millrace.crawler;

import static dev.millrace.crawler.Database.all;
import static dev.millrace.crawler.Database.one;
import static dev.millrace.crawler.Database.update;

import dev.millrace.MillraceException;
import dev.millrace.crawler.CrawlProgress.Waiting;
import dev.millrace.crawler.url.CrawlUrl;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is done with a whole crawl: it is opened, looked at, mended where turns ended unseen, and forgotten. What its turns do is in {@link
 * CrawlTables}. Each step is one transaction.
 */
final class CrawlBook {

    private final Database database;
    private final CrawlSql sql;
    private final Frontier frontier;

    CrawlBook(Database database, CrawlSql sql) {
        this.database = database;
        this.sql = sql;
        this.frontier = new Frontier(sql);
    }

    // ---- a crawl is opened

    /** A crawl's row. */
    record Opened(long id, String queue, boolean existed, boolean finished) {}

    /**
     * Where a crawl comes from.
     *
     * @param identity what makes it the same crawl when it is asked for again
     * @param site     whose handler sees its pages; null: none does
     * @param job      that reports on it; null: none does
     * @param queue    of its turns; null: one of its own
     */
    record Origin(
            String identity,
            @Nullable String site,
            @Nullable UUID job,
            @Nullable String queue) {

        static Origin of(CrawlSettings settings) {
            return new Origin(settings.identity(), null, null, null);
        }
    }

    /**
     * Finds the crawl of this origin, or makes it; its settings are these from now on. A restart makes it in any case; what there was is
     * left for {@link Leftovers}.
     */
    Opened open(Origin origin, CrawlSettings settings, String text, boolean restart) {
        return database.transaction("open the crawl of " + settings.seed(), tx -> {
            if (restart) update(tx, sql.markRemoved, origin.identity());
            return open(tx, origin, settings, text);
        });
    }

    /** The same, anew if it has finished. */
    Opened begin(Origin origin, CrawlSettings settings, String text) {
        return database.transaction("begin the crawl of " + settings.seed(), tx -> {
            update(tx, sql.deleteFinished, origin.identity());
            return open(tx, origin, settings, text);
        });
    }

    private Opened open(Connection tx, Origin origin, CrawlSettings settings, String text) throws SQLException {
        var queue = origin.queue() == null ? "" : origin.queue();
        var made = one(
                tx,
                sql.makeCrawl,
                row -> row.getLong(1),
                origin.identity(),
                settings.seed(),
                text,
                queue,
                settings.maxPages(),
                origin.site(),
                origin.job());
        if (made.isPresent()) {
            var named = queue.isEmpty() ? "crawl-" + made.get() : queue;
            update(tx, sql.nameQueue, named, made.get());
            return new Opened(made.get(), named, false, false);
        }
        var found = one(
                        tx,
                        sql.findCrawl,
                        row -> new Opened(
                                row.getLong("id"),
                                row.getString("queue"),
                                true,
                                row.getString("state").equals("finished")),
                        origin.identity())
                .orElseThrow();
        update(tx, sql.updateCrawl, text, settings.maxPages(), found.id());
        return found;
    }

    /** Enqueues a turn in the caller's transaction. */
    @FunctionalInterface
    interface Enqueue {
        UUID turn(Connection tx, String host);
    }

    /** Puts the seed on the frontier, and gives a turn to each host that has pages and none. False: there is nothing left to do. */
    boolean seed(long crawl, CrawlUrl seed, Instant now, Enqueue enqueue) {
        return database.transaction("begin at " + seed, tx -> {
            var more = new TreeMap<String, Long>();
            for (var host : frontier.add(tx, crawl, List.of(seed), 0, 0)) more.merge(host, 1L, Long::sum);
            frontier.raise(tx, crawl, more);
            boolean active = one(tx, sql.otherHosts, other -> true, crawl).isPresent();
            var hungry = all(tx, sql.hungryHosts, host -> host.getString(1), crawl);
            boolean open =
                    one(tx, sql.lockCrawl, row -> row.getBoolean("open"), crawl).orElse(false);
            if (!open && !active) return false;
            for (var host : hungry) update(tx, sql.hostJob, enqueue.turn(tx, host), crawl, host);
            if (active || !hungry.isEmpty()) update(tx, sql.reopenCrawl, now, crawl);
            return active || !hungry.isEmpty();
        });
    }

    // ---- a crawl is forgotten

    /** Crawls that were begun anew and are not forgotten yet; a hundred at most. */
    List<Long> removed() {
        return database.transaction("look for crawls to forget", tx -> all(tx, sql.removed, row -> row.getLong(1)));
    }

    /** Turns that a removed crawl left; a thousand at most. */
    List<Active> turnsOfRemoved(long crawl) {
        return database.transaction(
                "look for the turns of a crawl to forget", tx -> all(tx, sql.turnsOfRemoved, CrawlBook::active, crawl));
    }

    /** Forgets turns whose jobs were withdrawn, and frees their servers, which rest so long. */
    void forget(long crawl, List<Active> turns, Duration rest) {
        database.transaction("forget turns", tx -> {
            var jobs = turns.stream().map(Active::job).toArray(UUID[]::new);
            update(tx, sql.forgetTurns, crawl, jobs);
            return update(tx, sql.freeServers, rest, jobs);
        });
    }

    /** Deletes a removed crawl with all that is known of it. */
    void delete(long crawl) {
        database.transaction("forget a crawl", tx -> update(tx, sql.deleteCrawl, crawl));
    }

    // ---- turns that ended unseen

    /** A host's turn. */
    record Active(String host, UUID job) {}

    private static Active active(ResultSet row) throws SQLException {
        return new Active(row.getString("host"), row.getObject("job", UUID.class));
    }

    /** Turns of which nothing has been seen for so long; a thousand at most. */
    List<Active> quiet(long crawl, Duration since) {
        return database.transaction(
                "look for turns that ended unseen", tx -> all(tx, sql.activeHosts, CrawlBook::active, crawl, since));
    }

    /** Replaces a turn whose job ended without its saying so. With a reason, the host is given up. */
    void replace(long crawl, Active turn, @Nullable String givenUp, Enqueue enqueue) {
        database.transaction("replace the turn on " + turn.host(), tx -> {
            boolean still = one(
                            tx,
                            sql.lockHost,
                            row -> turn.job().equals(row.getObject("job", UUID.class)),
                            crawl,
                            turn.host())
                    .orElse(false);
            if (!still) return false;
            if (givenUp != null) update(tx, sql.giveUpHost, givenUp, crawl, turn.host());
            update(tx, sql.hostJob, enqueue.turn(tx, turn.host()), crawl, turn.host());
            return true;
        });
    }

    CrawlProgress progress(long crawl) {
        return database.transaction(
                "see how far the crawl is",
                tx -> one(tx, sql.progress, CrawlBook::progressRow, crawl)
                        .orElseThrow(
                                () -> new MillraceException(
                                        "The crawl was removed while it ran: somebody restarted it. Ask for it again to see the new one.")));
    }

    Map<String, Long> failures(long crawl) {
        return database.transaction("count failures", tx -> {
            var counts = new TreeMap<String, Long>();
            all(tx, sql.failures, row -> counts.put(row.getString(1), row.getLong(2)), crawl);
            return counts;
        });
    }

    /** Why a crawl that has finished has not one page: what came of the seed, or of where it sends to. */
    String whyNothing(long crawl) {
        return database.transaction(
                "see what came of the seed",
                tx -> one(tx, sql.lastOfSeed, CrawlBook::fate, crawl).orElse("its seed was never fetched"));
    }

    private static String fate(ResultSet row) throws SQLException {
        var why = row.getString("why");
        if (why != null) return why;
        return row.getString("state").equals("redirect")
                ? "%s sends to %s, which the bounds of this crawl keep out."
                        .formatted(row.getString("url"), row.getString("final_url"))
                : "%s was not fetched.".formatted(row.getString("url"));
    }

    private static CrawlProgress progressRow(ResultSet row) throws SQLException {
        return new CrawlProgress(
                row.getLong("pages"),
                row.getLong("failed"),
                row.getLong("redirects"),
                row.getLong("refused"),
                row.getLong("pending"),
                row.getLong("hosts"),
                row.getLong("bytes"),
                row.getLong("duplicates"),
                row.getLong("repeated"),
                waiting(row),
                row.getBoolean("finished"),
                Database.seconds(row.getDouble("elapsed")));
    }

    private static @Nullable Waiting waiting(ResultSet row) throws SQLException {
        var host = row.getString("waits");
        return host == null
                ? null
                : new Waiting(
                        row.getLong("waiting"),
                        host,
                        row.getString("waits_for"),
                        Database.seconds(row.getDouble("waits_left")));
    }
}
