package dev.millrace.benchmarks.peers;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** Keeps the peers from logging what every start and stop of theirs says: warnings and errors still come through. */
final class Quiet {

    /** Held, because java.util.logging forgets the level of a logger that no one holds. */
    private static final List<Logger> LOGGERS = Stream.of(
                    "com.github.kagkarlsson", "com.zaxxer.hikari", "org.jobrunr", "org.quartz")
            .map(Logger::getLogger)
            .toList();

    private static final Logger DBOS = Logger.getLogger("dev.dbos");

    /** Warns of slow filters whenever a machine is busy, by the thousand. */
    private static final Logger FILTERS = Logger.getLogger("org.jobrunr.jobs.filters");

    private Quiet() {}

    static void please() {
        LOGGERS.forEach(logger -> logger.setLevel(Level.WARNING));
        DBOS.setLevel(Level.WARNING);
        FILTERS.setLevel(Level.SEVERE);
    }

    /** Until the next peer is opened: DBOS complains of being stopped at work, with a stack for each job. */
    static void entirelyOfDbos() {
        DBOS.setLevel(Level.OFF);
    }
}
