package dev.millrace.crawler;

import dev.millrace.Node;
import dev.millrace.NodeBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * One crawl, opened to be run, watched and written out by this process. Other processes may have the same crawl open; they share the
 * work. Safe for use by many threads.
 */
public interface CrawlRun extends AutoCloseable {

    /** Whether this crawl was there before: it continues, or had finished. */
    boolean existed();

    /** Its settings, as they stand in the database now. */
    CrawlSettings settings();

    /** The queue that its jobs wait in; only nodes that serve it work on it. */
    String queue();

    /**
     * Starts a node for it in this process. The seed is on the frontier when this returns. Does nothing if the crawl has finished.
     *
     * @param node for what the caller wants to add: {@code n -> n.name("crawl").slots(64)}
     */
    void start(UnaryOperator<NodeBuilder> node);

    /** The node that {@link #start} started here; empty before, and when there was nothing left to do. */
    Optional<Node> node();

    /**
     * Keeps this file up to date from now on, until {@link #close}: each page one line of JSON, each line once, whatever is killed in
     * between. The file continues where this crawl left it.
     *
     * @throws dev.millrace.MillraceException if it can't be written, another process writes it, or it holds anything but this crawl's
     *     pages or those of a crawl that was forgotten
     */
    void export(Path file);

    /** How far it is now; while the database is away, how far it was. */
    CrawlProgress progress();

    /** Why the crawl stands still, if the database could not be had when {@link #await} last looked. It goes on by itself. */
    Optional<String> trouble();

    /**
     * Waits until it has finished, or for so long. When it has finished, the exported file is complete. An outage of the database is
     * waited out; {@link #trouble} tells of it.
     *
     * @return whether it has finished
     */
    boolean await(Duration patience) throws InterruptedException;

    /** What came of it so far. */
    CrawlSummary summary();

    /**
     * Stops this process's node, after the pages that are being fetched, and completes the file with what has been committed. The crawl
     * itself remains and can be continued.
     */
    @Override
    void close();
}
