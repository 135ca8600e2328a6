package dev.millrace.benchmarks.peers;

import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import java.sql.SQLException;

/** db-scheduler: one table; a job is a row that is locked by a poll and deleted when it has run. */
public final class DbScheduler implements Contender {

    @Override
    public String name() {
        return "db-scheduler";
    }

    @Override
    public Entry open(Ground ground) throws SQLException {
        return DbSchedulerEntry.open(ground);
    }
}
