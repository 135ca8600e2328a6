package dev.millrace.crawler;

import dev.millrace.JobId;
import dev.millrace.Millrace;
import dev.millrace.State;
import dev.millrace.crawler.CrawlBook.Active;
import java.sql.Connection;
import java.time.Duration;
import java.util.UUID;

/**
 * Finds turns whose job ended without the turn's knowing: cancelled by an operator, which gives the host up; or discarded because the
 * process died too often while it ran, which says nothing against the host. Each is replaced.
 */
final class Orphans {

    private final Millrace millrace;
    private final CrawlBook book;

    Orphans(Millrace millrace, CrawlBook book) {
        this.millrace = millrace;
        this.book = book;
    }

    /** Looks at the turns of which nothing has been seen for so long. */
    void replace(long crawl, String queue, Duration quiet) {
        for (var active : book.quiet(crawl, quiet)) {
            var state =
                    millrace.operations("crawler").find(new JobId(active.job())).map(job -> job.state());
            if (state.isPresent() && !state.get().ended()) continue;
            boolean cancelled = state.isPresent() && state.get() == State.CANCELLED;
            book.replace(crawl, active, cancelled ? why(active) : null, (tx, host) -> enqueue(tx, crawl, host, queue));
        }
    }

    private static String why(Active active) {
        return "%s was given up: its job %s was cancelled.".formatted(active.host(), active.job());
    }

    /** Enqueues a turn. */
    UUID enqueue(Connection tx, long crawl, String host, String queue) {
        return millrace.enqueue(tx, new HostTurn(crawl, host), o -> o.queue(queue))
                .id()
                .value();
    }
}
