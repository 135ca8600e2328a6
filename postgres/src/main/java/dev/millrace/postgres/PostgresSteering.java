package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Steering;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What operators and senders do to jobs under way. Each is one transaction, and leaves a line in the audit table. */
final class PostgresSteering implements Steering {

    private final JobSql sql;
    private final Pool pool;
    private final String channel;

    PostgresSteering(JobSql sql, Pool pool, String channel) {
        this.sql = sql;
        this.pool = pool;
        this.channel = channel;
    }

    @Override
    public Optional<State> cancel(JobId job, String reason, String by) {
        return pool.once("cancel", c -> state(c, sql.cancel, job.value(), reason, by));
    }

    @Override
    public Optional<State> requeue(JobId job, String reason, String by) {
        return pool.transaction("requeue", c -> state(c, sql.requeue, job.value(), reason, by));
    }

    @Override
    public void pause(Scope scope, String reason, String by) {
        pool.transaction("pause", c -> {
            if (scope instanceof Scope.OfSchedule(var schedule)) run(c, sql.lockSchedule, schedule);
            run(c, sql.pause, type(scope), name(scope), reason, by);
            run(c, sql.audit, by, "pause", type(scope) + " " + name(scope), reason);
            command(c);
            return true;
        });
    }

    @Override
    public void resume(Scope scope, String by) {
        pool.transaction("resume", c -> {
            run(c, sql.resume, type(scope), name(scope));
            run(c, sql.audit, by, "resume", type(scope) + " " + name(scope), null);
            command(c);
            return true;
        });
    }

    private void command(Connection c) throws SQLException {
        run(c, sql.notify, channel, Listener.COMMAND);
    }

    private static String type(Scope scope) {
        return switch (scope) {
            case Scope.Queue queue -> "queue";
            case Scope.OfKind kind -> "kind";
            case Scope.OfSchedule schedule -> "schedule";
        };
    }

    private static String name(Scope scope) {
        return switch (scope) {
            case Scope.Queue(var name) -> name;
            case Scope.OfKind(var name) -> name;
            case Scope.OfSchedule(var name) -> name;
        };
    }

    private static Optional<State> state(Connection c, String statement, Object... parameters) throws SQLException {
        try (var s = Session.prepare(c, statement, parameters);
                var rows = s.executeQuery()) {
            rows.next();
            return Optional.ofNullable(rows.getString(1)).map(State::of);
        }
    }

    private static void run(Connection c, String statement, @Nullable Object... parameters) throws SQLException {
        try (var s = Session.prepare(c, statement, parameters)) {
            s.execute();
        }
    }
}
