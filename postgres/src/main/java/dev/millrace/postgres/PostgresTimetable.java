package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.Timetable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Schedules: each step is one call of one function of the schema. */
final class PostgresTimetable implements Timetable {

    /** Requests for a run of one schedule that wait for its node. */
    private static final int MOST_ASKED = 100;

    private static final int UNKNOWN_STREAM = -1;

    private final JobSql sql;
    private final Session session;
    private final Pool pool;
    private final Streams streams;
    private final ShardChoice shards;
    private final Json json;
    private final Notifier notifier;

    PostgresTimetable(
            JobSql sql, Session session, Pool pool, Streams streams, ShardChoice shards, Json json, Notifier notifier) {
        this.sql = sql;
        this.session = session;
        this.pool = pool;
        this.streams = streams;
        this.shards = shards;
        this.json = json;
        this.notifier = notifier;
    }

    /** The first row tells the time, each other one a schedule. */
    @Override
    public Owned own(Lease lease, List<ScheduleCard> known) {
        return session.step("look after schedules", c -> {
            var standings = new ArrayList<Standing>();
            try (var s = Session.prepare(
                            c,
                            sql.ownSchedules,
                            lease.node().value(),
                            lease.epoch().value(),
                            known.stream().map(ScheduleCard::name).toArray(String[]::new),
                            known.stream().map(ScheduleCard::times).toArray(String[]::new),
                            known.stream().map(ScheduleCard::policy).toArray(String[]::new),
                            OLDER_BUILDS_WAIT.toMillis(),
                            ASKS_LIVE.toMillis());
                    var rows = s.executeQuery()) {
                rows.next();
                var now = Objects.requireNonNull(Session.instant(rows, "now"));
                while (rows.next())
                    standings.add(new Standing(
                            rows.getString("name"),
                            rows.getLong("term"),
                            Objects.requireNonNull(Session.instant(rows, "upto")),
                            job(rows),
                            instants(rows, "asked")));
                return new Owned(now, List.copyOf(standings));
            }
        });
    }

    private static @Nullable JobId job(ResultSet rows) throws SQLException {
        var job = rows.getObject("last_job", UUID.class);
        return job == null ? null : new JobId(job);
    }

    private static List<Instant> instants(ResultSet rows, String column) throws SQLException {
        var instants = new ArrayList<Instant>();
        for (var at : (java.sql.Timestamp[]) rows.getArray(column).getArray()) instants.add(at.toInstant());
        return List.copyOf(instants);
    }

    @Override
    public OptionalInt fire(Lease lease, String schedule, long term, List<Run> runs) {
        var queues = new TreeSet<String>();
        for (var run : runs) queues.add(run.job().queue());
        for (var run : runs) streams.need(run.job());
        var fired = session.step("fire a schedule", c -> fire(c, lease, schedule, term, runs));
        if (fired.isPresent() && fired.getAsInt() == UNKNOWN_STREAM) {
            streams.forget(queues);
            throw new Unavailable(
                    "The streams of queue %s are not what they were: the database went back to an older state. Nothing was written; fire again."
                            .formatted(String.join(", ", queues)));
        }
        if (fired.isPresent()) for (var queue : queues) notifier.afterwards(queue);
        return fired;
    }

    private OptionalInt fire(Connection c, Lease lease, String schedule, long term, List<Run> runs)
            throws SQLException {
        int count = runs.size();
        var slots = new Instant[count];
        var asked = new int[count];
        var ids = new UUID[count];
        var queues = new String[count];
        var priorities = new int[count];
        var places = new int[count];
        var kinds = new String[count];
        var versions = new int[count];
        var payloads = new String[count];
        var headers = new @Nullable String[count];
        var moments = new @Nullable Instant[count];
        var delays = new @Nullable Long[count];
        var expiries = new @Nullable Long[count];
        var keys = new @Nullable String[count];
        var policies = new @Nullable String[count];
        var policyMillis = new @Nullable Long[count];
        for (int i = 0; i < count; i++) {
            var job = runs.get(i).job();
            slots[i] = runs.get(i).slot();
            asked[i] = runs.get(i).asked() ? 1 : 0;
            ids[i] = job.id().value();
            queues[i] = job.queue();
            priorities[i] = job.priority().rank();
            places[i] = shards.forJob(job);
            kinds[i] = job.kind();
            versions[i] = job.kindVersion();
            payloads[i] = text(job);
            headers[i] = json.write(job.headers());
            moments[i] = job.due() instanceof Due.At(var moment) ? moment : null;
            delays[i] = job.due() instanceof Due.In(var delay) ? delay.toMillis() : null;
            var expiresAfter = job.expiresAfter();
            expiries[i] = expiresAfter == null ? null : expiresAfter.toMillis();
            var unique = job.unique();
            if (unique == null) continue;
            keys[i] = unique.key();
            policies[i] = UniqueRows.policy(unique);
            policyMillis[i] = UniqueRows.policyMillis(unique);
        }
        try (var s = Session.prepare(
                        c,
                        sql.fireSlots,
                        lease.node().value(),
                        lease.epoch().value(),
                        schedule,
                        term,
                        slots,
                        asked,
                        ids,
                        queues,
                        priorities,
                        places,
                        kinds,
                        versions,
                        payloads,
                        headers,
                        moments,
                        delays,
                        expiries,
                        keys,
                        policies,
                        policyMillis);
                var rows = s.executeQuery()) {
            rows.next();
            int fired = rows.getInt(1);
            return rows.wasNull() ? OptionalInt.empty() : OptionalInt.of(fired);
        }
    }

    private static String text(NewJob job) {
        if (job.payload() instanceof Payload.Text(var text)) return text;
        throw new IllegalStateException("PostgreSQL keeps text, not values");
    }

    @Override
    public boolean ask(String schedule, String by) {
        return pool.transaction("ask for a run", c -> {
            try (var s = Session.prepare(c, sql.askSchedule, schedule, by, MOST_ASKED, ASKS_LIVE.toMillis());
                    var rows = s.executeQuery()) {
                rows.next();
                boolean known = rows.getBoolean(1);
                if (rows.wasNull())
                    throw new MillraceException(
                            "%d runs of the schedule %s are asked for already, and its node has not come to them. Look whether a node that brings it is alive."
                                    .formatted(MOST_ASKED, schedule));
                return known;
            }
        });
    }

    @Override
    public List<Kept> schedules() {
        return pool.look("list schedules", c -> {
            var found = new ArrayList<Kept>();
            try (var s = Session.prepare(c, sql.schedules);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    found.add(new Kept(
                            new ScheduleCard(rows.getString("name"), rows.getString("times"), rows.getString("policy")),
                            Objects.requireNonNull(Session.instant(rows, "since")),
                            rows.getObject("owner", UUID.class),
                            rows.getBoolean("alive"),
                            Session.instant(rows, "last_slot"),
                            job(rows),
                            rows.getString("paused")));
                }
            }
            return List.copyOf(found);
        });
    }
}
