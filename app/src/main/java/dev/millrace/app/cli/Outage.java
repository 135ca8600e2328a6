package dev.millrace.app.cli;

import java.time.Duration;
import java.util.Optional;

/** Tells, once each, that the database is away and that it is back. What is over in a moment is not worth a line. */
final class Outage {

    private static final Duration MOMENT = Duration.ofSeconds(2);

    private final Shell shell;
    private boolean away;
    private boolean told;
    private long since;

    Outage(Shell shell) {
        this.shell = shell;
    }

    /** What stands in the way now; empty: nothing. */
    void tell(Optional<String> trouble) {
        long now = shell.world().nanoTime();
        if (trouble.isPresent() && !away) since = now;
        away = trouble.isPresent();
        if (away && !told && now - since >= MOMENT.toNanos()) {
            shell.console().say(trouble.get() + " The crawl waits for it, and goes on by itself. Ctrl-C stops.");
            told = true;
        } else if (!away && told) {
            shell.console().say("The database answers again, and the crawl goes on.");
            told = false;
        }
    }
}
