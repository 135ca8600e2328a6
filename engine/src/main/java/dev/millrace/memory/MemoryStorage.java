package dev.millrace.memory;

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
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Note;
import dev.millrace.store.Observations;
import dev.millrace.store.Observations.Pause;
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
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One opening of a {@link Memory}: makes a step of each call, and proves the lease where one is given. */
final class MemoryStorage implements Storage {

    private final Memory memory;
    private final World world;
    private final @Nullable Codec codec;
    private final Duration idempotencyKeys;
    private final List<Listening> hearings = new CopyOnWriteArrayList<>();

    MemoryStorage(Memory memory, World world, @Nullable Codec codec, Duration idempotencyKeys) {
        this.memory = memory;
        this.world = world;
        this.codec = codec;
        this.idempotencyKeys = idempotencyKeys;
    }

    private <T> T step(Function<Instant, T> body) {
        return memory.step(world, body);
    }

    private <T> T proved(Lease lease, BiFunction<Member, Instant, T> body) {
        return step(now -> body.apply(memory.members.prove(lease), now));
    }

    private void does(Consumer<Instant> body) {
        step(now -> {
            body.accept(now);
            return true;
        });
    }

    private void does(Lease lease, BiConsumer<Member, Instant> body) {
        does(now -> body.accept(memory.members.prove(lease), now));
    }

    private static MillraceException noTransactions() {
        return new MillraceException(
                "Jobs in memory can't join a transaction. Use enqueue(job), or run this test on PostgresStore.");
    }

    // ---- producers

    @Override
    public Accepted enqueue(NewJob job) {
        return step(now -> {
            var known = memory.keys.find(job, now, idempotencyKeys);
            if (known != null) return new Accepted(known, !known.equals(job.id()));
            var accepted = memory.uniqueKeys.enqueue(job, job.idempotency() == null, now);
            memory.keys.keep(job, accepted.job(), now);
            return accepted;
        });
    }

    @Override
    public Accepted enqueue(Connection tx, NewJob job) {
        throw noTransactions();
    }

    /** Collects first: the iterator is the caller's, and may throw, take its time, or enqueue by itself. */
    @Override
    public Map<JobId, JobId> enqueueAll(Iterator<NewJob> jobs) {
        var all = new ArrayList<NewJob>();
        jobs.forEachRemaining(all::add);
        return step(now -> {
            memory.ledger.refuseKnown(all);
            memory.ledger.dependencies().refuseUnknown(all);
            var held = new HashMap<JobId, JobId>();
            for (var job : all) {
                var accepted = memory.uniqueKeys.enqueue(job, false, now);
                if (accepted.existed()) held.put(job.id(), accepted.job());
            }
            return held;
        });
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Connection tx, Iterator<NewJob> jobs) {
        throw noTransactions();
    }

    @Override
    public boolean enqueueBatch(NewJob then, Iterator<NewJob> parts) {
        var all = new ArrayList<NewJob>();
        parts.forEachRemaining(all::add);
        return step(now -> memory.batches.enqueue(then, all, now));
    }

    @Override
    public void enqueueBatch(Connection tx, NewJob then, Iterator<NewJob> parts) {
        throw noTransactions();
    }

    @Override
    public boolean enqueueParts(JobId batch, Iterator<NewJob> parts) {
        var all = new ArrayList<NewJob>();
        parts.forEachRemaining(all::add);
        return step(now -> memory.batches.enqueueParts(batch, all, now));
    }

    // ---- looking

    @Override
    public Optional<BatchView> batch(JobId then) {
        return step(now -> memory.batches.view(then));
    }

    @Override
    public List<JobId> parts(JobId batch, long from) {
        return step(now -> memory.batches.parts(batch, from));
    }

    @Override
    public Blockers blockers(JobId job) {
        return step(now -> memory.ledger.dependencies().blockers(job));
    }

    @Override
    public Map<JobId, Conclusion> conclusions(Collection<JobId> jobs) {
        return step(now -> memory.pictures.conclusions(jobs));
    }

    @Override
    public Optional<JobView> find(JobId job) {
        return step(now -> memory.pictures.find(job));
    }

    @Override
    public Optional<JobHistory> history(JobId job) {
        return step(now -> memory.pictures.history(job, memory.bulk.changesOf(job)));
    }

    @Override
    public List<JobView> list(Query query) {
        return step(now -> memory.pictures.list(query));
    }

    @Override
    public Sample sample(Collection<String> queues, int most, int reach) {
        return step(now -> memory.pictures.sample(queues, most, reach));
    }

    @Override
    public List<QueueView> queues() {
        return step(now -> memory.pictures.queues(now));
    }

    @Override
    public List<Pause> pauses() {
        return step(now -> memory.pictures.pauses());
    }

    @Override
    public Optional<PlaceInLine> inLine(JobId job) {
        return step(now -> memory.pictures.inLine(job, (queue, limit) -> memory.owners.fullIn(queue, limit, now)));
    }

    @Override
    public Optional<PlaceInQueue> inQueue(JobId job) {
        return step(now -> memory.pictures.inQueue(job));
    }

    @Override
    public List<Adjustment.Kept> adjustments() {
        return step(now -> List.copyOf(memory.ledger.adjustments.values()));
    }

    @Override
    public List<NodeView> nodes() {
        return step(memory.pictures::nodes);
    }

    @Override
    public Observations observe() {
        return step(memory.pictures::observe);
    }

    // ---- steering

    @Override
    public Optional<State> cancel(JobId job, String reason, String by) {
        return step(now -> memory.endings.cancel(job, reason, now));
    }

    @Override
    public Optional<State> requeue(JobId job, String reason, String by) {
        return step(now -> memory.endings.requeue(job, now));
    }

    @Override
    public boolean pause(Scope scope, String reason, String by, @Nullable Instant until) {
        return step(now -> memory.ledger.pause(new Pause(scope, reason, by, now, until)));
    }

    @Override
    public void resume(Scope scope, String by) {
        does(now -> memory.ledger.resume(scope));
    }

    @Override
    public boolean adjust(Adjustment adjustment, String reason, String by) {
        return step(now -> memory.ledger.adjust(adjustment, reason, by, now));
    }

    @Override
    public boolean reset(Adjustment.Of of, String name, String reason, String by) {
        return step(now -> memory.ledger.reset(of, name));
    }

    // ---- many at once

    @Override
    public Piece select(Selection selection, @Nullable JobId before, int look) {
        return step(now -> memory.bulk.select(selection, before, look, now));
    }

    @Override
    public FailurePiece failures(Selection selection, @Nullable JobId before, int look) {
        return step(now -> memory.bulk.failures(selection, before, look, now));
    }

    @Override
    public PayloadPiece payloads(Selection selection, @Nullable JobId before, int look, int most) {
        return step(now -> memory.bulk.payloads(selection, before, look, most));
    }

    @Override
    public Optional<Stepped> edit(UUID change, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs) {
        return step(now -> memory.bulk.edit(change, cursor, next, jobs, now));
    }

    @Override
    public Optional<Deletion> deletion(JobId job) {
        return step(now -> memory.bulk.deletion(job));
    }

    @Override
    public void begin(Change change) {
        does(now -> memory.bulk.begin(change, now));
    }

    @Override
    public Optional<Progress> goOn(UUID change, int most) {
        return step(now -> memory.bulk.goOn(change, most, now));
    }

    @Override
    public boolean stop(UUID change, Stopped stopped) {
        return step(now -> memory.bulk.stop(change, stopped, now));
    }

    @Override
    public Optional<KeptChange> change(UUID id) {
        return step(now -> memory.bulk.change(id));
    }

    @Override
    public List<KeptChange> changes(int limit) {
        return step(now -> memory.bulk.newest(limit));
    }

    @Override
    public List<KeptChange> unfinished(int limit) {
        return step(now -> memory.bulk.unfinished(limit));
    }

    // ---- life of a node

    @Override
    public Lease join(NodeCard card) {
        return step(now -> memory.members.join(card, memory.ledger.nextNumber(), now));
    }

    @Override
    public void beat(Lease lease, NodeView.@Nullable Stuck stuck) {
        does(lease, (node, now) -> memory.members.beat(node, stuck, now));
    }

    @Override
    public void leave(Lease lease) {
        does(lease, memory.members::leave);
    }

    @Override
    public List<Peer> census(Lease lease) {
        return proved(lease, (node, now) -> memory.members.census());
    }

    @Override
    public void witness(Lease by, Peer silent, Duration watched) {
        does(by, (node, now) -> memory.members.witness(silent, watched));
    }

    @Override
    public boolean depose(Lease by, Peer dead) {
        return proved(by, (node, now) -> memory.members.depose(dead));
    }

    @Override
    public List<Rescued> rescue(Lease by, NodeId dead, int limit) {
        return proved(by, (node, now) -> memory.endings.rescue(node, dead, limit, now));
    }

    // ---- claim

    @Override
    public List<StreamInfo> streams(Collection<String> queues) {
        return step(now -> memory.ledger.streams(queues));
    }

    @Override
    public Set<Integer> poll(Collection<Integer> streams) {
        return step(now -> memory.claims.poll(streams));
    }

    @Override
    public Claim take(Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        return proved(lease, (node, now) -> memory.claims.take(node, stream, want, ordinal, token, now));
    }

    @Override
    public Claim resolve(Lease lease, int stream, long ordinal, ClaimToken token) {
        return proved(lease, (node, now) -> memory.claims.resolve(node, stream, ordinal, token, now));
    }

    @Override
    public List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes) {
        return step(now -> memory.claims.read(token, places, maxBytes, now));
    }

    @Override
    public void mark(Lease lease, List<Place> places) {
        does(lease, (node, now) -> memory.claims.mark(node, places));
    }

    @Override
    public void outlived(Lease lease, List<Place> places) {
        does(lease, (node, now) -> memory.claims.outlived(node, places));
    }

    @Override
    public void manifest(Lease lease, long no, long upto, Collection<Place> open) {
        does(lease, (node, now) -> node.say(no, open.size()));
    }

    // ---- end

    @Override
    public List<Settled> flush(Lease lease, List<Ended> ended) {
        return proved(lease, (node, now) -> memory.endings.flush(node, ended, now));
    }

    @Override
    public void complete(Connection tx, Lease lease, Ended ended) {
        throw noTransactions();
    }

    // ---- waiting

    @Override
    public Promoted promote(Lease lease, int limit) {
        return proved(lease, (node, now) -> memory.waiting.promote(limit, now));
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, int limit) {
        return release(lease, room, Map.of(), limit);
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, Map<String, Integer> queues, int limit) {
        return proved(lease, (node, now) -> memory.waiting.release(node, room, queues, limit, now));
    }

    @Override
    public List<Share> share(Lease lease, long no, List<Use> uses) {
        return proved(lease, (node, now) -> memory.fleet.share(node, no, uses, now));
    }

    @Override
    public List<Shared> shared() {
        return step(now -> memory.fleet.shared());
    }

    @Override
    public Control control(Lease lease, String cursor) {
        return proved(
                lease, (node, now) -> memory.ledger.control(cursor, memory.schedules.anySet(), memory.fleet.coded()));
    }

    // ---- handlers

    @Override
    public void note(Lease lease, List<Note> notes) {
        does(lease, (node, now) -> memory.journal.note(node, notes));
    }

    @Override
    public void checkpoint(Lease lease, Delivery delivery, Payload value) {
        does(lease, (node, now) -> memory.journal.checkpoint(node, delivery, value));
    }

    @Override
    public void checkpoint(Connection tx, Lease lease, Delivery delivery, Payload value) {
        throw noTransactions();
    }

    @Override
    public Optional<Payload> checkpointOf(Lease lease, Delivery delivery) {
        return proved(lease, (node, now) -> memory.journal.checkpointOf(node, delivery));
    }

    // ---- keyed shards

    @Override
    public Shards shards(Lease lease, Collection<String> queues) {
        return proved(lease, (node, now) -> memory.owners.shards(queues));
    }

    @Override
    public boolean takeOver(Lease lease, int stream) {
        return proved(lease, (node, now) -> memory.owners.takeOver(node, stream));
    }

    @Override
    public List<Absent> absent(Lease lease, int stream) {
        return proved(lease, (node, now) -> memory.owners.absent(stream));
    }

    @Override
    public List<Behind> behind(Lease lease, int stream) {
        return proved(lease, (node, now) -> memory.owners.behind(stream));
    }

    @Override
    public List<Recalled> recall(Lease lease, int stream, List<Recall> rows) {
        return proved(lease, (node, now) -> memory.owners.recall(node, stream, rows, now));
    }

    @Override
    public Set<JobId> over(Lease lease, Collection<JobId> jobs) {
        return proved(lease, (node, now) -> memory.owners.over(jobs));
    }

    @Override
    public List<Grant> grant(Lease lease, List<Wish> wishes) {
        return proved(lease, (node, now) -> memory.owners.grant(wishes, now));
    }

    @Override
    public boolean giveUp(Lease lease, int stream) {
        return proved(lease, (node, now) -> memory.owners.giveUp(node, stream));
    }

    // ---- schedules

    @Override
    public Owned own(Lease lease, List<ScheduleCard> known, @Nullable Map<String, Long> held) {
        return proved(lease, (node, now) -> memory.schedules.own(node, known, held, now));
    }

    @Override
    public OptionalInt fire(Lease lease, String schedule, long term, List<Run> runs) {
        return proved(lease, (node, now) -> memory.schedules.fire(node, schedule, term, runs, now));
    }

    @Override
    public boolean ask(String schedule, String by) {
        return step(now -> memory.schedules.ask(schedule, now));
    }

    @Override
    public SetAnswer set(SetSchedule schedule, String by, String reason) {
        return step(now -> memory.schedules.set(schedule, new Setting(schedule.job(), by, reason, now), now));
    }

    @Override
    public RemoveAnswer remove(String schedule, String by, String reason) {
        return step(now -> memory.schedules.remove(schedule));
    }

    @Override
    public List<Kept> schedules() {
        return step(now -> memory.schedules.kept());
    }

    // ---- what payloads look like

    @Override
    public void publish(Lease lease, List<KindSchema> schemas) {
        does(lease, (node, now) -> memory.schemas.publish(node, schemas, now));
    }

    @Override
    public Optional<Published> schema(String kind, int version) {
        return step(now -> memory.schemas.find(kind, version));
    }

    @Override
    public List<Published> schemas() {
        return step(now -> memory.schemas.all());
    }

    // ---- keeping

    @Override
    public void keep(Lease lease) {
        does(lease, (node, now) -> {
            memory.members.forgetGone(now);
            memory.claims.forgetDead(memory.members);
            memory.schedules.forgetOrphans(now);
        });
    }

    // ---- the store itself

    @Override
    public @Nullable Codec codec() {
        return codec;
    }

    @Override
    public String describe() {
        return "memory";
    }

    /** Needs no connections. */
    @Override
    public void reserveNode() {}

    @Override
    public Connection connection() {
        throw noTransactions();
    }

    @Override
    public Listening listen(Consumer<Wakeup> listener) {
        var hearing = new Hearing();
        memory.listeners.put(hearing, listener);
        hearings.add(hearing);
        return hearing;
    }

    private final class Hearing implements Listening {
        @Override
        public void close() {
            memory.listeners.remove(this);
            hearings.remove(this);
        }
    }

    /** Ends this opening only: the memory stays for the others. */
    @Override
    public void close() {
        hearings.forEach(Listening::close);
    }
}
