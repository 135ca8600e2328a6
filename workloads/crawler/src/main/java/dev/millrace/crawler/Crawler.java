package dev.millrace.crawler;

import dev.millrace.Handlers;
import dev.millrace.Millrace;
import dev.millrace.NodeBuilder;
import dev.millrace.Retry;
import dev.millrace.crawler.CrawlBook.Origin;
import dev.millrace.crawler.fetch.Fetcher;
import dev.millrace.crawler.fetch.FetcherSettings;
import dev.millrace.crawler.fetch.HttpFetcher;
import dev.millrace.crawler.fetch.NameLookup;
import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import javax.sql.DataSource;

/**
 * Crawls web sites by jobs. Its frontier, its pages and what it knows of hosts are in the database of its jobs, in the schema {@code
 * millrace_crawl}, so that a page, its links and the job's outcome are one commit.
 *
 * <p>{@link #open} gives one crawl to run here and now. As {@link Handlers} it lets a node of yours work on all crawls whose queues it
 * serves. Safe for use by many threads.
 */
public final class Crawler implements Handlers, AutoCloseable {

    static final String SCHEMA = "millrace_crawl";

    /** Outages of the database are waited out, for hours if need be: what fails here is never the page. */
    private static final Retry PATIENT = Retry.exponential(Duration.ofSeconds(1))
            .atMost(Duration.ofSeconds(30))
            .attempts(1_000);

    /** Longer than the longest fetch and the longest rest together; each page starts it anew. */
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private final Millrace millrace;
    private final World world;
    private final Database database;
    private final CrawlSql sql;
    private final CrawlBook book;
    private final Plans plans;
    private final HostTurns turns;
    private final Orphans orphans;
    private final Leftovers leftovers;

    private Crawler(
            Millrace millrace, DataSource dataSource, World world, Function<FetcherSettings, Fetcher> fetchers) {
        Migration.run(dataSource, SCHEMA);
        this.millrace = millrace;
        this.world = world;
        this.database = new Database(dataSource);
        this.sql = new CrawlSql(SCHEMA);
        this.book = new CrawlBook(database, sql);
        this.plans = new Plans(database, sql, fetchers);
        this.orphans = new Orphans(millrace, book);
        this.leftovers = new Leftovers(millrace, book);
        this.turns = new HostTurns(millrace, new CrawlTables(database, sql), plans, world);
    }

    /**
     * A crawler whose jobs are kept by {@code millrace}. Makes its schema, or brings it up to date.
     *
     * @param dataSource leads to the database that {@code millrace} keeps its jobs in; it is not closed here
     */
    public static Crawler on(Millrace millrace, DataSource dataSource) {
        return on(millrace, dataSource, new SystemWorld());
    }

    /** A crawler in a world of its own: for tests and simulations. */
    public static Crawler on(Millrace millrace, DataSource dataSource, World world) {
        return on(
                millrace,
                dataSource,
                world,
                settings -> new HttpFetcher(settings, world::now, world::nanoTime, NameLookup.system()));
    }

    /** A crawler of another web: for tests and simulations. */
    public static Crawler on(
            Millrace millrace, DataSource dataSource, World world, Function<FetcherSettings, Fetcher> fetchers) {
        return new Crawler(millrace, dataSource, world, fetchers);
    }

    /** The crawl with these settings: where it was left, if it was begun before. Nothing is fetched yet. */
    public CrawlRun open(CrawlSettings settings) {
        return run(settings, false);
    }

    /** The crawl with these settings from its beginning: all that is known of it is forgotten first. */
    public CrawlRun restart(CrawlSettings settings) {
        return run(settings, true);
    }

    /**
     * The same, with a file that is kept up to date as {@link CrawlRun#export} does it. The file is opened, locked and looked at first: if
     * it can't be written, or holds the pages of another crawl, nothing is forgotten.
     */
    public CrawlRun restart(CrawlSettings settings, Path file) {
        var output = OutputFile.open(file);
        try {
            PageFile.check(database, sql, output, settings.identity(), true);
            var run = run(settings, true);
            run.writeTo(output);
            return run;
        } catch (RuntimeException e) {
            output.close();
            throw e;
        }
    }

    private OpenedCrawl run(CrawlSettings settings, boolean restart) {
        var opened = book.open(Origin.of(settings), settings, plans.text(settings), restart);
        leftovers.forget();
        return new OpenedCrawl(this, turns, millrace, world, database, sql, book, orphans, settings, opened);
    }

    /** What a node needs to crawl these sites: {@code millrace.node().with(crawler.sites(docs, blog))}. */
    public Handlers sites(Site... sites) {
        plans.know(sites);
        var crawls = new Crawls(book, plans, orphans, world, sites);
        return node ->
                node.with(this).decide(Crawl.class, crawls::run).retry(PATIENT).deadline(DEADLINE);
    }

    /** Adds what works on hosts. The node serves the queues that it is told to: see {@link CrawlRun#queue}. */
    @Override
    public void addTo(NodeBuilder node) {
        node.decide(HostTurn.class, turns::run).retry(PATIENT).deadline(DEADLINE);
    }

    /** Ends its work on hosts, each behind the page that it is at, and closes its connections to the web. */
    @Override
    public void close() {
        turns.close();
        plans.close();
    }
}
