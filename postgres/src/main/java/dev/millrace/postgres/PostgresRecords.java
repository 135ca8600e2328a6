package dev.millrace.postgres;

import dev.millrace.BatchView;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.LogLevel;
import dev.millrace.MillraceException;
import dev.millrace.NodeView;
import dev.millrace.Priority;
import dev.millrace.QueueView;
import dev.millrace.State;
import dev.millrace.Why.Band;
import dev.millrace.Why.Blocker;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Line;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Payload;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Records;
import dev.millrace.store.StreamInfo;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Looking. The questions are functions of the schema, in {@code migration/V004__looking.sql}. */
final class PostgresRecords implements Records {

    /** Parts of a batch that are told at once. */
    private static final int PARTS = 1_000;

    private static final String UNDEFINED_FUNCTION = "42883";

    private static final long SAMPLE_BYTES = 64L * 1024 * 1024;

    private final Pool pool;
    private final Json json;
    private final String conclusions;
    private final String look;
    private final String steps;
    private final String log;
    private final String changes;
    private final String list;
    private final String briefList;
    private final String sample;
    private final String sampleOfBefore;
    private final String queues;
    private final String asides;
    /** Jobs of a shard that are looked at in each place where they may stand. */
    private static final int LINE = 1_000;

    private static final QueueView.Depth NONE = new QueueView.Depth(0, true);

    private final String pauses;
    private final String adjustments;
    private final String inLine;
    private final String inQueue;
    private final String nodes;
    private final String batch;
    private final String blockers;
    private final String parts;

    PostgresRecords(Pool pool, Json json, JobSql.Qualifier q) {
        this.pool = pool;
        this.json = json;
        conclusions = q.in("""
                SELECT i.job_id, o.outcome, o.result, o.failure, o.reason
                  FROM unnest(?::uuid[]) i (job_id)
                 CROSS JOIN LATERAL (SELECT l.part, l.seq, l.run FROM $.job_log l WHERE l.job_id = i.job_id ORDER BY l.run DESC, l.no DESC LIMIT 1) l
                  JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
                 WHERE o.outcome IN ('done', 'cancelled', 'discarded')
                   AND NOT EXISTS (SELECT FROM $.timer t WHERE t.job_id = i.job_id)
                   AND (o.outcome = 'done' OR NOT EXISTS (SELECT FROM $.deleted_job d WHERE d.job_id = i.job_id AND d.run = l.run))
                """);
        look = q.in("SELECT * FROM $.look(?)");
        steps = q.in("""
                SELECT l.run, l.attempt, l.enqueued_at, o.started_at, o.at AS ended_at, o.took_micros, o.outcome, o.reason, o.failure,
                       coalesce(o.node, c.node)::text AS node
                  FROM $.job_log l LEFT JOIN LATERAL $.ending_of(l.part, l.seq) o ON true
                  LEFT JOIN LATERAL (SELECT x.node FROM $.claim_that_has(l.part, l.stream, l.xid, l.seq) x WHERE o.outcome IS NULL OFFSET 0) c ON true
                 WHERE l.job_id = ? ORDER BY l.run, l.no
                """);
        log = q.in(
                "SELECT attempt, at, level, line FROM $.job_note WHERE job_id = ? ORDER BY run, attempt, at LIMIT 10000");
        changes = q.in("""
                SELECT b.id, b.action, b.undoes, b.by, b.reason, coalesce(j.at, b.at) AS at
                  FROM $.bulk_change_job j JOIN $.bulk_change b ON b.id = j.change
                 WHERE j.job_id = ? AND j.left_because IS NULL ORDER BY at, b.at LIMIT 1000
                """);
        list = q.in("SELECT * FROM $.look(ARRAY(SELECT $.list_jobs(?, ?, ?, ?, ?)))");
        briefList = q.in("""
                SELECT job_id, kind, kind_version, queue, priority, state, run, attempt, rescues, NULL::TEXT AS payload, headers, enqueued_at,
                       expires_at, run_at, started_at, ended_at, node, reason, NULL::TEXT AS result, failure, progress_done,
                       progress_total, progress_at
                  FROM $.look(ARRAY(SELECT $.list_jobs(?, ?, ?, ?, ?)))
                """);
        sample = q.in("SELECT * FROM $.waiting_jobs(?, ?, ?, ?, ?)");
        sampleOfBefore = q.in("SELECT * FROM $.waiting_sample(?, ?, ?, ?)");
        queues = q.in("SELECT * FROM $.queue_depths(?)");
        asides = q.in("""
                SELECT queue, priority, tenant, since FROM $.side_tenant
                 WHERE used_at > clock_timestamp() - INTERVAL '30 s' ORDER BY since, tenant LIMIT 1000
                """);
        inQueue = q.in("SELECT what, stream, queue, priority, shard, n, exact FROM $.in_queue(?, ?)");
        inLine = q.in("SELECT what, job_id, headers, xid, seq, nr FROM $.in_line(?, ?)");
        adjustments = q.in(
                "SELECT of, name, at_once, starts, millis, burst, reason, by, at FROM $.adjustment ORDER BY of, name");
        pauses = q.in("SELECT scope, name, reason, by, at, until FROM $.pause ORDER BY scope, name");
        batch = q.in("SELECT * FROM $.look_at_batch(?)");
        blockers = q.in("SELECT * FROM $.blockers_of(?, ?)");
        parts = q.in("SELECT * FROM $.parts_of(?, ?, ?) LIMIT ?");
        nodes = q.in("""
                SELECT n.*, extract(epoch FROM clock_timestamp() - b.at) AS since, b.stuck, b.stuck_job, b.stuck_millis, r.reads,
                       (SELECT cardinality(m.open) FROM $.manifest m WHERE m.node = n.id ORDER BY m.no DESC LIMIT 1) AS open
                  FROM $.node n JOIN $.beat b ON b.node = n.id LEFT JOIN $.node_reads r ON r.node = n.id
                 WHERE n.state <> 'gone' OR b.at > clock_timestamp() - INTERVAL '1 day' ORDER BY n.state, n.started_at DESC LIMIT 1000
                """);
    }

    @Override
    public Map<JobId, Conclusion> conclusions(Collection<JobId> jobs) {
        if (jobs.isEmpty()) return Map.of();
        var ids = jobs.stream().map(JobId::value).toArray(UUID[]::new);
        return pool.look("ask for results", c -> {
            var found = new HashMap<JobId, Conclusion>();
            try (var s = Session.prepare(c, conclusions, (Object) ids);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var result = rows.getString("result");
                    found.put(
                            new JobId(rows.getObject("job_id", UUID.class)),
                            new Conclusion(
                                    switch (rows.getString("outcome")) {
                                        case "done" -> State.COMPLETED;
                                        case "cancelled" -> State.CANCELLED;
                                        default -> State.DISCARDED;
                                    },
                                    result == null ? null : new Payload.Text(result),
                                    json.readFailure(rows.getString("failure")),
                                    rows.getString("reason")));
                }
            }
            return found;
        });
    }

    @Override
    public Optional<JobView> find(JobId job) {
        return pool.look("find a job", c -> find(c, job));
    }

    private Optional<JobView> find(Connection c, JobId job) throws SQLException {
        try (var s = Session.prepare(c, look, (Object) new UUID[] {job.value()});
                var rows = s.executeQuery()) {
            return rows.next() ? Optional.of(view(rows)) : Optional.empty();
        }
    }

    @Override
    public Optional<JobHistory> history(JobId job) {
        return pool.look("look at a job", c -> {
            var view = find(c, job);
            if (view.isEmpty()) return Optional.empty();
            return Optional.of(new JobHistory(view.get(), steps(c, job), log(c, view.get()), changes(c, job)));
        });
    }

    private List<JobHistory.Step> steps(Connection c, JobId job) throws SQLException {
        var found = new ArrayList<JobHistory.Step>();
        try (var s = Session.prepare(c, steps, job.value());
                var rows = s.executeQuery()) {
            while (rows.next()) {
                long took = rows.getLong("took_micros");
                var duration = rows.wasNull() ? null : Duration.ofNanos(took * 1_000);
                found.add(new JobHistory.Step(
                        rows.getInt("run"),
                        rows.getInt("attempt"),
                        Objects.requireNonNull(Session.instant(rows, "enqueued_at")),
                        Session.instant(rows, "started_at"),
                        Session.instant(rows, "ended_at"),
                        duration,
                        rows.getString("outcome"),
                        rows.getString("node"),
                        rows.getString("reason"),
                        json.readFailure(rows.getString("failure"))));
            }
        }
        return List.copyOf(found);
    }

    private List<JobHistory.LogLine> log(Connection c, JobView job) throws SQLException {
        var found = new ArrayList<JobHistory.LogLine>();
        var trace = job.traceId().orElse(null);
        try (var s = Session.prepare(c, log, job.id().value());
                var rows = s.executeQuery()) {
            while (rows.next()) {
                found.add(new JobHistory.LogLine(
                        rows.getInt("attempt"),
                        Objects.requireNonNull(Session.instant(rows, "at")),
                        level(rows.getString("level")),
                        rows.getString("line"),
                        trace));
            }
        }
        return List.copyOf(found);
    }

    /** Null if a build wrote it that knew no levels; another word if one did that knows more of them. The line is told all the same. */
    private static LogLevel level(@Nullable String stored) {
        for (var level : LogLevel.values()) if (level.wireName().equals(stored)) return level;
        return LogLevel.INFO;
    }

    private List<JobHistory.Change> changes(Connection c, JobId job) throws SQLException {
        var found = new ArrayList<JobHistory.Change>();
        try (var s = Session.prepare(c, changes, job.value());
                var rows = s.executeQuery()) {
            while (rows.next())
                found.add(new JobHistory.Change(
                        rows.getObject("id", UUID.class),
                        rows.getString("undoes") == null ? rows.getString("action") : "undo",
                        rows.getString("by"),
                        rows.getString("reason"),
                        Objects.requireNonNull(Session.instant(rows, "at"))));
        }
        return List.copyOf(found);
    }

    @Override
    public List<JobView> list(Query query) {
        if (query.limit() < 1 || query.limit() > Query.MAX_LIMIT) {
            throw new MillraceException(
                    "A list can't have %d jobs: ask for 1 to %d.".formatted(query.limit(), Query.MAX_LIMIT));
        }
        var state = query.state();
        var before = query.before();
        return pool.look("list jobs", c -> {
            var found = new ArrayList<JobView>();
            try (var s = Session.prepare(
                            c,
                            query.brief() ? briefList : list,
                            state == null ? null : state.wireName(),
                            query.queue(),
                            query.kind(),
                            before == null ? null : before.value(),
                            query.limit());
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var view = view(rows);
                    if (state == null || view.state() == state)
                        found.add(view); // it may have moved on between the two looks
                }
            }
            return List.copyOf(found);
        });
    }

    private JobView view(ResultSet rows) throws SQLException {
        var progressAt = Session.instant(rows, "progress_at");
        return new JobView(
                new JobId(rows.getObject("job_id", UUID.class)),
                rows.getString("kind"),
                rows.getInt("kind_version"),
                rows.getString("queue"),
                Priority.ofRank(rows.getInt("priority")),
                State.of(rows.getString("state")),
                rows.getInt("run"),
                rows.getInt("attempt"),
                rows.getInt("rescues"),
                rows.getString("payload"),
                json.read(rows.getString("headers")),
                Objects.requireNonNull(Session.instant(rows, "enqueued_at")),
                Session.instant(rows, "expires_at"),
                Session.instant(rows, "run_at"),
                Session.instant(rows, "started_at"),
                Session.instant(rows, "ended_at"),
                rows.getString("node"),
                rows.getString("reason"),
                rows.getString("result"),
                json.readFailure(rows.getString("failure")),
                progressAt == null
                        ? null
                        : new JobView.Progress(
                                rows.getLong("progress_done"), rows.getLong("progress_total"), progressAt));
    }

    /** A schema of before the counting will do as well: who asks before a deploy has not brought it up to date. */
    @Override
    public Sample sample(Collection<String> names, int most, int reach) {
        return pool.look("look at jobs that wait", c -> {
            var queues = names.toArray(new String[0]);
            try {
                return sample(c, queues, most, reach);
            } catch (SQLException refused) {
                if (!UNDEFINED_FUNCTION.equals(refused.getSQLState())) throw refused;
                return sampleOfBefore(c, queues, most, reach);
            }
        });
    }

    /** The first row tells whether that is all there is; of the others some count, and some are jobs. */
    private Sample sample(Connection c, String[] queues, int most, int reach) throws SQLException {
        var found = new ArrayList<Waiting>();
        var met = new ArrayList<Met>();
        try (var s = Session.prepare(c, sample, queues, most, reach, Math.max(1, reach / 10), SAMPLE_BYTES);
                var rows = s.executeQuery()) {
            rows.next();
            boolean complete = rows.getBoolean("complete");
            while (rows.next()) {
                if (rows.getObject("job_id") == null)
                    met.add(new Met(rows.getString("kind"), rows.getInt("kind_version"), rows.getLong("met")));
                else found.add(waiting(rows));
            }
            return new Sample(found, met, complete);
        }
    }

    /** Counted are those that it gives. */
    private Sample sampleOfBefore(Connection c, String[] queues, int most, int reach) throws SQLException {
        var found = new ArrayList<Waiting>();
        try (var s = Session.prepare(c, sampleOfBefore, queues, most, reach, SAMPLE_BYTES);
                var rows = s.executeQuery()) {
            rows.next();
            boolean complete = rows.getBoolean("complete");
            while (rows.next()) found.add(waiting(rows));
            return Sample.of(found, most, complete);
        }
    }

    private static Waiting waiting(ResultSet rows) throws SQLException {
        return new Waiting(
                new JobId(rows.getObject("job_id", UUID.class)),
                rows.getString("kind"),
                rows.getInt("kind_version"),
                new Payload.Text(rows.getString("payload")));
    }

    @Override
    public List<QueueView> queues() {
        return pool.look("list queues", this::queues);
    }

    List<QueueView> queues(Connection c) throws SQLException {
        var found = new ArrayList<QueueView>();
        var aside = asides(c);
        try (var s = Session.prepare(c, queues, QueueView.EXACT_UP_TO);
                var rows = s.executeQuery()) {
            while (rows.next()) {
                found.add(new QueueView(
                        rows.getString("queue"),
                        depth(rows, "available"),
                        depth(rows, "running"),
                        depth(rows, "scheduled"),
                        depth(rows, "retryable"),
                        depth(rows, "parked"),
                        Session.instant(rows, "oldest"),
                        rows.getString("paused"),
                        aside.getOrDefault(rows.getString("queue"), List.of())));
            }
        }
        return List.copyOf(found);
    }

    private Map<String, List<QueueView.SetAside>> asides(Connection c) throws SQLException {
        var found = new HashMap<String, List<QueueView.SetAside>>();
        try (var s = Session.prepare(c, asides);
                var rows = s.executeQuery()) {
            while (rows.next())
                found.computeIfAbsent(rows.getString("queue"), queue -> new ArrayList<>())
                        .add(new QueueView.SetAside(
                                rows.getString("tenant"),
                                Priority.ofRank(rows.getInt("priority")),
                                Objects.requireNonNull(Session.instant(rows, "since"))));
        }
        return found;
    }

    private static QueueView.Depth depth(ResultSet rows, String column) throws SQLException {
        long count = rows.getLong(column);
        return count > QueueView.EXACT_UP_TO
                ? new QueueView.Depth(QueueView.EXACT_UP_TO, false)
                : new QueueView.Depth(count, true);
    }

    @Override
    public List<Pause> pauses() {
        return pool.look("list pauses", c -> {
            try (var s = Session.prepare(c, pauses)) {
                return pauses(s);
            }
        });
    }

    /** What a look at the table of pauses finds, as far as this build knows it. */
    static List<Pause> pauses(PreparedStatement look) throws SQLException {
        var found = new ArrayList<Pause>();
        try (var rows = look.executeQuery()) {
            while (rows.next()) {
                var scope = PostgresProtocol.scope(rows.getString("scope"), rows.getString("name"));
                if (scope.isPresent())
                    found.add(new Pause(
                            scope.get(),
                            rows.getString("reason"),
                            rows.getString("by"),
                            Session.instant(rows, "at"),
                            Session.instant(rows, "until")));
            }
        }
        return List.copyOf(found);
    }

    @Override
    public Optional<PlaceInLine> inLine(JobId job) {
        return pool.look("look at a line", c -> {
            var all = new LinkedHashMap<JobId, PlaceInLine.Stand>();
            boolean complete = true;
            boolean allHeld = true;
            @Nullable Duration fullIn = null;
            try (var s = Session.prepare(c, inLine, job.value(), LINE);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    switch (rows.getString("what")) {
                        case "cut" -> complete = false;
                        case "held cut" -> allHeld = false;
                        case "full" -> fullIn = Duration.of(rows.getLong("nr"), ChronoUnit.MICROS);
                        case "held" -> stand(rows, PlaceInLine.Where.HELD, all);
                        case "back" -> stand(rows, PlaceInLine.Where.BACK, all);
                        case "enqueued" -> stand(rows, PlaceInLine.Where.ENQUEUED, all);
                        case "behind" -> stand(rows, PlaceInLine.Where.BEHIND, all);
                        case "absent" -> stand(rows, PlaceInLine.Where.ABSENT, all);
                        default -> {} // over
                    }
                }
            }
            return PlaceInLine.of(job, all.values(), complete && allHeld, allHeld, fullIn);
        });
    }

    @Override
    public Optional<PlaceInQueue> inQueue(JobId job) {
        return pool.look("look at a place in a queue", c -> {
            @Nullable StreamInfo stream = null;
            var ahead = NONE;
            var front = NONE;
            var shards = NONE;
            var higher = new ArrayList<Band>();
            try (var s = Session.prepare(c, inQueue, job.value(), PlaceInQueue.LOOK);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var priority = Priority.ofRank(rows.getInt("priority"));
                    var depth = new QueueView.Depth(rows.getLong("n"), rows.getBoolean("exact"));
                    switch (rows.getString("what")) {
                        case "own" -> {
                            stream = new StreamInfo(
                                    rows.getInt("stream"), rows.getString("queue"), priority, rows.getInt("shard"));
                            ahead = depth;
                        }
                        case "front" -> front = depth;
                        case "shards" -> shards = depth;
                        default -> higher.add(new Band(priority, depth));
                    }
                }
            }
            return stream == null
                    ? Optional.empty()
                    : Optional.of(new PlaceInQueue(stream, ahead, front, shards, higher));
        });
    }

    /** What moves from one place to another meanwhile is met twice. */
    private void stand(ResultSet rows, PlaceInLine.Where where, Map<JobId, PlaceInLine.Stand> into)
            throws SQLException {
        var headers = json.read(rows.getString("headers"));
        var line = Line.of(headers);
        if (line == null) return;
        var at = Line.first(headers, new Line.Position(rows.getLong("xid"), rows.getLong("seq")));
        var job = new JobId(rows.getObject("job_id", UUID.class));
        into.putIfAbsent(job, new PlaceInLine.Stand(job, line, at, where, rows.getLong("nr")));
    }

    @Override
    public List<Adjustment.Kept> adjustments() {
        return pool.look("list adjustments", c -> {
            var found = new ArrayList<Adjustment.Kept>();
            try (var s = Session.prepare(c, adjustments);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var adjustment = adjustment(
                            rows.getString("of"),
                            rows.getString("name"),
                            rows.getInt("at_once"),
                            rows.getInt("starts"),
                            rows.getLong("millis"),
                            rows.getInt("burst"));
                    if (adjustment.isPresent())
                        found.add(new Adjustment.Kept(
                                adjustment.get(),
                                rows.getString("reason"),
                                rows.getString("by"),
                                Objects.requireNonNull(Session.instant(rows, "at"))));
                }
            }
            return List.copyOf(found);
        });
    }

    /** As it stands in the table, where 0 is what is not set; empty if a newer build has written it, of something that this one does not know. */
    static Optional<Adjustment> adjustment(String of, String name, int atOnce, int starts, long millis, int burst) {
        var rate =
                starts > 0 && millis > 0 ? new Line.Rate(starts, Duration.ofMillis(millis), Math.max(1, burst)) : null;
        if (atOnce < 1 && rate == null) return Optional.empty();
        for (var known : Adjustment.Of.values())
            if (PostgresSteering.word(known).equals(of))
                return Optional.of(new Adjustment(known, name, atOnce < 1 ? null : atOnce, rate));
        return Optional.empty();
    }

    @Override
    public List<NodeView> nodes() {
        return pool.look("list nodes", this::nodes);
    }

    List<NodeView> nodes(Connection c) throws SQLException {
        var found = new ArrayList<NodeView>();
        try (var s = Session.prepare(c, nodes);
                var rows = s.executeQuery()) {
            while (rows.next()) {
                var sinceBeat = Duration.ofMillis(Math.max(0, (long) (rows.getDouble("since") * 1_000)));
                var reads = rows.getArray("reads");
                found.add(new NodeView(
                        rows.getObject("id", UUID.class),
                        rows.getString("name"),
                        rows.getString("host"),
                        rows.getLong("pid"),
                        rows.getString("version"),
                        NodeView.Life.valueOf(rows.getString("state").toUpperCase(Locale.ROOT)),
                        rows.getInt("slots"),
                        rows.getInt("open"),
                        texts(rows.getArray("queues")),
                        texts(rows.getArray("kinds")),
                        Objects.requireNonNull(Session.instant(rows, "started_at")),
                        sinceBeat,
                        reads == null ? null : texts(reads),
                        stuck(rows, sinceBeat)));
            }
        }
        return List.copyOf(found);
    }

    private static NodeView.@Nullable Stuck stuck(ResultSet rows, Duration sinceBeat) throws SQLException {
        int handlers = rows.getInt("stuck");
        if (rows.wasNull()) return null;
        var before = Duration.ofMillis(rows.getLong("stuck_millis"));
        return new NodeView.Stuck(handlers, new JobId(rows.getObject("stuck_job", UUID.class)), before.plus(sinceBeat));
    }

    @Override
    public Optional<BatchView> batch(JobId then) {
        return pool.look("look at a batch", c -> {
            try (var s = Session.prepare(c, batch, then.value());
                    var rows = s.executeQuery()) {
                return rows.next()
                        ? Optional.of(new BatchView(
                                then,
                                rows.getLong("parts"),
                                rows.getLong("completed"),
                                rows.getLong("discarded"),
                                rows.getLong("cancelled"),
                                rows.getBoolean("followed")))
                        : Optional.empty();
            }
        });
    }

    @Override
    public Blockers blockers(JobId job) {
        return pool.look("look at what a job waits for", c -> {
            boolean known = false;
            long open = 0;
            var some = new ArrayList<Blocker>();
            try (var s = Session.prepare(c, blockers, job.value(), Blockers.TOLD);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    known = true;
                    open = rows.getLong("open");
                    var id = rows.getObject("blocker", UUID.class);
                    var state = rows.getString("state");
                    if (id != null) some.add(new Blocker(new JobId(id), state == null ? null : State.of(state)));
                }
            }
            return known ? new Blockers(true, open, some) : Blockers.NONE;
        });
    }

    @Override
    public List<JobId> parts(JobId batch, long from) {
        return pool.look("list the parts of a batch", c -> {
            var found = new ArrayList<JobId>();
            try (var s = Session.prepare(c, parts, batch.value(), from, PARTS, PARTS);
                    var rows = s.executeQuery()) {
                while (rows.next()) found.add(new JobId(rows.getObject(1, UUID.class)));
            }
            return List.copyOf(found);
        });
    }

    private static List<String> texts(@Nullable Array array) throws SQLException {
        return array == null ? List.of() : List.of((String[]) array.getArray());
    }
}
