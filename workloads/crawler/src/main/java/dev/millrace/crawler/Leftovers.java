package dev.millrace.crawler;

import dev.millrace.JobId;
import dev.millrace.Millrace;

/**
 * Forgets crawls that were begun anew: withdraws their turns, frees the servers that these held, deletes their pages. A crawl stays
 * marked until all of it is gone, so what a crash cuts off is done by whoever opens a crawl next.
 */
final class Leftovers {

    private final Millrace millrace;
    private final CrawlTables tables;

    Leftovers(Millrace millrace, CrawlTables tables) {
        this.millrace = millrace;
        this.tables = tables;
    }

    void forget() {
        for (long crawl : tables.removed()) {
            while (withdrawTurns(crawl)) {}
            tables.delete(crawl);
        }
    }

    /** Whether there were any. */
    private boolean withdrawTurns(long crawl) {
        var turns = tables.turnsOfRemoved(crawl);
        if (turns.isEmpty()) return false;
        var operator = millrace.operations("crawler");
        for (var turn : turns) operator.cancel(new JobId(turn.job()), "its crawl was begun anew");
        tables.forget(crawl, turns, HostTurns.LAST_FETCH);
        return true;
    }
}
