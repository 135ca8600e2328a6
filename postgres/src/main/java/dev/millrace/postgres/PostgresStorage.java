package dev.millrace.postgres;

import dev.millrace.BatchView;
import dev.millrace.Codec;
import dev.millrace.Deletion;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.MillraceException;
import dev.millrace.NodeView;
import dev.millrace.QueueView;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Accepted;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Catalogue.KindSchema;
import dev.millrace.store.Catalogue.Published;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.FleetShares.Share;
import dev.millrace.store.FleetShares.Shared;
import dev.millrace.store.FleetShares.Use;
import dev.millrace.store.Lease;
import dev.millrace.store.Look;
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Note;
import dev.millrace.store.Observations;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Ownership;
import dev.millrace.store.Ownership.Behind;
import dev.millrace.store.Ownership.Grant;
import dev.millrace.store.Ownership.Recall;
import dev.millrace.store.Ownership.Recalled;
import dev.millrace.store.Ownership.Wish;
import dev.millrace.store.PartOf;
import dev.millrace.store.Payload;
import dev.millrace.store.Peer;
import dev.millrace.store.Place;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Promoted;
import dev.millrace.store.Rescued;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** An open PostgreSQL store: hands each duty to the class that has it. */
final class PostgresStorage implements Storage {

    private static final int OLDEST_VERSION = 150_000;
    private static final String DEFAULT_QUEUE = "default";
    private static final Duration BEAT_PATIENCE = Duration.ofSeconds(4);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Of the housekeeping, which nothing waits for: to detach a partition it waits for all who look into it. */
    private static final Duration KEEP_PATIENCE = Duration.ofMinutes(5);

    private final DataSource dataSource;
    private final Settings settings;
    private final World world;
    private final String name;
    private final Pool pool;
    private final Notifier notifier;
    private final PostgresProtocol.Sessions sessions;
    private final PostgresIntake intake;
    private final PostgresRecords records;
    private final PostgresObserving observing;
    private final PostgresSteering steering;
    private final PostgresProtocol protocol;
    private final PostgresTimetable timetable;
    private final PostgresBulk bulk;
    private final SideShards asides;
    private final PostgresCatalogue catalogue;

    /** Of this process: they hear of a job when its commit is answered, sooner than the server says it. */
    private final List<Consumer<Wakeup>> listeners = new CopyOnWriteArrayList<>();

    private PostgresStorage(
            DataSource dataSource, Settings settings, World world, String name, int shards, int keyedShards) {
        this.dataSource = dataSource;
        this.settings = settings;
        this.world = world;
        this.name = name;
        var q = new JobSql.Qualifier(settings.schema());
        var sql = new JobSql(settings.schema());
        var json = new Json();
        pool = new Pool(dataSource);
        var streams = new Streams(pool, sql);
        notifier = new Notifier(pool, sql, channel(), world);
        sessions = new PostgresProtocol.Sessions(
                new Session(dataSource, "beat", BEAT_PATIENCE),
                new Session(dataSource, "claim", PATIENCE),
                new Session(dataSource, "flush", PATIENCE),
                new Session(dataSource, "upkeep", PATIENCE),
                new Session(dataSource, "rescue", PATIENCE),
                new Session(dataSource, "keep", KEEP_PATIENCE));
        // By its full name: an Ownership has others.
        asides = new SideShards(pool, sql, streams, world);
        var spread = new ShardChoice(shards, keyedShards, asides, world.random().nextInt(shards));
        intake = new PostgresIntake(pool, sql, streams, spread, json, notifier, world);
        records = new PostgresRecords(pool, json, q);
        observing = new PostgresObserving(dataSource, pool, settings, world);
        steering = new PostgresSteering(sql, pool, channel());
        streams.need(DEFAULT_QUEUE); // so that its first job, in somebody's transaction, asks for nothing
        protocol = new PostgresProtocol(
                sql, sessions, pool, streams, json, new Keeping(q, settings.keeping(), world), world);
        bulk = new PostgresBulk(sql, pool, json);
        catalogue = new PostgresCatalogue(sql, sessions.upkeep(), pool);
        timetable = new PostgresTimetable(sql, sessions.upkeep(), pool, streams, spread, json, notifier);
    }

    static PostgresStorage open(DataSource dataSource, Settings settings, World world) {
        var pool = new Pool(dataSource);
        var name = pool.look("open the store", c -> {
            int version = Integer.parseInt(text(c, "SHOW server_version_num"));
            if (version < OLDEST_VERSION) {
                throw new MillraceException(
                        "This is PostgreSQL %s; Millrace needs 15 or newer. Upgrade the server, or use another."
                                .formatted(text(c, "SHOW server_version")));
            }
            return c.getMetaData().getURL().replaceAll("[?].*", "");
        });
        if (settings.migrate()) Migration.run(dataSource, settings.schema());
        var sql = new JobSql(settings.schema());
        try {
            int shards = pool.look("open the store", c -> Integer.parseInt(text(c, sql.shards)));
            int keyedShards = pool.look("open the store", c -> Integer.parseInt(text(c, sql.keyedShards)));
            return new PostgresStorage(dataSource, settings, world, name, shards, keyedShards);
        } catch (Unavailable away) {
            throw away;
        } catch (MillraceException unread) {
            if (settings.migrate()) throw unread;
            throw new MillraceException(
                    "The schema \"%s\" of %s can't be read as it is: %s It was not made yet, is older than this build can read, or this role has no right to it. Start a node, which makes it or brings it up to date; or run the numbered SQL files; or grant the role USAGE on it and SELECT on its tables. Nothing was changed."
                            .formatted(settings.schema(), name, unread.getMessage()),
                    unread);
        }
    }

    private static String text(Connection c, String sql) throws SQLException {
        try (var s = c.createStatement();
                var rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private String channel() {
        return settings.schema() + "_wake";
    }

    @Override
    public Codec codec() {
        return settings.codec();
    }

    @Override
    public String describe() {
        return name + ", schema " + settings.schema();
    }

    @Override
    public void reserveNode() {
        int had = 0;
        try {
            for (var duty : sessions.all()) {
                duty.reserve();
                had++;
            }
            // Both at once: the one that listens stays away.
            try (var listening = settings.listen() ? pool.borrow("listen") : null) {
                if (listening != null) had++;
                pool.borrow("handlers and producers").close();
            }
        } catch (Unavailable | SQLException e) {
            sessions.release();
            if (e instanceof Unavailable away && SqlErrors.toldByTheServer(away)) throw away;
            int needed = sessions.all().size() + (settings.listen() ? 1 : 0);
            throw new MillraceException(
                    "A node needs %d connections of its own (%s%s) and at least one for handlers; the data source gave %d. Raise its maximum pool size to %d or more. It said: %s"
                            .formatted(
                                    needed,
                                    sessions.all().stream().map(Session::duty).collect(Collectors.joining(", ")),
                                    settings.listen() ? ", listen" : "",
                                    had,
                                    needed + 1,
                                    e.getMessage()),
                    e);
        }
    }

    @Override
    public Connection connection() {
        return pool.borrow("a handler's transaction");
    }

    @Override
    public Listening listen(Consumer<Wakeup> listener) {
        listeners.add(listener);
        if (!settings.listen()) return () -> listeners.remove(listener);
        var elsewhere = new Listener(dataSource, channel(), world, listener).start();
        return () -> {
            listeners.remove(listener);
            elsewhere.close();
        };
    }

    @Override
    public void close() {
        intake.close();
        asides.close();
        notifier.close();
        sessions.close();
    }

    // ---- many at once

    @Override
    public Piece select(Selection selection, @Nullable JobId before, int look) {
        return bulk.select(selection, before, look);
    }

    @Override
    public FailurePiece failures(Selection selection, @Nullable JobId before, int look) {
        return bulk.failures(selection, before, look);
    }

    @Override
    public PayloadPiece payloads(Selection selection, @Nullable JobId before, int look, int most) {
        return bulk.payloads(selection, before, look, most);
    }

    @Override
    public Optional<Stepped> edit(UUID change, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs) {
        return bulk.edit(change, cursor, next, jobs);
    }

    @Override
    public Optional<Deletion> deletion(JobId job) {
        return bulk.deletion(job);
    }

    @Override
    public void begin(Change change) {
        bulk.begin(change);
    }

    @Override
    public Optional<Progress> goOn(UUID change, int most) {
        return bulk.goOn(change, most);
    }

    @Override
    public boolean stop(UUID change, Stopped stopped) {
        return bulk.stop(change, stopped);
    }

    @Override
    public Optional<KeptChange> change(UUID id) {
        return bulk.change(id);
    }

    @Override
    public List<KeptChange> changes(int limit) {
        return bulk.changes(limit);
    }

    @Override
    public List<KeptChange> unfinished(int limit) {
        return bulk.unfinished(limit);
    }

    // ---- intake

    @Override
    public Accepted enqueue(NewJob job) {
        var theirs = settings.joining().get();
        if (theirs != null) return intake.enqueue(theirs, job);
        var accepted = intake.enqueue(job);
        if (job.due() == null && !accepted.existed()) {
            for (var listener : listeners) listener.accept(new Wakeup.Work(job.queue()));
        }
        return accepted;
    }

    @Override
    public Accepted enqueue(Connection tx, NewJob job) {
        return intake.enqueue(tx, job);
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Iterator<NewJob> jobs) {
        var theirs = settings.joining().get();
        return theirs == null ? intake.enqueueAll(jobs) : intake.enqueueAll(theirs, jobs);
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Connection tx, Iterator<NewJob> jobs) {
        return intake.enqueueAll(tx, jobs);
    }

    @Override
    public boolean enqueueBatch(NewJob then, Iterator<NewJob> parts) {
        var theirs = settings.joining().get();
        if (theirs == null || PartOf.batch(then.headers()) != null) return intake.enqueueBatch(then, parts);
        intake.enqueueBatch(theirs, then, parts);
        return true;
    }

    @Override
    public void enqueueBatch(Connection tx, NewJob then, Iterator<NewJob> parts) {
        intake.enqueueBatch(tx, then, parts);
    }

    /** In a transaction of its own, whatever is joined otherwise: it holds up who ends parts until it is at its end. */
    @Override
    public boolean enqueueParts(JobId batch, Iterator<NewJob> parts) {
        return intake.enqueueParts(batch, parts);
    }

    @Override
    public Optional<BatchView> batch(JobId then) {
        return records.batch(then);
    }

    @Override
    public List<JobId> parts(JobId batch, long from) {
        return records.parts(batch, from);
    }

    // ---- records

    @Override
    public Blockers blockers(JobId job) {
        return records.blockers(job);
    }

    @Override
    public Map<JobId, Conclusion> conclusions(Collection<JobId> jobs) {
        return records.conclusions(jobs);
    }

    @Override
    public Optional<JobView> find(JobId job) {
        return records.find(job);
    }

    @Override
    public Optional<JobHistory> history(JobId job) {
        return records.history(job);
    }

    @Override
    public List<JobView> list(Query query) {
        return records.list(query);
    }

    @Override
    public Sample sample(Collection<String> queues, int most, int reach) {
        return records.sample(queues, most, reach);
    }

    @Override
    public List<QueueView> queues() {
        return records.queues();
    }

    @Override
    public List<Pause> pauses() {
        return records.pauses();
    }

    @Override
    public Optional<PlaceInLine> inLine(JobId job) {
        return records.inLine(job);
    }

    @Override
    public Optional<PlaceInQueue> inQueue(JobId job) {
        return records.inQueue(job);
    }

    @Override
    public List<Adjustment.Kept> adjustments() {
        return records.adjustments();
    }

    @Override
    public boolean adjust(Adjustment adjustment, String reason, String by) {
        return steering.adjust(adjustment, reason, by);
    }

    @Override
    public boolean reset(Adjustment.Of of, String name, String reason, String by) {
        return steering.reset(of, name, reason, by);
    }

    @Override
    public List<NodeView> nodes() {
        return records.nodes();
    }

    @Override
    public Look<List<QueueView>> seeQueues() {
        return observing.see(records::queues);
    }

    @Override
    public Look<List<NodeView>> seeNodes() {
        return observing.see(records::nodes);
    }

    @Override
    public Look<List<Kept>> seeSchedules() {
        return observing.see(timetable::schedules);
    }

    @Override
    public Look<List<KeptChange>> seeUnfinished(int limit) {
        return observing.see(c -> bulk.unfinished(c, limit));
    }

    @Override
    public Observations observe() {
        return observing.observe();
    }

    // ---- steering

    @Override
    public Optional<State> cancel(JobId job, String reason, String by) {
        return steering.cancel(job, reason, by);
    }

    @Override
    public Optional<State> requeue(JobId job, String reason, String by) {
        return steering.requeue(job, reason, by);
    }

    @Override
    public boolean pause(Scope scope, String reason, String by, @Nullable Instant until) {
        return steering.pause(scope, reason, by, until);
    }

    @Override
    public void resume(Scope scope, String by) {
        steering.resume(scope, by);
    }

    // ---- protocol

    @Override
    public Lease join(NodeCard card) {
        return protocol.join(card);
    }

    @Override
    public void beat(Lease lease, NodeView.@Nullable Stuck stuck) {
        protocol.beat(lease, stuck);
    }

    @Override
    public void leave(Lease lease) {
        protocol.leave(lease);
    }

    @Override
    public List<Peer> census(Lease lease) {
        return protocol.census(lease);
    }

    @Override
    public void witness(Lease by, Peer silent, Duration watched) {
        protocol.witness(by, silent, watched);
    }

    @Override
    public boolean depose(Lease by, Peer dead) {
        return protocol.depose(by, dead);
    }

    @Override
    public List<Rescued> rescue(Lease by, NodeId dead, int limit) {
        return protocol.rescue(by, dead, limit);
    }

    @Override
    public List<StreamInfo> streams(Collection<String> queues) {
        return protocol.streams(queues);
    }

    @Override
    public Set<Integer> poll(Collection<Integer> wanted) {
        return protocol.poll(wanted);
    }

    @Override
    public Claim take(Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        return protocol.take(lease, stream, want, ordinal, token);
    }

    @Override
    public Claim resolve(Lease lease, int stream, long ordinal, ClaimToken token) {
        return protocol.resolve(lease, stream, ordinal, token);
    }

    @Override
    public List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes) {
        return protocol.read(token, places, maxBytes);
    }

    @Override
    public void mark(Lease lease, List<Place> places) {
        protocol.mark(lease, places);
    }

    @Override
    public void outlived(Lease lease, List<Place> places) {
        protocol.outlived(lease, places);
    }

    @Override
    public void manifest(Lease lease, long no, long upto, Collection<Place> open) {
        protocol.manifest(lease, no, upto, open);
    }

    @Override
    public Ownership.Shards shards(Lease lease, Collection<String> queues) {
        return protocol.shards(lease, queues);
    }

    @Override
    public boolean takeOver(Lease lease, int stream) {
        return protocol.takeOver(lease, stream);
    }

    @Override
    public List<Absent> absent(Lease lease, int stream) {
        return protocol.absent(lease, stream);
    }

    @Override
    public List<Behind> behind(Lease lease, int stream) {
        return protocol.behind(lease, stream);
    }

    @Override
    public List<Recalled> recall(Lease lease, int stream, List<Recall> rows) {
        return protocol.recall(lease, stream, rows);
    }

    @Override
    public Set<JobId> over(Lease lease, Collection<JobId> jobs) {
        return protocol.over(lease, jobs);
    }

    @Override
    public List<Grant> grant(Lease lease, List<Wish> wishes) {
        return protocol.grant(lease, wishes);
    }

    @Override
    public boolean giveUp(Lease lease, int stream) {
        return protocol.giveUp(lease, stream);
    }

    @Override
    public List<Settled> flush(Lease lease, List<Ended> ended) {
        return protocol.flush(lease, ended);
    }

    @Override
    public void complete(Connection tx, Lease lease, Ended ended) {
        protocol.complete(tx, lease, ended);
    }

    @Override
    public Promoted promote(Lease lease, int limit) {
        return protocol.promote(lease, limit);
    }

    @Override
    public List<Share> share(Lease lease, long no, List<Use> uses) {
        return protocol.share(lease, no, uses);
    }

    @Override
    public List<Shared> shared() {
        return protocol.shared();
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, Map<String, Integer> queues, int limit) {
        return protocol.release(lease, room, queues, limit);
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, int limit) {
        return protocol.release(lease, room, limit);
    }

    @Override
    public Control control(Lease lease, String cursor) {
        return protocol.control(lease, cursor);
    }

    @Override
    public void note(Lease lease, List<Note> notes) {
        protocol.note(lease, notes);
    }

    @Override
    public void checkpoint(Lease lease, Delivery delivery, Payload value) {
        protocol.checkpoint(lease, delivery, value);
    }

    @Override
    public void checkpoint(Connection tx, Lease lease, Delivery delivery, Payload value) {
        protocol.checkpoint(tx, lease, delivery, value);
    }

    @Override
    public Optional<Payload> checkpointOf(Lease lease, Delivery delivery) {
        return protocol.checkpointOf(lease, delivery);
    }

    @Override
    public Owned own(Lease lease, List<ScheduleCard> known, @Nullable Map<String, Long> held) {
        return timetable.own(lease, known, held);
    }

    @Override
    public OptionalInt fire(Lease lease, String schedule, long term, List<Run> runs) {
        return timetable.fire(lease, schedule, term, runs);
    }

    @Override
    public boolean ask(String schedule, String by) {
        return timetable.ask(schedule, by);
    }

    @Override
    public SetAnswer set(SetSchedule schedule, String by, String reason) {
        return timetable.set(schedule, by, reason);
    }

    @Override
    public RemoveAnswer remove(String schedule, String by, String reason) {
        return timetable.remove(schedule, by, reason);
    }

    @Override
    public List<Kept> schedules() {
        return timetable.schedules();
    }

    @Override
    public void publish(Lease lease, List<KindSchema> schemas) {
        catalogue.publish(lease, schemas);
    }

    @Override
    public Optional<Published> schema(String kind, int version) {
        return catalogue.schema(kind, version);
    }

    @Override
    public List<Published> schemas() {
        return catalogue.schemas();
    }

    @Override
    public void keep(Lease lease) {
        protocol.keep(lease);
    }
}
