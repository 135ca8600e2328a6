package dev.millrace.crawler;

import static dev.millrace.crawler.Database.all;
import static dev.millrace.crawler.Database.one;
import static dev.millrace.crawler.Database.update;

import dev.millrace.Attempt;
import dev.millrace.Handle;
import dev.millrace.Outcome;
import dev.millrace.crawler.Finding.Failed;
import dev.millrace.crawler.Finding.Read;
import dev.millrace.crawler.Finding.Redirect;
import dev.millrace.crawler.Finding.Refused;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.HostKey;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a turn does to the database: each public step is one transaction.
 *
 * <p><b>One page, one commit.</b> {@link #record} writes the page, its links, the end of its frontier entry, the host's next allowed
 * moment, the mark that the next page's fetch begins, and (where the turn ends with it) the job's outcome and its successor.
 *
 * <p><b>Fences</b>, each enough by itself against writing a page twice: the entry must still be pending; the host's row must name this
 * job; the server must be held by it; and the attempt's checkpoint raises once its lease is lost or a later attempt has begun.
 *
 * <p><b>No lost wake-up.</b> Who adds entries for a host then raises its row's {@code pending}, which locks the row, and looks whether
 * it has a job. Who ends a turn locks that row first and looks for entries after. So one of the two sees the other.
 */
final class CrawlTables {

    private static final int LONGEST_CHAIN = 20;

    /** So many fetches in a row without any answer, over at least four minutes, and a host is given up: a restart is over by then. */
    private static final int SILENCE = 11;

    /** So many pages are given up in one transaction: a tenth of a second. */
    private static final int BATCH = 500;

    /** A turn whose server is another crawl's looks again within so long. */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(3);

    /** How long a turn stays away from a server that another crawl waits for: longer than that one's next look. */
    private static final Duration TURN_OF_THE_OTHER = Duration.ofSeconds(3);

    private final Database database;
    private final CrawlSql sql;
    private final Frontier frontier;

    CrawlTables(Database database, CrawlSql sql) {
        this.database = database;
        this.sql = sql;
        this.frontier = new Frontier(sql);
    }

    /** A page to fetch. Its fetch has been noted as begun. */
    record Entry(UUID key, long no, String url, int depth, int hops, int started, int tries) {

        /** How many fetches of it were begun before and never ended. */
        int cutOff() {
            return started - tries - 1;
        }
    }

    /** What comes next in a turn. */
    sealed interface Next {

        /** This page, after this rest. */
        record Fetch(Entry entry, Duration rest) implements Next {}

        /** Nothing before then. */
        record Rest(Duration length, String why) implements Next {}

        /**
         * The host was given up: its pages that are left are failures for this reason. See {@link #fail}.
         *
         * @param origin whose pages; null: all
         */
        record GivenUp(@Nullable HostKey origin, String reason, String message) implements Next {}

        /** The job's end, committed. */
        record Ended(Outcome<Void> outcome) implements Next {}
    }

    /** How a turn begins. */
    sealed interface Start {

        /**
         * With this page, after this rest.
         *
         * @param cutOff whether an earlier attempt died, perhaps in a fetch that has just ended
         */
        record Begin(Entry entry, Duration rest, boolean cutOff) implements Start {}

        /**
         * The server is another turn's.
         *
         * @param taken how often it had been taken when this was seen
         */
        record Held(UUID holder, long taken) implements Start {}

        /** With giving up what is left. */
        record GivenUp(String message) implements Start {}

        /** Nothing before then. */
        record Rest(Duration length, String why) implements Start {}

        /** The job's end, committed. */
        record Ended(Outcome<Void> outcome) implements Start {}
    }

    /** Whose turn it is. */
    record Turn(HostTurn job, Attempt attempt, Duration delay, String queue) {

        UUID id() {
            return attempt.job().value();
        }

        long crawl() {
            return job.crawl();
        }

        String host() {
            return job.host();
        }
    }

    private record HostRow(@Nullable UUID job, @Nullable String givenUp, long budget) {}

    private record ServerRow(@Nullable UUID holder, long taken, Duration rest) {}

    /**
     * What is known of an origin.
     *
     * @param robots  its robots.txt, as JSON; null: nothing
     * @param givenUp why none of its pages will be fetched any more; null: they will
     */
    record OriginRow(@Nullable String robots, @Nullable String givenUp) {}

    // ---- the turn begins

    /** Takes the server, unless another turn has it or its time has not come, and picks the first page. */
    Start take(Turn turn, Duration longestRest) {
        return database.transaction("begin a turn on " + turn.host(), tx -> {
            var host = one(tx, sql.lockHost, CrawlTables::hostRow, turn.crawl(), turn.host());
            if (host.isEmpty() || !turn.id().equals(host.get().job())) {
                update(tx, sql.releaseServer, turn.host(), turn.id());
                return new Start.Ended(end(turn, tx)); // replaced
            }
            update(tx, sql.noteServer, turn.host());
            var server =
                    one(tx, sql.lockServer, CrawlTables::serverRow, turn.host()).orElseThrow();
            var holder = server.holder();
            if (holder != null && !holder.equals(turn.id())) {
                waits(tx, turn, LOOK_AGAIN, "another crawl is at it");
                update(tx, sql.wantServer, turn.host());
                return new Start.Held(holder, server.taken());
            }
            boolean cutOff =
                    holder != null; // an earlier attempt of this very job died, perhaps in a fetch that just ended
            var rest = cutOff && server.rest().compareTo(turn.delay()) < 0 ? turn.delay() : server.rest();
            if (rest.compareTo(longestRest) > 0) {
                if (cutOff) {
                    update(tx, sql.holdServer, turn.id(), rest, turn.host());
                    update(tx, sql.releaseServer, turn.host(), turn.id());
                }
                waits(tx, turn, rest, "it asked for a rest");
                return new Start.Rest(rest, "its host asked for a rest");
            }
            update(tx, sql.waitsNoMore, turn.crawl(), turn.host());
            update(tx, sql.holdServer, turn.id(), cutOff ? turn.delay() : Duration.ZERO, turn.host());
            var givenUp = host.get().givenUp();
            if (givenUp != null) return new Start.GivenUp(givenUp);
            return switch (pick(tx, turn, 0L, host.get().budget())) {
                case Next.Fetch(var entry, var none) -> {
                    turn.attempt().checkpoint(tx, 0);
                    yield new Start.Begin(entry, longer(rest, Duration.ZERO), cutOff);
                }
                case Next.Rest(var wait, var why) -> new Start.Rest(wait, why);
                case Next.GivenUp givenUpNow -> new Start.GivenUp(givenUpNow.message());
                case Next.Ended(var outcome) -> new Start.Ended(outcome);
            };
        });
    }

    /** Ends the host's turn, and with it the crawl, though pages are left: its job was cancelled. */
    Outcome<Void> stop(Turn turn) {
        return database.transaction("stop the crawl of " + turn.host(), tx -> {
            var row = one(tx, sql.lockHost, CrawlTables::hostRow, turn.crawl(), turn.host());
            if (row.isEmpty() || !turn.id().equals(row.get().job())) return end(turn, tx);
            update(tx, sql.endHost, turn.crawl(), turn.host());
            update(tx, sql.releaseServer, turn.host(), turn.id());
            update(tx, sql.finishCrawl, turn.crawl());
            return end(turn, tx);
        });
    }

    /** Frees a server whose holder does not run, unless it has begun again since. The server rests so long. */
    void seize(String host, Start.Held held, Duration rest) {
        database.transaction(
                "free " + host, tx -> update(tx, sql.seizeServer, rest, host, held.holder(), held.taken()));
    }

    /** Lets go of a server, where nothing is left to do there. */
    void release(String host, UUID job) {
        database.transaction("leave " + host, tx -> update(tx, sql.releaseServer, host, job));
    }

    // ---- robots.txt

    /** What is known of an origin. */
    OriginRow origin(long crawl, HostKey origin) {
        return database.transaction(
                "see what is known of " + origin,
                tx -> one(
                                tx,
                                sql.readOrigin,
                                row -> new OriginRow(row.getString("file"), row.getString("given_up")),
                                origin.toString(),
                                crawl,
                                origin.toString())
                        .orElseThrow());
    }

    /** Keeps what is known now, as JSON. */
    void keepRobots(Turn turn, HostKey origin, String robots, Duration pause) {
        database.transaction("keep the robots.txt of " + origin, tx -> keepRobots(tx, turn, origin, robots, pause));
    }

    /**
     * The same, where it is not known yet whether anything may be fetched: the turn is to rest, this page not begun.
     *
     * @param why its robots.txt can't be had
     */
    void awaitRobots(Turn turn, Entry entry, HostKey origin, String robots, Duration pause, String why) {
        database.transaction("note that the robots.txt of " + origin + " can't be had", tx -> {
            update(tx, sql.unstart, turn.crawl(), entry.key());
            waits(tx, turn, pause, why);
            keepRobots(tx, turn, origin, robots, pause);
            return update(tx, sql.releaseServer, turn.host(), turn.id());
        });
    }

    private boolean keepRobots(Connection tx, Turn turn, HostKey origin, String robots, Duration pause)
            throws SQLException {
        var ours = one(tx, sql.paceServer, row -> true, pause, turn.host(), turn.id());
        if (ours.isEmpty()) throw lost(turn);
        update(tx, sql.keepRobots, origin.toString(), robots);
        turn.attempt().checkpoint(tx, 0);
        return true;
    }

    /** None of the origin's pages that are left will be fetched. The next crawl asks anew. */
    Next giveUp(Turn turn, HostKey origin, String reason, String message) {
        return database.transaction("give up " + origin, tx -> {
            own(tx, turn);
            update(tx, sql.giveUpOrigin, turn.crawl(), origin.toString(), message);
            update(tx, sql.forgetRobots, origin.toString());
            turn.attempt().checkpoint(tx, 0);
            return new Next.GivenUp(origin, reason, message);
        });
    }

    private Next silent(Connection tx, Turn turn) throws SQLException {
        var message = "%s was given up: %d fetches in a row got no answer.".formatted(turn.host(), SILENCE);
        update(tx, sql.giveUpHost, message, turn.crawl(), turn.host());
        turn.attempt().checkpoint(tx, 0);
        return new Next.GivenUp(null, "HOST_SILENT", message);
    }

    /**
     * Makes failures of some of the pages that were given up, as many as the crawl may have. To be called until something else is next.
     *
     * <p>Locks the host before its entries, against the order: nobody waits for entries that can be seen, except a turn for its own.
     */
    Next fail(Turn turn, Next.GivenUp why) {
        return database.transaction("give up pages of " + turn.host(), tx -> {
            long budget = own(tx, turn).budget();
            if (budget <= 0) return setAside(tx, turn) ? why : new Next.Ended(endHost(tx, turn));
            long most = Math.min(budget, BATCH);
            long failed = one(
                            tx,
                            sql.failPending,
                            row -> row.getLong(1),
                            turn.crawl(),
                            turn.host(),
                            why.origin() == null ? "" : why.origin() + "/",
                            most,
                            why.reason(),
                            clean(why.message()))
                    .orElseThrow();
            update(tx, sql.countFailed, failed, failed, failed, turn.crawl(), turn.host());
            if (failed < most && why.origin() == null) return new Next.Ended(endHost(tx, turn));
            turn.attempt().checkpoint(tx, 0);
            return failed < most ? pick(tx, turn, 0L, budget - failed) : why;
        });
    }

    /** After two fetches without an answer 1 s, then twice as long each time. */
    private static Duration restAfter(int silent) {
        return silent < 2 ? Duration.ZERO : Duration.ofSeconds(Math.min(60, 1L << Math.min(silent - 2, 6)));
    }

    static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }

    // ---- a page

    /**
     * Everything that a page changes.
     *
     * @param entry   the page
     * @param asked   how long the server is to be left alone from now on
     * @param retryIn when to try the page again; null if this is its end
     * @param stop    says, when told whether another crawl waits for the server, whether the turn is to end
     */
    Next record(
            Turn turn,
            Entry entry,
            Finding finding,
            Duration asked,
            Duration longestRest,
            @Nullable Duration retryIn,
            Stop stop) {
        return database.transaction("record " + entry.url(), tx -> {
            boolean repeated = endEntry(tx, turn, entry, finding, retryIn);
            var links = linksOf(finding);
            var fresh = add(tx, turn, entry, finding, links);
            wake(tx, turn, fresh, retryIn == null);
            int known = links.size() - fresh.size();
            var counted = count(tx, turn, finding, retryIn == null, known, repeated);
            if (retryIn == null) addPage(tx, turn, entry, finding);
            if (counted.silent() >= SILENCE) return silent(tx, turn);
            var pause = longer(asked, restAfter(counted.silent()));
            var wanted = one(tx, sql.paceServer, row -> row.getBoolean(1), pause, turn.host(), turn.id());
            if (wanted.isEmpty()) throw lost(turn);
            if (finding instanceof Redirect redirect && redirect.home()) addHome(tx, turn, redirect.to());
            if (stop.after(wanted.get())) {
                if (counted.pending() == 0) return new Next.Ended(endHost(tx, turn));
                return new Next.Ended(succeed(tx, turn, wanted.get()));
            }
            if (pause.compareTo(longestRest) > 0 && counted.pending() > 0) {
                return rest(tx, turn, pause, "its host asked for a rest");
            }
            var next = pick(tx, turn, entry.no(), counted.budget());
            if (!(next instanceof Next.Fetch(var another, var none))) return next;
            turn.attempt().checkpoint(tx, 0);
            return new Next.Fetch(another, pause);
        });
    }

    private void addHome(Connection tx, Turn turn, CrawlUrl home) throws SQLException {
        update(tx, sql.addHome, home.href(), turn.crawl(), home.href());
    }

    /** Whether a turn is to end after this page. */
    @FunctionalInterface
    interface Stop {
        boolean after(boolean wanted);
    }

    private boolean endEntry(Connection tx, Turn turn, Entry entry, Finding finding, @Nullable Duration retryIn)
            throws SQLException {
        if (retryIn != null) {
            if (update(tx, sql.retryEntry, retryIn, turn.crawl(), entry.key()) == 0) throw recorded(turn, entry);
            return false;
        }
        var state = switch (finding) {
            case Read r -> "done";
            case Redirect r -> "redirect";
            case Failed f -> "failed";
            case Refused r -> "refused";
        };
        var leadsTo = finding instanceof Redirect redirect ? Frontier.key(redirect.to()) : null;
        var reason = finding instanceof Refused refused ? refused.reason() : null;
        return one(
                        tx,
                        sql.endEntry,
                        row -> row.getBoolean(1) && finding.fetched(),
                        state,
                        finding.fetched() ? 1 : 0,
                        leadsTo,
                        reason,
                        turn.crawl(),
                        entry.key())
                .orElseThrow(() -> recorded(turn, entry));
    }

    private static List<CrawlUrl> linksOf(Finding finding) {
        return switch (finding) {
            case Read read -> read.follow();
            case Redirect redirect -> redirect.follow() ? List.of(redirect.to()) : List.of();
            case Failed f -> List.of();
            case Refused r -> List.of();
        };
    }

    /** Adds what is new. Gives its hosts, one for each entry. */
    private List<String> add(Connection tx, Turn turn, Entry entry, Finding finding, List<CrawlUrl> links)
            throws SQLException {
        boolean redirect = finding instanceof Redirect;
        return frontier.add(
                tx, turn.crawl(), links, entry.depth() + (redirect ? 0 : 1), redirect ? entry.hops() + 1 : 0);
    }

    /** Counts what is pending, this host's and the others' in one statement, in order; and gives those a turn that have none. */
    private void wake(Connection tx, Turn turn, List<String> fresh, boolean ended) throws SQLException {
        var more = new TreeMap<String, Long>();
        more.put(turn.host(), ended ? -1L : 0L);
        for (var host : fresh) more.merge(host, 1L, Long::sum);
        for (var host : frontier.raise(tx, turn.crawl(), more)) {
            if (host.equals(turn.host())) throw lost(turn);
            var job = turn.attempt().enqueue(tx, new HostTurn(turn.crawl(), host), o -> o.queue(turn.queue()));
            update(tx, sql.hostJob, job.id().value(), turn.crawl(), host);
        }
    }

    private record Counted(long budget, long pending, int silent) {}

    private Counted count(Connection tx, Turn turn, Finding finding, boolean ended, int known, boolean repeated)
            throws SQLException {
        boolean page = finding instanceof Read;
        boolean failed = ended && finding instanceof Failed;
        return one(
                        tx,
                        sql.countPage,
                        row -> new Counted(row.getLong(1), row.getLong(2), row.getInt(3)),
                        page ? 1L : 0L,
                        failed ? 1L : 0L,
                        finding instanceof Redirect ? 1L : 0L,
                        finding instanceof Refused ? 1L : 0L,
                        page || failed ? 1L : 0L,
                        finding instanceof Read read ? read.bytes() : 0L,
                        (long) known,
                        repeated ? 1L : 0L,
                        !finding.fetched(),
                        finding instanceof Failed silent
                                && silent.circumstances().status() == 0,
                        turn.crawl(),
                        turn.host(),
                        turn.id())
                .orElseThrow(() -> lost(turn));
    }

    private void addPage(Connection tx, Turn turn, Entry entry, Finding finding) throws SQLException {
        switch (finding) {
            case Refused refused -> {}
            case Read read -> {
                addRow(tx, turn, entry, read.circumstances(), read.finalUrl().href(), read, null, null);
                int no = 0;
                for (var item : read.items()) {
                    update(tx, sql.addItem, turn.crawl(), entry.key(), no++, item.type(), clean(item.value()));
                }
            }
            case Redirect redirect ->
                addRow(tx, turn, entry, redirect.circumstances(), redirect.to().href(), null, null, null);
            case Failed failed ->
                addRow(
                        tx,
                        turn,
                        entry,
                        failed.circumstances(),
                        entry.url(),
                        null,
                        failed.reason(),
                        clean(failed.message()));
        }
    }

    private void addRow(
            Connection tx,
            Turn turn,
            Entry entry,
            Finding.Circumstances how,
            String finalUrl,
            @Nullable Read read,
            @Nullable String reason,
            @Nullable String error)
            throws SQLException {
        update(
                tx,
                sql.addPage,
                turn.crawl(),
                entry.key(),
                entry.url(),
                finalUrl,
                how.status() == 0 ? null : how.status(),
                clean(how.contentType()),
                how.fetchedAt(),
                (int) Math.min(how.took().toMillis(), Integer.MAX_VALUE),
                read == null ? null : clean(read.title()),
                read == null ? null : clean(read.text()),
                read == null
                        ? null
                        : read.links().stream().map(CrawlTables::clean).toArray(String[]::new),
                read == null ? null : read.sha256(),
                read == null ? 0L : read.bytes(),
                reason,
                error);
    }

    /** Whether this page sends to one that leads back to it. */
    boolean leadsBack(long crawl, String from, CrawlUrl to) {
        var self = Frontier.key(CrawlUrl.of(from));
        if (self.equals(Frontier.key(to))) return true;
        return database.transaction(
                "follow the redirects of " + from,
                tx -> one(tx, sql.chain, row -> true, Frontier.key(to), crawl, LONGEST_CHAIN, self)
                        .isPresent());
    }

    // ---- what is next

    /** The next page that is due, its fetch noted as begun; or the turn's end. */
    private Next pick(Connection tx, Turn turn, long after, long budget) throws SQLException {
        if (budget <= 0 && !setAside(tx, turn)) return new Next.Ended(endHost(tx, turn));
        var entry = one(tx, sql.pick, CrawlTables::entry, turn.crawl(), turn.host(), after);
        // Numbers are given out in one order and committed in another: what is behind the last one may be new.
        if (entry.isEmpty() && after > 0) {
            entry = one(tx, sql.pick, CrawlTables::entry, turn.crawl(), turn.host(), 0L);
        }
        if (entry.isPresent()) return new Next.Fetch(entry.get(), Duration.ZERO);
        var due = one(tx, sql.nextDue, row -> Database.seconds(row.getDouble(1)), turn.crawl(), turn.host());
        if (due.isEmpty()) return new Next.Ended(endHost(tx, turn));
        return rest(tx, turn, due.get(), "its pages wait for another try");
    }

    /**
     * Sets some of the crawl's pages aside for this host. Lock, then write, in statements of their own: one statement that does both
     * begins its write at the row's old version, and two of them at once end in a deadlock.
     */
    private boolean setAside(Connection tx, Turn turn) throws SQLException {
        var share = one(tx, sql.share, row -> row.getLong(1), turn.crawl());
        if (share.isEmpty()) return false;
        update(tx, sql.reserve, share.get(), turn.crawl());
        update(tx, sql.addBudget, share.get(), turn.crawl(), turn.host());
        return true;
    }

    /** The same job goes on after a rest; until then, the server is free. */
    private Next.Rest rest(Connection tx, Turn turn, Duration wait, String why) throws SQLException {
        waits(tx, turn, wait, why);
        update(tx, sql.releaseServer, turn.host(), turn.id());
        turn.attempt().checkpoint(tx, 0);
        return new Next.Rest(wait.isNegative() ? Duration.ZERO : wait, why);
    }

    /** Another job takes over where this one stops, so that hosts that waited longer are served first. */
    private Outcome<Void> succeed(Connection tx, Turn turn, boolean wanted) throws SQLException {
        Handle<Void> successor = turn.attempt()
                .enqueue(
                        tx,
                        turn.job(),
                        o -> wanted ? o.queue(turn.queue()).in(TURN_OF_THE_OTHER) : o.queue(turn.queue()));
        update(tx, sql.hostJob, successor.id().value(), turn.crawl(), turn.host());
        update(tx, sql.releaseServer, turn.host(), turn.id());
        return turn.attempt().complete(tx);
    }

    /** Ends the turn before this page, whose fetch was noted and has not begun. */
    Outcome<Void> leave(Turn turn, Entry entry) {
        return database.transaction("leave " + turn.host() + " for now", tx -> {
            update(tx, sql.unstart, turn.crawl(), entry.key());
            return leave(tx, turn);
        });
    }

    /** Ends the turn between two pages. */
    Outcome<Void> leave(Turn turn) {
        return database.transaction("leave " + turn.host() + " for now", tx -> leave(tx, turn));
    }

    private Outcome<Void> leave(Connection tx, Turn turn) throws SQLException {
        own(tx, turn);
        return succeed(tx, turn, false);
    }

    /** Nothing is left to fetch here, or may be. The last host of a crawl to end ends the crawl. */
    private Outcome<Void> endHost(Connection tx, Turn turn) throws SQLException {
        var row = own(tx, turn);
        update(tx, sql.endHost, turn.crawl(), turn.host());
        update(tx, sql.releaseServer, turn.host(), turn.id());
        boolean open = one(tx, sql.lockCrawl, found -> found.getBoolean("open") || row.budget() > 0, turn.crawl())
                .orElseThrow(() -> lost(turn));
        if (row.budget() > 0) update(tx, sql.giveBack, row.budget(), turn.crawl());
        if (one(tx, sql.otherHosts, other -> true, turn.crawl()).isEmpty()) {
            // Hosts may have ended only because others had set the last pages aside: these are free again now.
            var hungry = open ? all(tx, sql.hungryHosts, host -> host.getString(1), turn.crawl()) : List.<String>of();
            for (var host : hungry) {
                var job = turn.attempt().enqueue(tx, new HostTurn(turn.crawl(), host), o -> o.queue(turn.queue()));
                update(tx, sql.hostJob, job.id().value(), turn.crawl(), host);
            }
            if (hungry.isEmpty()) update(tx, sql.finishCrawl, turn.crawl());
        }
        return end(turn, tx);
    }

    /** Locks the host's row, which must still be this turn's. */
    private HostRow own(Connection tx, Turn turn) throws SQLException {
        return one(tx, sql.lockHost, CrawlTables::hostRow, turn.crawl(), turn.host())
                .filter(host -> turn.id().equals(host.job()))
                .orElseThrow(() -> lost(turn));
    }

    /** Writes down for whom it may concern what the host waits for. */
    private void waits(Connection tx, Turn turn, Duration rest, String why) throws SQLException {
        update(tx, sql.waits, rest, clean(why), turn.crawl(), turn.host(), turn.id());
    }

    private static Outcome<Void> end(Turn turn, Connection tx) {
        return turn.attempt().complete(tx);
    }

    // ---- rows

    private static HostRow hostRow(ResultSet row) throws SQLException {
        return new HostRow(row.getObject("job", UUID.class), row.getString("given_up"), row.getLong("budget"));
    }

    private static ServerRow serverRow(ResultSet row) throws SQLException {
        return new ServerRow(
                row.getObject("holder", UUID.class), row.getLong("taken"), Database.seconds(row.getDouble("rest")));
    }

    private static Entry entry(ResultSet row) throws SQLException {
        return new Entry(
                row.getObject("key", UUID.class),
                row.getLong("no"),
                row.getString("url"),
                row.getInt("depth"),
                row.getInt("hops"),
                row.getInt("started"),
                row.getInt("tries"));
    }

    /** Text that PostgreSQL takes: no NUL, no half of a surrogate pair; both become U+FFFD. */
    static @Nullable String clean(@Nullable String text) {
        if (text == null || text.chars().noneMatch(c -> c == 0 || Character.isSurrogate((char) c))) return text;
        var out = new StringBuilder(text.length());
        text.codePoints()
                .map(c -> c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) ? 0xFFFD : c)
                .forEach(out::appendCodePoint);
        return out.toString();
    }

    private static TurnLost lost(Turn turn) {
        return new TurnLost(turn.host(), "another one has begun");
    }

    private static TurnLost recorded(Turn turn, Entry entry) {
        return new TurnLost(turn.host(), entry.url() + " was recorded already");
    }
}
