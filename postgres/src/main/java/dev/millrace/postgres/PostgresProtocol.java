package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.NodeView;
import dev.millrace.Scope;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Epoch;
import dev.millrace.store.FleetShares;
import dev.millrace.store.Lease;
import dev.millrace.store.Line;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Note;
import dev.millrace.store.Ownership;
import dev.millrace.store.Ownership.Back;
import dev.millrace.store.Ownership.Behind;
import dev.millrace.store.Ownership.Grant;
import dev.millrace.store.Ownership.Recall;
import dev.millrace.store.Ownership.Recalled;
import dev.millrace.store.Ownership.Wish;
import dev.millrace.store.Payload;
import dev.millrace.store.Peer;
import dev.millrace.store.Place;
import dev.millrace.store.Promoted;
import dev.millrace.store.Protocol;
import dev.millrace.store.Rescued;
import dev.millrace.store.Settled;
import dev.millrace.store.StoreException.Blocked;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Fenced;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The nodes' side: each method is one call of one function of the schema, on the connection of its duty. */
final class PostgresProtocol implements Protocol, Ownership, FleetShares {

    private static final Logger LOG = System.getLogger(PostgresProtocol.class.getName());

    /** Each waits a minute for its locks. */
    private static final int REBASES = 10;

    private static final Duration HOLDERS_PATIENCE = Duration.ofSeconds(2);

    /** Older builds do not say so. */
    private static final boolean KNOWS_KEYED_SHARDS = true;

    private final JobSql sql;
    private final Sessions sessions;
    private final Streams streams;
    private final Json json;
    private final Keeping keeping;
    private final Pool pool;
    private final World world;
    private final Obstacles obstacles;

    /** From where each lease's node looks for due timers; in the database's own words. */
    private final Map<Lease, String> timerCursors = new ConcurrentHashMap<>();

    /** One connection a duty, so that none waits for another. */
    record Sessions(Session beat, Session claim, Session flush, Session upkeep, Session rescue, Session keep)
            implements AutoCloseable {
        List<Session> all() {
            return List.of(beat, claim, flush, upkeep, rescue, keep);
        }

        /** Gives their connections back; they are borrowed again at need. */
        void release() {
            for (var session : all()) session.release();
        }

        @Override
        public void close() {
            for (var session : all()) session.close();
        }
    }

    PostgresProtocol(
            JobSql sql, Sessions sessions, Pool pool, Streams streams, Json json, Keeping keeping, World world) {
        this.sql = sql;
        this.sessions = sessions;
        this.streams = streams;
        this.json = json;
        this.keeping = keeping;
        this.pool = pool;
        this.world = world;
        this.obstacles = new Obstacles(world);
    }

    // ---- life of a node

    @Override
    public Lease join(NodeCard card) {
        try {
            return joinOnce(card);
        } catch (OtherDatabase moved) {
            rebase();
            return joinOnce(card);
        }
    }

    /** Takes as long as it takes: the whole log is looked through, and locks are needed that others hold. */
    private void rebase() {
        for (int tries = 1; ; tries++) {
            try {
                long rebased = pool.unhurried("rebase", c -> number(c, sql.rebase));
                if (rebased >= 0) {
                    LOG.log(
                            Level.WARNING,
                            "This database was restored or copied: its streams were rebased, and {0} unfinished deliveries will run here.",
                            rebased);
                }
                return;
            } catch (Blocked blocked) {
                if (tries == REBASES) throw blocked;
                LOG.log(
                        Level.WARNING,
                        "This database was restored or copied, and its streams are to be rebased first; that waits for others, such as another node that does it: {0}",
                        blocked.getMessage());
            }
        }
    }

    private Lease joinOnce(NodeCard card) {
        var told = card.reads();
        var reads = told == null ? null : told.toArray(new String[0]);
        int epoch = sessions.upkeep.step("join", c -> {
            try {
                return Math.toIntExact(number(
                        c,
                        sql.join,
                        card.id().value(),
                        card.name(),
                        card.host(),
                        card.pid(),
                        card.version(),
                        card.slots(),
                        card.queues().toArray(new String[0]),
                        card.kinds().toArray(new String[0]),
                        KNOWS_KEYED_SHARDS,
                        reads));
            } catch (SQLException e) {
                if (SqlErrors.state(e).equals("MR007")) throw new OtherDatabase(e);
                throw e;
            }
        });
        var lease = new Lease(card.id(), new Epoch(epoch));
        timerCursors.remove(lease); // of a lease that a failover has lost
        return lease;
    }

    /** The log was written in another cluster or database. */
    private static final class OtherDatabase extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private OtherDatabase(Throwable cause) {
            super(cause);
        }
    }

    @Override
    public void beat(Lease lease, NodeView.@Nullable Stuck stuck) {
        var handlers = stuck == null ? null : (Integer) stuck.handlers();
        var oldest = stuck == null ? null : stuck.oldest().value();
        var millis = stuck == null ? null : (Long) stuck.lasts().toMillis();
        sessions.beat.step("beat", c -> call(c, sql.beat, node(lease), epoch(lease), handlers, oldest, millis));
    }

    @Override
    public void leave(Lease lease) {
        timerCursors.remove(lease);
        sessions.upkeep.step("leave", c -> call(c, sql.leave, node(lease), epoch(lease)));
    }

    @Override
    public List<Peer> census(Lease lease) {
        return sessions.rescue.step("census", c -> {
            var peers = new ArrayList<Peer>();
            try (var s = Session.prepare(c, sql.census, node(lease), epoch(lease));
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    if (!rows.getBoolean("alive")) throw fenced(lease);
                    peers.add(new Peer(
                            new NodeId(rows.getObject("id", UUID.class)),
                            new Epoch(rows.getInt("epoch")),
                            rows.getString("state").equals("deposed"),
                            rows.getLong("n"),
                            Duration.ofMillis(rows.getLong("witnessed"))));
                }
            }
            return peers;
        });
    }

    @Override
    public void witness(Lease by, Peer silent, Duration watched) {
        sessions.rescue.step(
                "witness",
                c -> call(c, sql.witness, node(by), epoch(by), silent.id().value(), silent.beat(), watched.toMillis()));
    }

    @Override
    public boolean depose(Lease by, Peer dead) {
        return sessions.rescue.step("depose", c -> {
            // A node that was frozen inside a step holds its own fence for as long as its connection lives.
            try (var watch = new HolderWatch("the fence of a dead node", Session.backend(c), HOLDERS_PATIENCE);
                    var s = Session.prepare(
                            c,
                            sql.depose,
                            node(by),
                            epoch(by),
                            dead.id().value(),
                            dead.epoch().value(),
                            dead.beat());
                    var rows = s.executeQuery()) {
                Objects.requireNonNull(watch);
                rows.next();
                return rows.getBoolean(1);
            }
        });
    }

    /**
     * Ends the connections that hold, granted, the lock that another one of ours waits for; one that waits for it as well is left alone.
     * That needs the same database role, or {@code pg_signal_backend}. It asks on a connection that is borrowed for the question, since
     * those of the node's duties may be the ones that wait.
     */
    private final class HolderWatch implements AutoCloseable {

        private static final Duration REST = Duration.ofMillis(500);

        private final Thread thread;
        private volatile boolean over;

        /**
         * Watches until it is closed.
         *
         * @param what is waited for
         * @param waiter the server's process that waits
         * @param patience how long it may wait before anybody is ended
         */
        private HolderWatch(String what, int waiter, Duration patience) {
            thread = Thread.ofVirtual().name("millrace-holders").start(() -> {
                try {
                    world.sleep(patience);
                    while (!over) {
                        long ended = pool.look("end holders", c -> number(c, sql.endHolders, waiter));
                        if (ended > 0)
                            LOG.log(
                                    Level.WARNING,
                                    "Ended a connection that had been in the way of {0} too long.",
                                    what);
                        world.sleep(REST);
                    }
                } catch (InterruptedException done) {
                    // what was waited for was had
                } catch (MillraceException e) {
                    if (!over)
                        LOG.log(
                                Level.WARNING,
                                "Could not end what is in the way of {0}: {1} Give the role pg_signal_backend, if it is not the same as that of the holder.",
                                what,
                                e.getMessage());
                }
            });
        }

        @Override
        public void close() {
            over = true;
            thread.interrupt();
        }
    }

    @Override
    public List<Rescued> rescue(Lease by, NodeId dead, int limit) {
        return sessions.rescue.step("rescue", c -> {
            var rescued = new ArrayList<Rescued>();
            try (var s = Session.prepare(c, sql.rescue, node(by), epoch(by), dead.value(), limit);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    rescued.add(new Rescued(
                            new JobId(rows.getObject("job_id", UUID.class)),
                            rows.getString("queue"),
                            rows.getString("kind"),
                            rows.getInt("rescues"),
                            rows.getInt("charged"),
                            rows.getBoolean("discarded")));
                }
            }
            return rescued;
        });
    }

    // ---- claim

    @Override
    public List<StreamInfo> streams(Collection<String> queues) {
        return sessions.claim.step("look up queues", c -> streams.refresh(c, queues));
    }

    @Override
    public Set<Integer> poll(Collection<Integer> wanted) {
        int[] ids = wanted.stream().mapToInt(Integer::intValue).toArray();
        return sessions.claim.step("poll", c -> {
            var found = new HashSet<Integer>();
            try (var s = Session.prepare(c, sql.poll, ids);
                    var rows = s.executeQuery()) {
                while (rows.next()) found.add(rows.getInt(1));
            }
            return found;
        });
    }

    @Override
    public Claim take(Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        return sessions.claim.step(
                "claim",
                c -> claim(
                        c,
                        stream,
                        ordinal,
                        token,
                        sql.take,
                        stream,
                        want,
                        node(lease),
                        epoch(lease),
                        ordinal,
                        token.value()));
    }

    @Override
    public Claim resolve(Lease lease, int stream, long ordinal, ClaimToken token) {
        return sessions.claim.step(
                "resolve a claim",
                c -> claim(c, stream, ordinal, token, sql.resolve, stream, node(lease), epoch(lease), token.value()));
    }

    /** The answer has one row for each run. */
    private static Claim claim(
            Connection c, int stream, long ordinal, ClaimToken token, String statement, Object... parameters)
            throws SQLException {
        var places = new ArrayList<Place>();
        try (var s = Session.prepare(c, statement, parameters);
                var rows = s.executeQuery()) {
            while (rows.next()) {
                int part = rows.getInt(1);
                long xid = rows.getLong(2);
                for (var seq : (Long[]) rows.getArray(3).getArray()) places.add(new Place(part, stream, xid, seq));
            }
        }
        return new Claim(token, stream, ordinal, places);
    }

    @Override
    public List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes) {
        var runs = new Runs(places);
        return sessions.claim.step("read claimed jobs", c -> {
            var deliveries = new ArrayList<Delivery>(places.size());
            try (var s = Session.prepare(
                            c, sql.read, runs.stream, runs.part, runs.xid, runs.from, runs.upto, maxBytes);
                    var rows = s.executeQuery()) {
                while (rows.next() && deliveries.size() < places.size()) {
                    var place = places.get(deliveries.size());
                    if (rows.getInt(Column.PART) != place.part() || rows.getLong(Column.SEQ) != place.seq())
                        break; // a row is missing here: the rest is asked for anew
                    deliveries.add(delivery(rows, place, token));
                }
            }
            return deliveries;
        });
    }

    /** Of the answer to a read. By number: a name is looked up anew for each row. */
    private static final class Column {
        static final int PART = 1;
        static final int SEQ = 2;
        static final int JOB = 3;
        static final int RUN = 4;
        static final int NO = 5;
        static final int ATTEMPT = 6;
        static final int RESCUES = 7;
        static final int CHARGED = 8;
        static final int KIND = 9;
        static final int KIND_VERSION = 10;
        static final int PAYLOAD = 11;
        static final int HEADERS = 12;
        static final int ENQUEUED_AT = 13;
        static final int EXPIRES_AT = 14;
        static final int EXPIRED = 15;
        static final int CANCELLED = 16;
        static final int GONE = 17;
    }

    private Delivery delivery(ResultSet rows, Place place, ClaimToken token) throws SQLException {
        var stream = streams.info(place.stream());
        return new Delivery(
                place,
                token,
                new JobId(rows.getObject(Column.JOB, UUID.class)),
                rows.getInt(Column.RUN),
                rows.getInt(Column.NO),
                rows.getInt(Column.ATTEMPT),
                rows.getInt(Column.RESCUES),
                rows.getInt(Column.CHARGED),
                stream.queue(),
                stream.priority(),
                rows.getString(Column.KIND),
                rows.getInt(Column.KIND_VERSION),
                new Payload.Text(rows.getString(Column.PAYLOAD)),
                json.read(rows.getString(Column.HEADERS)),
                Objects.requireNonNull(Session.instant(rows, Column.ENQUEUED_AT)),
                Session.instant(rows, Column.EXPIRES_AT),
                rows.getBoolean(Column.EXPIRED),
                rows.getBoolean(Column.CANCELLED),
                rows.getBoolean(Column.GONE));
    }

    @Override
    public void mark(Lease lease, List<Place> places) {
        var arrays = new PlaceArrays(places);
        sessions.claim.step("mark starts", c -> call(c, sql.mark, node(lease), epoch(lease), arrays.part, arrays.seq));
    }

    @Override
    public void outlived(Lease lease, List<Place> places) {
        var arrays = new PlaceArrays(places);
        sessions.claim.step(
                "outlived starts", c -> call(c, sql.outlived, node(lease), epoch(lease), arrays.part, arrays.seq));
    }

    @Override
    public void manifest(Lease lease, long no, long upto, Collection<Place> open) {
        var arrays = new PlaceArrays(open);
        sessions.upkeep.step(
                "manifest",
                c -> call(
                        c,
                        sql.manifest,
                        node(lease),
                        epoch(lease),
                        no,
                        upto,
                        arrays.part,
                        arrays.stream,
                        arrays.xid,
                        arrays.seq));
    }

    // ---- keyed shards

    @Override
    public Ownership.Shards shards(Lease lease, Collection<String> queues) {
        var names = new TreeSet<>(queues);
        return sessions.claim.step("look at keyed shards", c -> {
            var shards = new ArrayList<Shard>();
            var nodes = new TreeMap<String, List<NodeId>>();
            for (var name : names) nodes.put(name, new ArrayList<>());
            try (var s = Session.prepare(c, sql.ownership, node(lease), epoch(lease), names.toArray(new String[0]));
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var queue = rows.getString("queue");
                    var id = rows.getObject("node", UUID.class);
                    var node = id == null ? null : new NodeId(id);
                    if (rows.getString("what").equals("shard")) {
                        int stream = rows.getInt("stream");
                        shards.add(new Shard(stream, frontOf(stream), queue, node));
                    } else if (node != null) {
                        nodes.computeIfAbsent(queue, name -> new ArrayList<>()).add(node);
                    }
                }
            }
            // Whoever claims from them reads with what is known of them.
            if (!shards.stream().allMatch(shard -> streams.listed(shard.stream()) && streams.listed(shard.front())))
                streams.refresh(c, names);
            return new Ownership.Shards(shards, nodes);
        });
    }

    /** As the schema numbers them. */
    private static int frontOf(int shard) {
        return shard + 1;
    }

    @Override
    public boolean takeOver(Lease lease, int stream) {
        return sessions.claim.step(
                "take over a keyed shard", c -> truth(c, sql.takeOver, node(lease), epoch(lease), stream));
    }

    @Override
    public List<Absent> absent(Lease lease, int stream) {
        return sessions.claim.step("look what is absent", c -> {
            var absent = new ArrayList<Absent>();
            try (var s = Session.prepare(c, sql.absent, node(lease), epoch(lease), stream);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var line = Line.of(json.read(rows.getString("headers")));
                    if (line != null) absent.add(new Absent(new JobId(rows.getObject("job_id", UUID.class)), line));
                }
            }
            return absent;
        });
    }

    @Override
    public List<Behind> behind(Lease lease, int stream) {
        return sessions.claim.step("look what is parked behind", c -> {
            var behind = new ArrayList<Behind>();
            try (var s = Session.prepare(c, sql.behind, node(lease), epoch(lease), stream);
                    var found = s.executeQuery()) {
                while (found.next()) {
                    var line = Line.of(json.read(found.getString("headers")));
                    if (line != null) behind.add(new Behind(line, position(found)));
                }
            }
            return behind;
        });
    }

    @Override
    public List<Recalled> recall(Lease lease, int stream, List<Recall> rows) {
        var texts = rows.stream().map(Recall::row).toArray(String[]::new);
        var most = rows.stream().map(Recall::most).toArray(Integer[]::new);
        return sessions.claim.step("recall what is parked behind", c -> {
            var jobs = new ArrayList<List<Back>>();
            var next = new Line.Position[rows.size()];
            for (int i = 0; i < rows.size(); i++) jobs.add(new ArrayList<>());
            try (var s = Session.prepare(c, sql.recall, node(lease), epoch(lease), stream, texts, most);
                    var found = s.executeQuery()) {
                while (found.next()) {
                    int row = found.getInt("nr") - 1;
                    var job = found.getObject("job_id", UUID.class);
                    if (job == null) next[row] = position(found);
                    else jobs.get(row).add(new Back(new JobId(job), position(found)));
                }
            }
            var recalled = new ArrayList<Recalled>();
            for (int i = 0; i < rows.size(); i++) recalled.add(new Recalled(jobs.get(i), next[i]));
            return recalled;
        });
    }

    private static Line.Position position(ResultSet row) throws SQLException {
        return new Line.Position(row.getLong("first_xid"), row.getLong("first_seq"));
    }

    @Override
    public Set<JobId> over(Lease lease, Collection<JobId> jobs) {
        var ids = jobs.stream().map(JobId::value).toArray(UUID[]::new);
        return sessions.claim.step("look what comes back no more", c -> {
            var over = new HashSet<JobId>();
            try (var s = Session.prepare(c, sql.over, node(lease), epoch(lease), ids);
                    var rows = s.executeQuery()) {
                while (rows.next()) over.add(new JobId(rows.getObject(1, UUID.class)));
            }
            return over;
        });
    }

    @Override
    public List<Grant> grant(Lease lease, List<Wish> wishes) {
        int count = wishes.size();
        var queues = new String[count];
        var keys = new String[count];
        var full = new Long[count];
        var cost = new Long[count];
        var owed = new Long[count];
        for (int i = 0; i < count; i++) {
            var wish = wishes.get(i);
            queues[i] = wish.queue();
            keys[i] = wish.key();
            full[i] = micros(wish.rate().fullNanos());
            cost[i] = micros(wish.rate().costNanos(wish.weight()));
            owed[i] = micros(wish.owed().toNanos());
        }
        return sessions.claim.step("ask for starts", c -> {
            var grants = new Grant[count];
            try (var s = Session.prepare(c, sql.grant, node(lease), epoch(lease), queues, keys, full, cost, owed);
                    var rows = s.executeQuery()) {
                while (rows.next())
                    grants[rows.getInt("nr") - 1] = new Grant(
                            rows.getBoolean("granted"),
                            duration(rows.getLong("after")),
                            duration(rows.getLong("full_in")));
            }
            return List.of(grants);
        });
    }

    /** Rounded up: a server counts in microseconds, and errs on the slow side. */
    private static long micros(long nanos) {
        return Math.ceilDiv(nanos, 1_000L);
    }

    private static Duration duration(long micros) {
        return Duration.ofNanos(micros * 1_000);
    }

    @Override
    public boolean giveUp(Lease lease, int stream) {
        return sessions.claim.step(
                "give up a keyed shard", c -> truth(c, sql.giveUp, node(lease), epoch(lease), stream));
    }

    // ---- end

    @Override
    public List<Settled> flush(Lease lease, List<Ended> ended) {
        if (ended.isEmpty()) return List.of();
        var rows = new FlushRows(ended, json);
        var lone = ended.size() == 1 ? ended.getFirst().delivery().place() : null;
        boolean insists = lone != null && obstacles.overdue(lone);
        try {
            var settled = sessions.flush.step("flush", c -> {
                var watch = insists ? new HolderWatch("an outcome", Session.backend(c), Duration.ZERO) : null;
                try (watch;
                        var s = rows.prepare(
                                c,
                                sql,
                                node(lease),
                                epoch(lease),
                                obstacles.wait(insists).toMillis());
                        var answers = s.executeQuery()) {
                    return rows.verdicts(answers);
                }
            });
            if (lone != null) obstacles.written(lone);
            return settled;
        } catch (Blocked blocked) {
            obstacles.blocked(lone, insists);
            throw blocked;
        }
    }

    @Override
    public void complete(Connection tx, Lease lease, Ended ended) {
        var row = new FlushRows(List.of(ended), json);
        inTheirs("complete", () -> {
            try (var s = row.prepareOne(tx, sql, node(lease), epoch(lease))) {
                s.execute();
            }
        });
    }

    // ---- waiting

    @Override
    public Promoted promote(Lease lease, int limit) {
        try {
            return sessions.upkeep.step("promote timers", c -> promote(c, lease, limit));
        } catch (Fenced over) {
            timerCursors.remove(lease);
            throw over;
        }
    }

    private Promoted promote(Connection c, Lease lease, int limit) throws SQLException {
        try (var s = Session.prepare(c, sql.promote, node(lease), epoch(lease), limit, timerCursors.get(lease));
                var rows = s.executeQuery()) {
            rows.next();
            int count = rows.getInt(1);
            long next = rows.getLong(2);
            var promoted = new Promoted(count, rows.wasNull() ? null : Duration.ofMillis(next));
            timerCursors.put(lease, rows.getString(3));
            return promoted;
        }
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, int limit) {
        return release(lease, room, Map.of(), limit);
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, Map<String, Integer> queues, int limit) {
        var kinds = new String[room.size()];
        var versions = new int[room.size()];
        var rooms = new int[room.size()];
        int i = 0;
        for (var entry : room.entrySet()) {
            int colon = entry.getKey().lastIndexOf(':');
            kinds[i] = entry.getKey().substring(0, colon);
            versions[i] = Integer.parseInt(entry.getKey().substring(colon + 1));
            rooms[i++] = entry.getValue();
        }
        if (queues.isEmpty())
            return sessions.upkeep.step(
                    "release parked jobs",
                    c -> Math.toIntExact(
                            number(c, sql.release, node(lease), epoch(lease), kinds, versions, rooms, limit)));
        var names = queues.keySet().toArray(String[]::new);
        var most = Stream.of(names).mapToInt(queues::get).toArray();
        return sessions.upkeep.step(
                "release parked jobs",
                c -> Math.toIntExact(number(
                        c,
                        sql.releaseOfQueues,
                        node(lease),
                        epoch(lease),
                        kinds,
                        versions,
                        rooms,
                        names,
                        most,
                        limit)));
    }

    // ---- numbers of the fleet

    @Override
    public List<Share> share(Lease lease, long no, List<Use> uses) {
        int count = uses.size();
        var of = new String[count];
        var names = new String[count];
        var coded = new @Nullable Integer[count];
        var holds = new int[count];
        var running = new int[count];
        var needs = new int[count];
        for (int i = 0; i < count; i++) {
            var use = uses.get(i);
            of[i] = PostgresSteering.word(use.of());
            names[i] = use.name();
            coded[i] = use.coded();
            holds[i] = use.holds();
            running[i] = use.running();
            needs[i] = use.needs();
        }
        return sessions.upkeep.step("share the numbers of the fleet", c -> {
            var shares = new Share[count];
            try (var s = Session.prepare(
                            c, sql.shareFleet, node(lease), epoch(lease), no, of, names, coded, holds, running, needs);
                    var rows = s.executeQuery()) {
                while (rows.next())
                    shares[rows.getInt("nr") - 1] =
                            new Share(rows.getInt("number"), rows.getInt("share"), rows.getInt("target"));
            }
            return List.of(shares);
        });
    }

    @Override
    public List<Shared> shared() {
        return pool.look("look at the numbers of the fleet", c -> {
            var found = new ArrayList<Shared>();
            try (var s = Session.prepare(c, sql.sharedFleet);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    var of = "fleet_kind".equals(rows.getString("of"))
                            ? Adjustment.Of.FLEET_KIND
                            : Adjustment.Of.FLEET_QUEUE;
                    var name = rows.getString("name");
                    var last = found.isEmpty() ? null : found.getLast();
                    if (last == null || last.of() != of || !last.name().equals(name)) {
                        last = new Shared(of, name, rows.getInt("number"), rows.getBoolean("coded"), new ArrayList<>());
                        found.add(last);
                    }
                    var node = rows.getObject("node", UUID.class);
                    if (node != null)
                        last.holders()
                                .add(new Holder(
                                        new NodeId(node),
                                        rows.getString("node_name"),
                                        rows.getInt("share"),
                                        rows.getInt("running"),
                                        rows.getInt("needs")));
                }
            }
            return List.copyOf(found);
        });
    }

    @Override
    public Control control(Lease lease, String cursor) {
        return sessions.upkeep.step("control", c -> {
            var next = cursor;
            var cancelled = new HashSet<Place>();
            var paused = new HashSet<Scope>();
            var adjusted = new HashSet<Adjustment>();
            boolean setSchedules = false;
            boolean parked = false;
            try (var s = Session.prepare(c, sql.control, node(lease), epoch(lease), cursor);
                    var rows = s.executeQuery()) {
                while (rows.next()) {
                    switch (rows.getString("what")) {
                        case "fenced" -> throw fenced(lease);
                        case "cursor" -> next = rows.getString("text");
                        case "adjusted" ->
                            PostgresRecords.adjustment(
                                            rows.getString("text"),
                                            rows.getString("name"),
                                            rows.getInt("part"),
                                            rows.getInt("stream"),
                                            rows.getLong("xid"),
                                            rows.getInt("seq"))
                                    .ifPresent(adjusted::add);
                        case "scheduled" -> setSchedules = true;
                        case "parked" -> parked = true;
                        case "pause" ->
                            scope(rows.getString("text"), rows.getString("name"))
                                    .ifPresent(paused::add);
                        default ->
                            cancelled.add(new Place(
                                    rows.getInt("part"),
                                    rows.getInt("stream"),
                                    rows.getLong("xid"),
                                    rows.getLong("seq")));
                    }
                }
            }
            return new Control(next, cancelled, paused, adjusted, setSchedules, parked);
        });
    }

    /** As it stands in the table of pauses; empty if a newer build has written it, of something that this one does not know. */
    static Optional<Scope> scope(String scope, String name) {
        return switch (scope) {
            case "queue", "kind", "schedule", "tenant", "limit" -> Optional.of(Scope.of(scope, name));
            case "key" -> name.indexOf(' ') < 0 ? Optional.empty() : Optional.of(Scope.of(scope, name));
            default -> Optional.empty();
        };
    }

    // ---- handlers

    @Override
    public void note(Lease lease, List<Note> notes) {
        if (notes.isEmpty()) return;
        int n = notes.size();
        var part = new int[n];
        var job = new UUID[n];
        var run = new int[n];
        var no = new int[n];
        var attempt = new int[n];
        var at = new Instant[n];
        var line = new @Nullable String[n];
        var level = new @Nullable String[n];
        var done = new @Nullable Long[n];
        var total = new @Nullable Long[n];
        for (int i = 0; i < n; i++) {
            var d = notes.get(i).delivery();
            part[i] = d.place().part();
            job[i] = d.job().value();
            run[i] = d.run();
            no[i] = d.no();
            attempt[i] = d.attempt();
            switch (notes.get(i)) {
                case Note.Line(var delivery, var when, var gravity, var text) -> {
                    at[i] = when;
                    line[i] = text.replace('\0', '\uFFFD');
                    level[i] = gravity.wireName();
                }
                case Note.Progress(var delivery, var when, long finished, long all) -> {
                    at[i] = when;
                    done[i] = finished;
                    total[i] = all;
                }
            }
        }
        sessions.upkeep.step(
                "write progress and logs",
                c -> call(
                        c,
                        sql.notes,
                        node(lease),
                        epoch(lease),
                        part,
                        job,
                        run,
                        no,
                        attempt,
                        at,
                        line,
                        level,
                        done,
                        total));
    }

    @Override
    public void checkpoint(Lease lease, Delivery delivery, Payload value) {
        sessions.upkeep.step("checkpoint", c -> call(c, sql.checkpoint, checkpointRow(lease, delivery, value)));
    }

    @Override
    public void checkpoint(Connection tx, Lease lease, Delivery delivery, Payload value) {
        inTheirs("checkpoint", () -> call(tx, sql.checkpointIn, checkpointRow(lease, delivery, value)));
    }

    private static Object[] checkpointRow(Lease lease, Delivery d, Payload value) {
        if (!(value instanceof Payload.Text(var text)))
            throw new IllegalStateException("PostgreSQL keeps text, not values");
        return new Object[] {
            node(lease),
            epoch(lease),
            d.place().part(),
            d.place().seq(),
            d.job().value(),
            d.run(),
            d.no(),
            text
        };
    }

    @Override
    public Optional<Payload> checkpointOf(Lease lease, Delivery d) {
        return sessions.upkeep.step("read a checkpoint", c -> {
            try (var s = Session.prepare(
                            c,
                            sql.readCheckpoint,
                            node(lease),
                            epoch(lease),
                            d.job().value(),
                            d.run(),
                            d.no());
                    var rows = s.executeQuery()) {
                rows.next();
                return Optional.<String>ofNullable(rows.getString(1)).map(Payload.Text::new);
            }
        });
    }

    @Override
    public void keep(Lease lease) {
        sessions.keep.step("keep", c -> call(c, sql.prove, node(lease), epoch(lease)));
        keeping.turn(sessions.keep);
    }

    // ---- small things

    private interface SqlAction {
        void run() throws SQLException;
    }

    private static void inTheirs(String step, SqlAction action) {
        try {
            action.run();
        } catch (SQLException e) {
            var explained = SqlErrors.explain(step, e);
            // their transaction can't have been committed by a statement of ours
            throw explained instanceof CommitUnknown unknown
                    ? new Unavailable(String.valueOf(unknown.getMessage()), e)
                    : explained;
        }
    }

    private static Fenced fenced(Lease lease) {
        return new Fenced("node %s epoch %d is fenced".formatted(node(lease), epoch(lease)));
    }

    private static UUID node(Lease lease) {
        return lease.node().value();
    }

    private static int epoch(Lease lease) {
        return lease.epoch().value();
    }

    private static boolean call(Connection c, String statement, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement s = Session.prepare(c, statement, parameters)) {
            return s.execute();
        }
    }

    private static boolean truth(Connection c, String statement, @Nullable Object... parameters) throws SQLException {
        try (var s = Session.prepare(c, statement, parameters);
                var rows = s.executeQuery()) {
            rows.next();
            return rows.getBoolean(1);
        }
    }

    private static long number(Connection c, String statement, @Nullable Object... parameters) throws SQLException {
        try (var s = Session.prepare(c, statement, parameters);
                var rows = s.executeQuery()) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
