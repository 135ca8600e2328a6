package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Line;
import dev.millrace.store.Steering;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
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
    public boolean pause(Scope scope, String reason, String by, @Nullable Instant until) {
        return pool.transaction("pause", c -> {
            if (scope instanceof Scope.OfSchedule(var schedule)) run(c, sql.lockSchedule, schedule);
            if (changed(c, sql.pause, scope.type(), scope.name(), reason, by, until, MOST_PAUSES) == 0) return false;
            var target = scope.type() + " " + scope.name();
            run(c, sql.audit, by, until == null ? "pause" : "pause until " + until, target, reason);
            command(c);
            return true;
        });
    }

    @Override
    public void resume(Scope scope, String by) {
        pool.transaction("resume", c -> {
            run(c, sql.resume, scope.type(), scope.name());
            run(c, sql.audit, by, "resume", scope.type() + " " + scope.name(), null);
            command(c);
            return true;
        });
    }

    @Override
    public boolean adjust(Adjustment adjustment, String reason, String by) {
        return pool.transaction("adjust", c -> {
            var of = word(adjustment.of());
            var name = adjustment.name();
            var atOnce = adjustment.atOnce();
            var rate = adjustment.rate();
            var starts = rate == null ? null : Integer.valueOf(rate.count());
            var millis = rate == null ? null : Long.valueOf(rate.period().toMillis());
            var burst = rate == null ? null : Integer.valueOf(rate.burst());
            if (changed(c, sql.adjust, of, name, atOnce, starts, millis, burst, reason, by, MOST_ADJUSTED) == 0)
                return false;
            run(c, sql.audit, by, "adjust", "%s %s: %s".formatted(of, name, said(atOnce, rate)), reason);
            command(c);
            return true;
        });
    }

    private static String said(@Nullable Integer atOnce, Line.@Nullable Rate rate) {
        var said = new ArrayList<String>();
        if (atOnce != null) said.add(atOnce + " at once");
        if (rate != null) said.add("%d in %s with a burst of %d".formatted(rate.count(), rate.period(), rate.burst()));
        return String.join(", ", said);
    }

    @Override
    public boolean reset(Adjustment.Of of, String name, String reason, String by) {
        return pool.transaction("reset", c -> {
            if (changed(c, sql.reset, word(of), name) == 0) return false;
            run(c, sql.audit, by, "reset", word(of) + " " + name, reason);
            command(c);
            return true;
        });
    }

    static String word(Adjustment.Of of) {
        return switch (of) {
            case LIMIT -> "limit";
            case KIND -> "kind";
            case FLEET_KIND -> "fleet_kind";
            case FLEET_QUEUE -> "fleet_queue";
        };
    }

    private static int changed(Connection c, String statement, @Nullable Object... parameters) throws SQLException {
        try (var s = Session.prepare(c, statement, parameters)) {
            return s.executeUpdate();
        }
    }

    private void command(Connection c) throws SQLException {
        run(c, sql.notify, channel, Listener.COMMAND);
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
