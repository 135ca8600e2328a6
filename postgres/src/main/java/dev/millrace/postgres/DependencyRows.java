package dev.millrace.postgres;

import dev.millrace.IfFailed;
import dev.millrace.JobId;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.NewJob.Due.After;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Jobs that run after others, on their way in: enqueued for no time, like any other, and then in the same transaction told what they wait for. {@code
 * migration/V036__after.sql}.
 */
final class DependencyRows {

    /** Dependencies that are sent at once. */
    private static final int FULL = 10_000;

    private final JobSql sql;
    private final List<NewJob> jobs = new ArrayList<>();
    private int count;

    DependencyRows(JobSql sql) {
        this.sql = sql;
    }

    /** Whether it waits for others; then it has to be enqueued for no time, and this has to be sent after it. */
    boolean add(NewJob job) {
        if (!(job.due() instanceof After after)) return false;
        jobs.add(job);
        count += after.blockers().size();
        return true;
    }

    boolean full() {
        return count >= FULL;
    }

    /**
     * What was gathered.
     *
     * @param held those that were not enqueued, since others hold their keys
     */
    void send(Connection connection, Set<JobId> held) throws SQLException {
        jobs.removeIf(job -> held.contains(job.id()));
        if (!jobs.isEmpty()) {
            try (var call = Session.prepare(connection, sql.waitFor, parameters())) {
                call.execute();
            }
        }
        jobs.clear();
        count = 0;
    }

    private @Nullable Object[] parameters() {
        int size = jobs.size();
        var ids = new UUID[size];
        var runs = new Boolean[size];
        var moments = new @Nullable Instant[size];
        var delays = new @Nullable Long[size];
        var reasons = new String[size];
        var of = new ArrayList<Integer>();
        var blockers = new ArrayList<UUID>();
        for (int i = 0; i < size; i++) {
            var after = (After) jobs.get(i).due();
            if (after == null) throw new IllegalStateException("only jobs that wait for others were gathered");
            ids[i] = jobs.get(i).id().value();
            runs[i] = after.ifFailed() == IfFailed.RUN;
            moments[i] = after.time() instanceof Due.At(var moment) ? moment : null;
            delays[i] = after.time() instanceof Due.In(var delay) ? delay.toMillis() : null;
            reasons[i] = after.text();
            for (var blocker : after.blockers()) {
                of.add(i + 1);
                blockers.add(blocker.value());
            }
        }
        return new @Nullable Object[] {
            ids,
            runs,
            moments,
            delays,
            reasons,
            of.stream().mapToInt(Integer::intValue).toArray(),
            blockers.toArray(new UUID[0])
        };
    }
}
