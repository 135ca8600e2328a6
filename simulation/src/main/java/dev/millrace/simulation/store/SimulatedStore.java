package dev.millrace.simulation.store;

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
import dev.millrace.simulation.checker.AfterOthers;
import dev.millrace.simulation.checker.ChangedOnce;
import dev.millrace.simulation.checker.FollowedOnce;
import dev.millrace.simulation.checker.Heard;
import dev.millrace.simulation.checker.InFleet;
import dev.millrace.simulation.checker.InLine;
import dev.millrace.simulation.checker.OneOfAKey;
import dev.millrace.simulation.database.Database;
import dev.millrace.simulation.database.Refusal;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.database.Transaction.Isolation;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Node.Life;
import dev.millrace.simulation.time.Timeline;
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
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Note;
import dev.millrace.store.Observations;
import dev.millrace.store.Ownership.Behind;
import dev.millrace.store.Ownership.Grant;
import dev.millrace.store.Ownership.Recall;
import dev.millrace.store.Ownership.Recalled;
import dev.millrace.store.Ownership.Wish;
import dev.millrace.store.Payload;
import dev.millrace.store.Peer;
import dev.millrace.store.Place;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Promoted;
import dev.millrace.store.Rescued;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Fenced;
import dev.millrace.store.StoreException.NotOwner;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A store on a simulated database. A step that a strand takes may be interrupted between any two of its statements by all other
 * strands; outside of strands a step is taken whole, under one lock.
 */
public final class SimulatedStore implements Storage {

    private final Timeline timeline;
    private final Database database;
    private final Tables tables;
    private final Fences fences;
    private final Claiming claiming;
    private final Settling settling;
    private final Membership membership;
    private final Rescuing rescuing;
    private final Waits waiting;
    private final Steering steering;
    private final Sending sending;
    private final Journal journal;
    private final Timetabling timetabling;
    private final Publishing publishing;
    private final Owning owning;
    private final FleetSharing fleet;
    private final Batches batches;
    private final BatchSights sights;
    private final LineSights lines;
    private final DependencySights standing;
    private final BulkChanges bulk;
    private final Partitions partitions;
    private final Looking looking;
    private final ReentrantLock outside = new ReentrantLock(true); // else who looks in a loop starves who writes
    private final List<Consumer<Wakeup>> listeners = new CopyOnWriteArrayList<>();
    private int taken;
    private int sealed;
    private long changesLooked = -1;

    /**
     * A store with nothing in it.
     *
     * @param clock the server's
     * @param retention how long partitions are kept that nothing goes to any more
     * @param bugs planted in it
     */
    public SimulatedStore(Timeline timeline, Database database, World clock, Duration retention, Set<Bug> bugs) {
        this.timeline = timeline;
        this.database = database;
        tables = new Tables(database, timeline, clock, bugs.isEmpty() ? EnumSet.noneOf(Bug.class) : bugs);
        fences = new Fences(tables);
        batches = new Batches(tables, this::hint);
        sights = new BatchSights(tables);
        lines = new LineSights(tables);
        standing = new DependencySights(tables);
        waiting = new Waits(tables, fences, batches, this::hint);
        claiming = new Claiming(tables, fences, waiting);
        settling = new Settling(tables, fences, batches, this::hint);
        owning = new Owning(tables, fences, claiming);
        membership = new Membership(tables, fences, claiming);
        rescuing = new Rescuing(tables, fences, claiming, membership, batches, this::hint);
        fleet = new FleetSharing(tables, fences);
        steering = new Steering(tables, fences, claiming, waiting, batches, fleet, this::hint);
        sending = new Sending(tables, new UniqueKeys(tables, steering), batches, waiting.dependencies(), this::hint);
        journal = new Journal(tables, fences);
        timetabling = new Timetabling(tables, fences, sending);
        publishing = new Publishing(tables, fences);
        partitions = new Partitions(
                tables, claiming, new Partitions.Lengths(Duration.ofSeconds(8), Duration.ofSeconds(4), retention));
        looking = new Looking(tables, claiming, sending);
        bulk = new BulkChanges(tables, steering, looking, batches, waiting.dependencies(), this::hint);
        does("create", partitions::create);
        database.replicated();
    }

    private void hint(Transaction tx, Wakeup wakeup) {
        tx.afterCommit(() -> {
            for (var listener : listeners) listener.accept(wakeup);
        });
    }

    // ---- steps

    private <T> T step(String name, Function<Transaction, T> body) {
        if (timeline.current() != null) return transaction(name, body);
        outside.lock();
        try {
            return transaction(name, body);
        } finally {
            outside.unlock();
        }
    }

    /** How often steps got into each other's way, by kind; the order of their locks and keys should leave none. */
    public Map<String, Integer> collisions() {
        var collisions = new LinkedHashMap<String, Integer>(); // in this order, on any machine
        collisions.put("steps that waited for each other", database.deadlocks());
        collisions.put("steps that were refused for a key that another had taken", taken);
        collisions.put("enqueues that met a sealed partition", sealed);
        return collisions;
    }

    /** Whether a node has claimed anything that has not ended. */
    public boolean holds(NodeId node) {
        return !transaction("look", tx -> claiming.openPlaces(tx, node, 1)).isEmpty();
    }

    /** Whether all of a partition has ended, as all see it now. */
    public boolean past(int part) {
        var meta = tables.meta.committed(Tables.ONE);
        return meta != null && part < meta.livePart();
    }

    /** A delivery of which two endings are written, in words; null if there is none. */
    public @Nullable String endedTwice() {
        long changes = tables.batched.changes() + tables.outcomes.changes();
        if (changes == changesLooked) return null;
        changesLooked = changes;
        var key = tables.endedTwice();
        return key == null ? null : "%d of partition %d".formatted(key.seq(), key.part());
    }

    /** The slots of a schedule that are fired, each with its job. */
    public NavigableMap<Instant, JobId> firedSlots(String schedule) {
        var fired = new TreeMap<Instant, JobId>();
        for (var slot : tables.slots.committed())
            if (slot.key().schedule().equals(schedule) && !slot.key().asked())
                fired.put(slot.key().slot(), slot.job());
        return fired;
    }

    /** A job as all see it now, without letting anybody else run meanwhile; empty if it is not there. */
    public Optional<OneOfAKey.Sight> sight(JobId job) {
        for (var timer : tables.timers.committed())
            if (timer.asked().job().equals(job))
                return Optional.of(sight(timer.asked(), timer.turn().no() == 1 ? State.SCHEDULED : State.RETRYABLE));
        for (var parked : tables.parked.committed())
            if (parked.asked().job().equals(job)) return Optional.of(sight(parked.asked(), State.AVAILABLE));
        Rows.@Nullable Logged newest = null;
        for (var row : tables.log.committed())
            if (row.asked().job().equals(job)
                    && (newest == null || newest.turn().before(row.turn()))) newest = row;
        if (newest == null) return Optional.empty();
        var ending = tables.committedEnding(DeliveryKey.of(newest.place()));
        return Optional.of(sight(newest.asked(), ending == null ? State.AVAILABLE : ending.state()));
    }

    private static OneOfAKey.Sight sight(Asked asked, State state) {
        return new OneOfAKey.Sight(
                state, asked.enqueuedAt(), asked.payload() instanceof Payload.Text(var text) ? text : "");
    }

    /** The jobs that a change of many has met, and what became of each. */
    public Map<JobId, ChangedOnce.What> jobsOfChange(UUID change) {
        var jobs = new LinkedHashMap<JobId, ChangedOnce.What>();
        for (var job : tables.bulkJobs.committed())
            if (job.key().change().equals(change))
                jobs.put(
                        job.key().job(),
                        job.leftBecause() != null
                                ? ChangedOnce.What.LEFT
                                : job.begun() ? ChangedOnce.What.RUN_AGAIN : ChangedOnce.What.CHANGED);
        return jobs;
    }

    /** All batches as all see them now, without letting anybody else run meanwhile. */
    public Map<JobId, FollowedOnce.Sight> batches() {
        return sights.all();
    }

    /** All jobs as all see them now, without letting anybody else run meanwhile. */
    public Map<JobId, AfterOthers.Sight> standing() {
        return standing.all();
    }

    /** A delivery of a job that waits for others of its key, as all see it now; empty if it is none. */
    public Optional<InLine.Sight> inLine(Place place) {
        return lines.of(place);
    }

    /** What a delivery is of, as all see it now; empty if it is not there. */
    public Optional<InFleet.Sight> sortOf(Place place) {
        var row = tables.log.committed(place);
        return row == null
                ? Optional.empty()
                : Optional.of(new InFleet.Sight(row.asked().queue(), row.asked().kind()));
    }

    /** Whether a delivery is there and has not ended, as all see it now. */
    public boolean open(Place place) {
        return tables.log.committed(place) != null && tables.committedEnding(DeliveryKey.of(place)) == null;
    }

    /** Whether a node has neither been deposed nor lost its lease to a failover, as all see it now. */
    public boolean alive(NodeId node) {
        var row = tables.nodes.committed(node);
        return row != null && row.life() == Life.ALIVE && row.timeline() == database.serverTimeline();
    }

    /** What operators have said, as all see it now, without letting anybody else run meanwhile. */
    public Heard.Words said() {
        return steering.said();
    }

    /** The kind of the job of a delivery, as all see it now; empty if it is not there. */
    public Optional<String> kind(Place place) {
        var row = tables.log.committed(place);
        return row == null ? Optional.empty() : Optional.of(row.asked().kind());
    }

    /** All by which the job of a delivery could be paused, as all see it now; none if it is not there. */
    public List<Scope> scopes(Place place) {
        var row = tables.log.committed(place);
        return row == null ? List.of() : Steering.scopes(row.asked());
    }

    /** How many runs of a schedule were fired since somebody had asked for them. */
    public int runsAskedFor(String schedule) {
        return (int) tables.slots.committed().stream()
                .filter(slot ->
                        slot.key().schedule().equals(schedule) && slot.key().asked())
                .count();
    }

    /** A timer that a look for due ones passed over, in words; null if there was none. */
    public @Nullable String passedOver() {
        return waiting.passedOver();
    }

    private <T> T transaction(String name, Function<Transaction, T> body) {
        var tx = database.begin(name, Isolation.READ_COMMITTED);
        try {
            var answer = body.apply(tx);
            tx.commit();
            return answer;
        } catch (Refusal refusal) {
            if (refusal.reason() == Refusal.Reason.UNIQUE) taken++;
            if (refusal.code().equals("MR004")) sealed++;
            throw explained(name, refusal);
        } finally {
            tx.rollback();
        }
    }

    private void does(String name, Consumer<Transaction> body) {
        step(name, tx -> {
            body.accept(tx);
            return true;
        });
    }

    /** What the driver makes of it: a lost connection leaves open whether the commit was reached. */
    public static MillraceException explained(String step, Refusal refusal) {
        var message = "%s: %s".formatted(step, refusal.getMessage());
        return switch (refusal.reason()) {
            case CONNECTION_LOST -> new CommitUnknown(message, refusal);
            case LOCK_TIMEOUT, DEADLOCK, SERIALIZATION, UNIQUE -> new Unavailable(message, refusal);
            case RAISED ->
                switch (refusal.code()) {
                    case "MR001", "MR003", "MR008" -> new Fenced(message);
                    case "MR006" -> new CommitUnknown(message, refusal); // it was carried out before
                    case "MR011" -> new NotOwner(message, refusal);
                    default -> new Unavailable(message, refusal);
                };
        };
    }

    // ---- transactions of handlers

    /** A transaction of a handler's own; its statements are said by whoever plays the handler. */
    public HandlerTransaction begin(String name, Isolation isolation) {
        return new HandlerTransaction(database.begin(name, isolation), database, tables);
    }

    private static Transaction of(Connection connection) {
        if (connection instanceof HandlerTransaction.Handle)
            return HandlerTransaction.of(connection).transaction();
        throw new MillraceException("This connection does not lead to the simulated database.");
    }

    private static void inTheirs(String step, Connection connection, Consumer<Transaction> body) {
        try {
            body.accept(of(connection));
        } catch (Refusal refusal) {
            var explained = explained(step, refusal);
            throw explained instanceof CommitUnknown
                    ? new Unavailable(String.valueOf(explained.getMessage()), refusal)
                    : explained;
        } finally {
            HandlerTransaction.of(connection).rest(); // the server is done; when the client goes on is its affair
        }
    }

    // ---- producers

    private void makeQueues(Collection<String> queues) {
        if (tables.planted(Bug.FIRST_ANCHOR_IN_PRODUCER)) return;
        for (var queue : queues) {
            if (sending.knows(queue)) continue;
            var known = step("streams", tx -> Optional.ofNullable(sending.streamsOf(tx, queue)));
            if (known.isEmpty()) {
                does("add queue", tx -> sending.addQueue(tx, queue));
                known = step("streams", tx -> Optional.ofNullable(sending.streamsOf(tx, queue)));
            }
            known.ifPresent(streams -> sending.remember(queue, streams));
        }
    }

    /** The queues of these jobs, and the keyed shards of those that wait for others of their key. */
    private void makeQueuesOf(List<NewJob> jobs) {
        makeQueues(Sending.queuesOf(jobs));
        if (tables.planted(Bug.FIRST_ANCHOR_IN_PRODUCER)) return;
        for (var queue : Sending.queuesOf(Sending.inLine(jobs))) makeKeyedShards(queue);
        for (var job : jobs) setAside(job);
    }

    /** Side shards are made before the jobs are enqueued that go there; a real producer does not wait for that. */
    private void setAside(NewJob job) {
        for (int shard : sending.sidesToMake(job)) {
            does("add a side shard", tx -> sending.addSideShard(tx, job.queue(), job.priority(), shard));
            step("streams", tx -> Optional.ofNullable(sending.streamsOf(tx, job.queue())))
                    .ifPresent(streams -> sending.remember(job.queue(), streams));
        }
    }

    private void makeKeyedShards(String queue) {
        if (sending.knowsKeyedShards(queue)) return;
        var known = step("streams", tx -> Optional.ofNullable(sending.streamsOf(tx, queue)));
        if (known.filter(Sending::hasKeyedShards).isEmpty()) {
            does("add keyed shards", tx -> sending.addKeyedShards(tx, queue));
            known = step("streams", tx -> Optional.ofNullable(sending.streamsOf(tx, queue)));
        }
        known.ifPresent(streams -> sending.remember(queue, streams));
    }

    /** The database has gone back to an older state: what was remembered of it may not be so. */
    public void forgetWhatWasRemembered() {
        sending.forget();
        lines.forget();
    }

    @Override
    public Accepted enqueue(NewJob job) {
        makeQueuesOf(List.of(job));
        return step("enqueue", tx -> sending.enqueue(tx, job, true));
    }

    @Override
    public Accepted enqueue(Connection tx, NewJob job) {
        makeQueuesOf(List.of(job));
        var accepted = new ArrayList<Accepted>();
        inTheirs("enqueue in your transaction", tx, own -> accepted.add(sending.enqueue(own, job, false)));
        return accepted.getFirst();
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Iterator<NewJob> jobs) {
        var all = new ArrayList<NewJob>();
        jobs.forEachRemaining(all::add);
        makeQueuesOf(all);
        return step("enqueue", tx -> sending.enqueueAll(tx, all));
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Connection tx, Iterator<NewJob> jobs) {
        var all = new ArrayList<NewJob>();
        jobs.forEachRemaining(all::add);
        makeQueuesOf(all);
        var held = new HashMap<JobId, JobId>();
        inTheirs("enqueue in your transaction", tx, own -> held.putAll(sending.enqueueAll(own, all)));
        return held;
    }

    @Override
    public boolean enqueueBatch(NewJob then, Iterator<NewJob> parts) {
        var all = partsOf(then, parts);
        return allOrNone("enqueue a batch", tx -> sending.enqueueBatch(tx, then, all));
    }

    @Override
    public void enqueueBatch(Connection tx, NewJob then, Iterator<NewJob> parts) {
        var all = partsOf(then, parts);
        inTheirs("enqueue a batch in your transaction", tx, own -> {
            if (!sending.enqueueBatch(own, then, all))
                throw Raised.wrongTransaction("a batch inside of another one needs a transaction of its own");
        });
    }

    /** Its parts; their queues and that of the job that follows are there. */
    private List<NewJob> partsOf(NewJob then, Iterator<NewJob> parts) {
        var all = new ArrayList<NewJob>();
        parts.forEachRemaining(all::add);
        makeQueuesOf(List.of(then));
        makeQueuesOf(all);
        return all;
    }

    @Override
    public boolean enqueueParts(JobId batch, Iterator<NewJob> parts) {
        var all = new ArrayList<NewJob>();
        parts.forEachRemaining(all::add);
        makeQueuesOf(all);
        return allOrNone("enqueue parts", tx -> sending.enqueueParts(tx, batch, all));
    }

    /** What answers no is rolled back. */
    private boolean allOrNone(String name, Predicate<Transaction> body) {
        try {
            does(name, tx -> {
                if (!body.test(tx)) throw new Refused();
            });
            return true;
        } catch (Refused none) {
            return false;
        }
    }

    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused() {
            super("none of it is taken", null, false, false);
        }
    }

    // ---- many at once

    @Override
    public Piece select(Selection selection, @Nullable JobId before, int look) {
        return step("select", tx -> bulk.select(tx, selection, before, look));
    }

    @Override
    public FailurePiece failures(Selection selection, @Nullable JobId before, int look) {
        return step("failures", tx -> bulk.failures(tx, selection, before, look));
    }

    @Override
    public PayloadPiece payloads(Selection selection, @Nullable JobId before, int look, int most) {
        return step("payloads", tx -> bulk.payloads(tx, selection, before, look, most));
    }

    @Override
    public Optional<Stepped> edit(UUID change, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs) {
        return step("edit many", tx -> bulk.edit(tx, change, cursor, next, jobs));
    }

    @Override
    public Optional<Deletion> deletion(JobId job) {
        return step("deletion", tx -> bulk.deletion(tx, job));
    }

    @Override
    public void begin(Change change) {
        does("begin a change", tx -> bulk.begin(tx, change));
    }

    @Override
    public Optional<Progress> goOn(UUID change, int most) {
        return step("change many", tx -> bulk.goOn(tx, change, most));
    }

    @Override
    public boolean stop(UUID change, Stopped stopped) {
        return step("stop a change of many", tx -> bulk.stop(tx, change, stopped));
    }

    @Override
    public Optional<KeptChange> change(UUID id) {
        return changes(Integer.MAX_VALUE).stream()
                .filter(kept -> kept.change().id().equals(id))
                .findFirst();
    }

    @Override
    public List<KeptChange> changes(int limit) {
        return step("changes", bulk::changes).stream().limit(limit).toList();
    }

    @Override
    public List<KeptChange> unfinished(int limit) {
        return step("unfinished changes", bulk::unfinished).stream()
                .limit(limit)
                .toList();
    }

    // ---- looking

    @Override
    public Map<JobId, Conclusion> conclusions(Collection<JobId> jobs) {
        return step("conclusions", tx -> looking.conclusions(tx, jobs));
    }

    @Override
    public Optional<JobView> find(JobId job) {
        return step("find", tx -> looking.find(tx, job));
    }

    @Override
    public Optional<JobHistory> history(JobId job) {
        return step("history", tx -> looking.history(tx, job));
    }

    @Override
    public List<JobView> list(Query query) {
        return step("list", tx -> looking.list(tx, query));
    }

    @Override
    public Sample sample(Collection<String> queues, int most, int reach) {
        return step("sample", tx -> looking.sample(tx, queues, most, reach));
    }

    @Override
    public List<Observations.Pause> pauses() {
        return step("pauses", looking::pauses);
    }

    @Override
    public Optional<PlaceInLine> inLine(JobId job) {
        return step("look at a line", tx -> looking.inLine(tx, job));
    }

    @Override
    public Optional<PlaceInQueue> inQueue(JobId job) {
        return step("look at a place in a queue", tx -> looking.inQueue(tx, job));
    }

    @Override
    public List<Adjustment.Kept> adjustments() {
        return step("adjustments", steering::adjustments);
    }

    @Override
    public Observations observe() {
        return step("observe", looking::observe);
    }

    @Override
    public List<QueueView> queues() {
        return step("queues", looking::queues);
    }

    @Override
    public List<NodeView> nodes() {
        return step("nodes", looking::nodes);
    }

    @Override
    public Optional<BatchView> batch(JobId then) {
        return step("batch", tx -> batches.view(tx, then));
    }

    @Override
    public List<JobId> parts(JobId batch, long from) {
        return step("parts", tx -> batches.parts(tx, batch, from));
    }

    @Override
    public Blockers blockers(JobId job) {
        return step(
                "blockers",
                tx -> waiting.dependencies()
                        .blockers(
                                tx,
                                job,
                                other -> looking.find(tx, other)
                                        .map(JobView::state)
                                        .orElse(null)));
    }

    // ---- steering

    @Override
    public Optional<State> cancel(JobId job, String reason, String by) {
        return step("cancel", tx -> steering.cancel(tx, job, reason));
    }

    @Override
    public Optional<State> requeue(JobId job, String reason, String by) {
        return step("requeue", tx -> steering.requeue(tx, job));
    }

    @Override
    public boolean pause(Scope scope, String reason, String by, @Nullable Instant until) {
        return step("pause", tx -> steering.pause(tx, scope, reason, by, until));
    }

    @Override
    public boolean adjust(Adjustment adjustment, String reason, String by) {
        return step("adjust", tx -> steering.adjust(tx, adjustment, reason, by));
    }

    @Override
    public boolean reset(Adjustment.Of of, String name, String reason, String by) {
        return step("reset", tx -> steering.reset(tx, of, name));
    }

    @Override
    public void resume(Scope scope, String by) {
        does("resume", tx -> steering.resume(tx, scope));
    }

    // ---- life of a node

    @Override
    public Lease join(NodeCard card) {
        return step("join", tx -> membership.join(tx, card));
    }

    @Override
    public void beat(Lease lease, NodeView.@Nullable Stuck stuck) {
        does("beat", tx -> membership.beat(tx, lease, stuck));
    }

    @Override
    public void leave(Lease lease) {
        does("leave", tx -> membership.leave(tx, lease));
    }

    @Override
    public List<Peer> census(Lease lease) {
        return step("census", tx -> membership.census(tx, lease));
    }

    @Override
    public void witness(Lease by, Peer silent, Duration watched) {
        does("witness", tx -> membership.witness(tx, by, silent, watched));
    }

    @Override
    public boolean depose(Lease by, Peer dead) {
        return step("depose", tx -> membership.depose(tx, by, dead));
    }

    @Override
    public List<Rescued> rescue(Lease by, NodeId dead, int limit) {
        return step("rescue", tx -> rescuing.rescue(tx, by, dead, limit));
    }

    // ---- claim

    @Override
    public List<StreamInfo> streams(Collection<String> queues) {
        makeQueues(queues);
        var streams = step("streams", tx -> sending.streams(tx, queues));
        return tables.planted(Bug.SIDE_SHARD_NOT_LISTED)
                ? streams.stream().filter(stream -> !stream.aside()).toList()
                : streams;
    }

    @Override
    public Set<Integer> poll(Collection<Integer> streams) {
        return step("poll", tx -> {
            var found = claiming.poll(tx, streams);
            return tables.planted(Bug.NO_AGEING) ? mostUrgent(tx, found) : found;
        });
    }

    private Set<Integer> mostUrgent(Transaction tx, Set<Integer> found) {
        int first = found.stream()
                .mapToInt(stream -> tables.stream(tx, stream).priority().rank())
                .min()
                .orElse(0);
        return found.stream()
                .filter(stream -> tables.stream(tx, stream).priority().rank() == first)
                .collect(Collectors.toSet());
    }

    @Override
    public Claim take(Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        return step("claim", tx -> claiming.take(tx, lease, stream, want, ordinal, token));
    }

    @Override
    public Claim resolve(Lease lease, int stream, long ordinal, ClaimToken token) {
        return step("resolve", tx -> claiming.resolve(tx, lease, stream, ordinal, token));
    }

    @Override
    public List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes) {
        return step("read", tx -> claiming.read(tx, token, places, maxBytes));
    }

    @Override
    public void mark(Lease lease, List<Place> places) {
        does("mark", tx -> claiming.mark(tx, lease, places));
    }

    @Override
    public void outlived(Lease lease, List<Place> places) {
        does("outlived", tx -> claiming.outlived(tx, lease, places));
    }

    @Override
    public void manifest(Lease lease, long no, long upto, Collection<Place> open) {
        does("manifest", tx -> claiming.manifest(tx, lease, no, upto, open));
    }

    // ---- end

    @Override
    public List<Settled> flush(Lease lease, List<Ended> ended) {
        return step("flush", tx -> settling.flush(tx, lease, ended));
    }

    @Override
    public void complete(Connection tx, Lease lease, Ended ended) {
        inTheirs("complete", tx, own -> settling.complete(own, lease, ended));
    }

    // ---- waiting

    @Override
    public Promoted promote(Lease lease, int limit) {
        return step("promote", tx -> waiting.promote(tx, lease, limit));
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, int limit) {
        return release(lease, room, Map.of(), limit);
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, Map<String, Integer> queues, int limit) {
        return step("release", tx -> waiting.release(tx, lease, room, queues, limit));
    }

    @Override
    public List<Share> share(Lease lease, long no, List<Use> uses) {
        return step("share the numbers of the fleet", tx -> fleet.share(tx, lease, no, uses));
    }

    @Override
    public List<Shared> shared() {
        return step("look at the numbers of the fleet", fleet::shared);
    }

    @Override
    public Control control(Lease lease, String cursor) {
        return step("control", tx -> steering.control(tx, lease, cursor));
    }

    // ---- keyed shards

    @Override
    public Shards shards(Lease lease, Collection<String> queues) {
        return step("shards", tx -> owning.shards(tx, lease, queues));
    }

    @Override
    public boolean takeOver(Lease lease, int stream) {
        return step("take over a shard", tx -> owning.takeOver(tx, lease, stream));
    }

    @Override
    public List<Absent> absent(Lease lease, int stream) {
        return step("absent", tx -> owning.absent(tx, lease, stream));
    }

    @Override
    public List<Behind> behind(Lease lease, int stream) {
        return step("behind", tx -> owning.behind(tx, lease, stream));
    }

    @Override
    public List<Recalled> recall(Lease lease, int stream, List<Recall> rows) {
        return step("recall", tx -> owning.recall(tx, lease, stream, rows));
    }

    @Override
    public Set<JobId> over(Lease lease, Collection<JobId> jobs) {
        return step("look what comes back no more", tx -> owning.over(tx, lease, jobs));
    }

    @Override
    public List<Grant> grant(Lease lease, List<Wish> wishes) {
        return step("ask for starts", tx -> owning.grant(tx, lease, wishes));
    }

    @Override
    public boolean giveUp(Lease lease, int stream) {
        return step("give a shard up", tx -> owning.giveUp(tx, lease, stream));
    }

    // ---- schedules

    @Override
    public Owned own(Lease lease, List<ScheduleCard> known, @Nullable Map<String, Long> held) {
        return step("own schedules", tx -> timetabling.own(tx, lease, known, held));
    }

    @Override
    public OptionalInt fire(Lease lease, String schedule, long term, List<Run> runs) {
        makeQueuesOf(runs.stream().map(Run::job).toList());
        return step("fire", tx -> timetabling.fire(tx, lease, schedule, term, runs));
    }

    @Override
    public boolean ask(String schedule, String by) {
        return step("ask for a run", tx -> timetabling.ask(tx, schedule));
    }

    @Override
    public SetAnswer set(SetSchedule schedule, String by, String reason) {
        return step("set a schedule", tx -> timetabling.set(tx, schedule, by, reason));
    }

    @Override
    public RemoveAnswer remove(String schedule, String by, String reason) {
        return step("remove a schedule", tx -> timetabling.remove(tx, schedule));
    }

    @Override
    public List<Kept> schedules() {
        return step("schedules", timetabling::schedules);
    }

    // ---- what payloads look like

    @Override
    public void publish(Lease lease, List<KindSchema> schemas) {
        does("publish", tx -> publishing.publish(tx, lease, schemas));
    }

    @Override
    public Optional<Published> schema(String kind, int version) {
        return step("look at a schema", tx -> publishing.find(tx, kind, version));
    }

    @Override
    public List<Published> schemas() {
        return step("list schemas", publishing::all);
    }

    // ---- handlers

    @Override
    public void note(Lease lease, List<Note> notes) {
        does("note", tx -> journal.note(tx, lease, notes));
    }

    @Override
    public void checkpoint(Lease lease, Delivery delivery, Payload value) {
        does("checkpoint", tx -> journal.checkpoint(tx, lease, delivery, value));
    }

    @Override
    public void checkpoint(Connection tx, Lease lease, Delivery delivery, Payload value) {
        inTheirs("checkpoint", tx, own -> journal.checkpointInTheirs(own, lease, delivery, value));
    }

    @Override
    public Optional<Payload> checkpointOf(Lease lease, Delivery delivery) {
        return step("read checkpoint", tx -> journal.read(tx, lease, delivery));
    }

    @Override
    public void keep(Lease lease) {
        does("keep", tx -> fences.prove(tx, lease));
        partitions.turn(this::does);
    }

    // ---- the store itself

    @Override
    public @Nullable Codec codec() {
        return null;
    }

    @Override
    public String describe() {
        return "simulated";
    }

    @Override
    public void reserveNode() {}

    @Override
    public Connection connection() {
        return begin("a handler's", Isolation.READ_COMMITTED).connection();
    }

    @Override
    public Listening listen(Consumer<Wakeup> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public void close() {}

    /** How often a handler's effect for this job was committed. */
    public int effects(JobId job) {
        return step("look at effects", tx -> {
            tx.statement();
            return tables.effects.by(tx, tables.effectsByJob, job).size();
        });
    }

    /** Whether a stream is the front of its queue and priority. */
    public boolean front(int stream) {
        return step("look at a stream", tx -> {
            tx.statement();
            return tables.stream(tx, stream).front();
        });
    }

    /** What is paused, looked up past all that tells of it. */
    public Set<Scope> paused() {
        return step("look at pauses", tx -> {
            tx.statement();
            return Set.copyOf(tables.paused(tx));
        });
    }
}
