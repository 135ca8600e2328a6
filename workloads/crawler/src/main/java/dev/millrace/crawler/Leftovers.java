package dev.millrace.crawler;

import dev.millrace.JobId;
import dev.millrace.Millrace;

/**
 * Forgets crawls that were begun anew: withdraws their turns, frees the servers that these held, deletes their pages. A crawl stays
 * marked until all of it is gone, so what a crash cuts off is done by whoever opens a crawl next.
 */
final class Leftovers {

    private final Millrace millrace;
    private final CrawlBook book;

    Leftovers(Millrace millrace, CrawlBook book) {
        this.millrace = millrace;
        this.book = book;
    }

    void forget() {
        for (long crawl : book.removed()) {
            while (withdrawTurns(crawl)) {}
            book.delete(crawl);
        }
    }

    /** Whether there were any. */
    private boolean withdrawTurns(long crawl) {
        var turns = book.turnsOfRemoved(crawl);
        if (turns.isEmpty()) return false;
        var operator = millrace.operations("crawler");
        for (var turn : turns) operator.cancel(new JobId(turn.job()), "its crawl was begun anew");
        book.forget(crawl, turns, HostTurns.LAST_FETCH);
        return true;
    }
}
