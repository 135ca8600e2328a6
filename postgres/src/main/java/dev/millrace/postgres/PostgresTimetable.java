package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.store.JobTemplate;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.Timetable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;
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

    @Override
    public Owned own(Lease lease, List<ScheduleCard> known, @Nullable Map<String, Long> held) {
        return session.step("look after schedules", c -> {
            try (var s = held == null ? ownBrought(c, lease, known) : ownAll(c, lease, known, held);
                    var rows = s.executeQuery()) {
                return owned(rows, held != null);
            }
        });
    }

    private PreparedStatement ownBrought(Connection c, Lease lease, List<ScheduleCard> known) throws SQLException {
        return Session.prepare(
                c,
                sql.ownSchedules,
                lease.node().value(),
                lease.epoch().value(),
                known.stream().map(ScheduleCard::name).toArray(String[]::new),
                known.stream().map(ScheduleCard::times).toArray(String[]::new),
                known.stream().map(ScheduleCard::policy).toArray(String[]::new),
                OLDER_BUILDS_WAIT.toMillis(),
                ASKS_LIVE.toMillis());
    }

    private PreparedStatement ownAll(Connection c, Lease lease, List<ScheduleCard> known, Map<String, Long> held)
            throws SQLException {
        var terms = new TreeMap<String, String>();
        held.forEach((name, term) -> terms.put(name, term.toString()));
        return Session.prepare(
                c,
                sql.ownAllSchedules,
                lease.node().value(),
                lease.epoch().value(),
                known.stream().map(ScheduleCard::name).toArray(String[]::new),
                known.stream().map(ScheduleCard::times).toArray(String[]::new),
                known.stream().map(ScheduleCard::policy).toArray(String[]::new),
                OLDER_BUILDS_WAIT.toMillis(),
                ASKS_LIVE.toMillis(),
                json.write(terms));
    }

    /** The first row tells the time, each other one a schedule. */
    private Owned owned(ResultSet rows, boolean all) throws SQLException {
        rows.next();
        var now = Objects.requireNonNull(Session.instant(rows, "now"));
        var standings = new ArrayList<Standing>();
        var clashes = new ArrayList<String>();
        while (rows.next()) {
            if (all && rows.getBoolean("clash")) {
                clashes.add(rows.getString("name"));
                continue;
            }
            boolean set = all && rows.getBoolean("set_at_run_time");
            standings.add(new Standing(
                    rows.getString("name"),
                    rows.getLong("term"),
                    Objects.requireNonNull(Session.instant(rows, "upto")),
                    job(rows),
                    instants(rows, "asked"),
                    set,
                    set && rows.getString("kind") != null ? new SetSchedule(card(rows), template(rows)) : null));
        }
        return new Owned(now, List.copyOf(standings), List.copyOf(clashes));
    }

    private static ScheduleCard card(ResultSet rows) throws SQLException {
        return new ScheduleCard(rows.getString("name"), rows.getString("times"), rows.getString("policy"));
    }

    private JobTemplate template(ResultSet rows) throws SQLException {
        long expiry = rows.getLong("expiry");
        boolean expires = !rows.wasNull();
        return new JobTemplate(
                rows.getString("queue"),
                Priority.ofRank(rows.getInt("priority")),
                rows.getString("spread"),
                rows.getString("kind"),
                rows.getInt("kind_version"),
                new Payload.Text(rows.getString("payload")),
                json.read(rows.getString("headers")),
                expires ? Duration.ofMillis(expiry) : null,
                UniqueRows.read(rows.getString("key"), rows.getString("key_policy"), rows.getLong("key_millis")));
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
            payloads[i] = text(job.payload());
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

    private static String text(Payload payload) {
        if (payload instanceof Payload.Text(var text)) return text;
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
    public SetAnswer set(SetSchedule schedule, String by, String reason) {
        var card = schedule.card();
        var job = schedule.job();
        var unique = job.unique();
        var expires = job.expiresAfter();
        var answer = said(
                "set a schedule",
                sql.setSchedule,
                card.name(),
                card.times(),
                card.policy(),
                job.queue(),
                job.priority().rank(),
                job.spread(),
                job.kind(),
                job.kindVersion(),
                text(job.payload()),
                json.write(job.headers()),
                expires == null ? null : expires.toMillis(),
                unique == null ? null : unique.key(),
                unique == null ? null : UniqueRows.policy(unique),
                unique == null ? null : UniqueRows.policyMillis(unique),
                by,
                reason,
                MOST_SET);
        return switch (answer) {
            case "created" -> SetAnswer.CREATED;
            case "changed" -> SetAnswer.CHANGED;
            case "unchanged" -> SetAnswer.UNCHANGED;
            case "brought" -> SetAnswer.BROUGHT;
            case "too many" -> SetAnswer.TOO_MANY;
            default -> throw new IllegalStateException("The schema answers " + answer);
        };
    }

    @Override
    public RemoveAnswer remove(String schedule, String by, String reason) {
        var answer = said("remove a schedule", sql.removeSchedule, schedule, by, reason);
        return switch (answer) {
            case "removed" -> RemoveAnswer.REMOVED;
            case "unknown" -> RemoveAnswer.UNKNOWN;
            case "brought" -> RemoveAnswer.BROUGHT;
            default -> throw new IllegalStateException("The schema answers " + answer);
        };
    }

    private String said(String what, String statement, @Nullable Object... parameters) {
        return pool.transaction(what, c -> {
            try (var s = Session.prepare(c, statement, parameters);
                    var rows = s.executeQuery()) {
                rows.next();
                return rows.getString(1);
            }
        });
    }

    @Override
    public List<Kept> schedules() {
        return pool.look("list schedules", this::schedules);
    }

    List<Kept> schedules(Connection c) throws SQLException {
        var found = new ArrayList<Kept>();
        try (var s = Session.prepare(c, sql.schedules);
                var rows = s.executeQuery()) {
            while (rows.next()) found.add(kept(rows));
        }
        return List.copyOf(found);
    }

    private Kept kept(ResultSet rows) throws SQLException {
        return new Kept(
                card(rows),
                Objects.requireNonNull(Session.instant(rows, "since")),
                rows.getObject("owner", UUID.class),
                rows.getBoolean("alive"),
                Session.instant(rows, "last_slot"),
                job(rows),
                rows.getString("paused"),
                rows.getString("kind") == null ? null : setting(rows));
    }

    private Setting setting(ResultSet rows) throws SQLException {
        return new Setting(
                template(rows),
                rows.getString("by"),
                rows.getString("reason"),
                Objects.requireNonNull(Session.instant(rows, "at")));
    }
}
