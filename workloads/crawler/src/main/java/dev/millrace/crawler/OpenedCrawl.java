package dev.millrace.crawler;

import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.Node;
import dev.millrace.NodeBuilder;
import dev.millrace.crawler.CrawlBook.Opened;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.world.World;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A crawl in the hands of this process. While the database is away it waits: the node does so by itself, and what is looked at and
 * written here is due again when the database is back.
 */
final class OpenedCrawl implements CrawlRun {

    /** Often enough for a progress bar, and cheap: one sum over the crawl's hosts. */
    private static final Duration LOOK = Duration.ofMillis(200);

    private static final Duration EXPORT = Duration.ofSeconds(1);

    /** How often to look for turns that ended without saying so, and for how long nothing must have been seen of them. */
    private static final Duration CHECK = Duration.ofSeconds(15);

    /** How long an answer is asked for that the caller can't go on without. A server that died is back within seconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Crawler crawler;
    private final HostTurns turns;
    private final Millrace millrace;
    private final World world;
    private final Database database;
    private final CrawlSql sql;
    private final CrawlBook book;
    private final Orphans orphans;
    private final CrawlSettings settings;
    private final Opened crawl;
    private final long openedAt;
    private final long before;
    private final ReentrantLock turn = new ReentrantLock(); // guards node and file
    private @Nullable Node node;
    private @Nullable PageFile file;
    private boolean complete;
    private long exportedAt;
    private long checkedAt;
    private volatile CrawlProgress seen;
    private volatile @Nullable String trouble;

    OpenedCrawl(
            Crawler crawler,
            HostTurns turns,
            Millrace millrace,
            World world,
            Database database,
            CrawlSql sql,
            CrawlBook book,
            Orphans orphans,
            CrawlSettings settings,
            Opened crawl) {
        this.crawler = crawler;
        this.turns = turns;
        this.millrace = millrace;
        this.world = world;
        this.database = database;
        this.sql = sql;
        this.book = book;
        this.orphans = orphans;
        this.settings = settings;
        this.crawl = crawl;
        this.openedAt = world.nanoTime();
        this.seen = book.progress(crawl.id());
        this.before = recorded(seen);
    }

    @Override
    public boolean existed() {
        return crawl.existed();
    }

    @Override
    public CrawlSettings settings() {
        return settings;
    }

    @Override
    public String queue() {
        return crawl.queue();
    }

    @Override
    public void start(UnaryOperator<NodeBuilder> more) {
        turn.lock();
        try {
            if (node != null)
                throw new MillraceException("This crawl has been started here before. Open it again for another node.");
            orphans.replace(crawl.id(), crawl.queue(), Duration.ZERO);
            if (!book.seed(crawl.id(), CrawlUrl.of(settings.seed()), world.now(), this::enqueue)) return;
            node = more.apply(millrace.node().name("crawl").queue(crawl.queue()).with(crawler))
                    .start();
        } finally {
            turn.unlock();
        }
    }

    private UUID enqueue(Connection tx, String host) {
        return orphans.enqueue(tx, crawl.id(), host, crawl.queue());
    }

    @Override
    public Optional<Node> node() {
        turn.lock();
        try {
            return Optional.ofNullable(node);
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void export(Path path) {
        turn.lock();
        try {
            if (file != null) throw new MillraceException("This crawl writes a file already. One is enough.");
            var output = OutputFile.open(path);
            try {
                PageFile.check(database, sql, output, settings.identity(), false);
                writeTo(output);
            } catch (RuntimeException e) {
                output.close();
                throw e;
            }
        } finally {
            turn.unlock();
        }
    }

    /** From now on the file belongs to this. */
    void writeTo(OutputFile output) {
        var opened = PageFile.of(database, sql, crawl.id(), output);
        opened.append();
        exportedAt = world.nanoTime();
        file = opened;
    }

    @Override
    public CrawlProgress progress() {
        try {
            seen = book.progress(crawl.id());
        } catch (MillraceException away) {
            if (!Database.passes(away)) throw away;
        }
        return seen;
    }

    @Override
    public Optional<String> trouble() {
        return Optional.ofNullable(trouble);
    }

    @Override
    public boolean await(Duration patience) throws InterruptedException {
        long begun = world.nanoTime();
        while (true) {
            if (look()) return true;
            long left = patience.toNanos() - (world.nanoTime() - begun);
            if (left <= 0) return false;
            world.sleep(Duration.ofNanos(Math.min(left, LOOK.toNanos())));
        }
    }

    /** Does what is due. Whether the crawl has finished, and its file is complete. */
    private boolean look() {
        try {
            seen = book.progress(crawl.id());
            upkeep(seen.finished());
            trouble = null;
            return seen.finished();
        } catch (MillraceException away) {
            if (!Database.passes(away)) throw away;
            trouble = String.valueOf(away.getMessage());
            return false;
        }
    }

    private void upkeep(boolean finished) {
        turn.lock();
        try {
            long now = world.nanoTime();
            if (file != null && (finished || now - exportedAt >= EXPORT.toNanos())) {
                file.append();
                complete = finished;
                exportedAt = world.nanoTime();
            }
            if (!finished && now - checkedAt >= CHECK.toNanos()) {
                orphans.replace(crawl.id(), crawl.queue(), CHECK);
                checkedAt = world.nanoTime();
            }
        } finally {
            turn.unlock();
        }
    }

    @Override
    public CrawlSummary summary() {
        var now = patiently(() -> book.progress(crawl.id()));
        return new CrawlSummary(
                settings.seed(),
                now,
                patiently(() -> book.failures(crawl.id())),
                now.finished() && now.pages() == 0 ? patiently(() -> book.whyNothing(crawl.id())) : null,
                now.finished() && now.pending() > 0,
                Duration.ofNanos(world.nanoTime() - openedAt),
                recorded(now) - before);
    }

    private static long recorded(CrawlProgress progress) {
        return progress.pages() + progress.failed() + progress.redirects();
    }

    @Override
    public void close() {
        turn.lock();
        try {
            var running = node;
            if (running != null) {
                turns.stop(crawl.id());
                try {
                    running.close();
                } finally {
                    turns.goOn(crawl.id());
                }
            }
            var open = file;
            if (open != null) {
                try (open) {
                    if (!complete) patiently(open::append);
                }
            }
            node = null;
            file = null;
        } finally {
            turn.unlock();
        }
    }

    /** An answer that an outage of the database only delays, unless it lasts. */
    private <T> T patiently(Supplier<T> question) {
        long begun = world.nanoTime();
        while (true) {
            try {
                return question.get();
            } catch (MillraceException away) {
                if (!Database.passes(away) || world.nanoTime() - begun > PATIENCE.toNanos()) throw away;
                rest(away);
            }
        }
    }

    private void rest(MillraceException because) {
        try {
            world.sleep(LOOK);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw because;
        }
    }
}
