package dev.millrace.simulation.trace;

import dev.millrace.BatchView;
import dev.millrace.Codec;
import dev.millrace.Deletion;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.NodeView;
import dev.millrace.QueueView;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.simulation.trace.TraceEvent.Case;
import dev.millrace.simulation.trace.TraceEvent.End;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.store.Accepted;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Catalogue.KindSchema;
import dev.millrace.store.Catalogue.Published;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
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
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A storage that tells what is done to it. It changes nothing: each call goes to the real one, and what that answers or throws comes
 * back. The steps of nodes and single enqueues are told; looks and operators' words are not. A step without a lease is told under the
 * node that joined last here: one process is one node at a time.
 */
public final class TracingStorage implements Storage {

    private final Storage real;
    private final Tracer tracer;
    private volatile @Nullable Lease joined;

    /** Whose the newest claims are: a read proves no lease. */
    private final Map<ClaimToken, @Nullable Lease> claimants = Collections.synchronizedMap(new Recent());

    private static final class Recent extends LinkedHashMap<ClaimToken, @Nullable Lease> {
        private static final long serialVersionUID = 1L;
        private static final int MOST = 10_000;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ClaimToken, @Nullable Lease> eldest) {
            return size() > MOST;
        }
    }

    public TracingStorage(Storage real, World world, Consumer<? super TraceEvent> sink) {
        this.real = real;
        this.tracer = new Tracer(world, sink);
    }

    // ---- life of a node

    @Override
    public Lease join(NodeCard card) {
        var lease = tracer.step(
                "join",
                null,
                card.id().toString(),
                () -> real.join(card),
                (at, given) -> new TraceEvent.Joined(
                        new TraceEvent.Stamp(given.node(), given.epoch().value(), at.asked(), at.nanos(), at.wall()),
                        card.name(),
                        card.pid(),
                        card.slots()));
        joined = lease;
        return lease;
    }

    @Override
    public void beat(Lease lease, NodeView.@Nullable Stuck stuck) {
        tracer.act("beat", lease, () -> real.beat(lease, stuck), TraceEvent.Beat::new);
    }

    @Override
    public void leave(Lease lease) {
        tracer.act("leave", lease, () -> real.leave(lease), TraceEvent.Left::new);
    }

    @Override
    public List<Peer> census(Lease lease) {
        return tracer.quiet("census", lease, () -> real.census(lease));
    }

    @Override
    public void witness(Lease by, Peer silent, Duration watched) {
        tracer.quiet("witness", by, () -> {
            real.witness(by, silent, watched);
            return true;
        });
    }

    @Override
    public boolean depose(Lease by, Peer dead) {
        return tracer.step(
                "depose",
                by,
                dead.id().toString(),
                () -> real.depose(by, dead),
                (at, won) -> new TraceEvent.Deposed(at, dead.id(), dead.epoch().value(), dead.beat(), won));
    }

    @Override
    public List<Rescued> rescue(Lease by, NodeId dead, int limit) {
        return tracer.step(
                "rescue",
                by,
                dead.toString(),
                () -> real.rescue(by, dead, limit),
                (at, rescued) -> new TraceEvent.TookBack(
                        at,
                        dead,
                        rescued.stream()
                                .map(r -> new Case(r.job(), r.rescues(), r.charged(), r.discarded()))
                                .toList()));
    }

    // ---- claim

    @Override
    public List<StreamInfo> streams(Collection<String> queues) {
        return real.streams(queues);
    }

    @Override
    public Set<Integer> poll(Collection<Integer> streams) {
        return real.poll(streams);
    }

    @Override
    public Claim take(Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        claimants.put(token, lease);
        return tracer.step(
                "take",
                lease,
                token.value().toString(),
                () -> real.take(lease, stream, want, ordinal, token),
                (at, claim) -> new TraceEvent.Claimed(at, token, stream, ordinal, want, false, claim.places()));
    }

    @Override
    public Claim resolve(Lease lease, int stream, long ordinal, ClaimToken token) {
        return tracer.step(
                "resolve",
                lease,
                token.value().toString(),
                () -> real.resolve(lease, stream, ordinal, token),
                (at, claim) -> new TraceEvent.Claimed(at, token, stream, ordinal, 0, true, claim.places()));
    }

    @Override
    public List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes) {
        return tracer.step(
                "read",
                claimants.getOrDefault(token, joined),
                token.value().toString(),
                () -> real.read(token, places, maxBytes),
                (at, deliveries) -> new TraceEvent.Read(
                        at, token, deliveries.stream().map(TracingStorage::held).toList()));
    }

    /** What a trace keeps of a delivery. */
    public static Held held(Delivery d) {
        return new Held(
                d.place(),
                d.job(),
                d.run(),
                d.no(),
                d.attempt(),
                d.rescues(),
                d.charged(),
                d.expired(),
                d.cancelled(),
                d.gone());
    }

    @Override
    public void mark(Lease lease, List<Place> places) {
        tracer.act("mark", lease, () -> real.mark(lease, places), at -> new TraceEvent.Marked(at, List.copyOf(places)));
    }

    @Override
    public void outlived(Lease lease, List<Place> places) {
        tracer.act(
                "outlived",
                lease,
                () -> real.outlived(lease, places),
                at -> new TraceEvent.Outlived(at, List.copyOf(places)));
    }

    @Override
    public void manifest(Lease lease, long no, long upto, Collection<Place> open) {
        tracer.act(
                "manifest",
                lease,
                () -> real.manifest(lease, no, upto, open),
                at -> new TraceEvent.Manifested(at, no, upto, List.copyOf(open)));
    }

    // ---- end

    @Override
    public List<Settled> flush(Lease lease, List<Ended> ended) {
        return tracer.step(
                "flush",
                lease,
                () -> real.flush(lease, ended),
                (at, verdicts) -> new TraceEvent.Flushed(at, ends(ended, verdicts)));
    }

    private static List<End> ends(List<Ended> ended, List<Settled> verdicts) {
        var ends = new ArrayList<End>(ended.size());
        for (int i = 0; i < Math.min(ended.size(), verdicts.size()); i++) {
            var d = ended.get(i).delivery();
            var ending = ended.get(i).ending();
            ends.add(new End(
                    d.place(),
                    d.token(),
                    d.job(),
                    d.run(),
                    d.no(),
                    d.attempt(),
                    name(ending),
                    ending.leadsTo(),
                    verdicts.get(i)));
        }
        return ends;
    }

    private static String name(Ending ending) {
        return switch (ending) {
            case Ending.Done done -> "done";
            case Ending.Retry retry -> "retry";
            case Ending.TimedOut late -> "timed_out";
            case Ending.Snoozed snoozed -> "snoozed";
            case Ending.Cancelled cancelled -> "cancelled";
            case Ending.Discarded discarded -> "discarded";
            case Ending.HandedBack back -> "handed_back";
            case Ending.Parked parked -> "parked";
        };
    }

    @Override
    public void complete(Connection tx, Lease lease, Ended ended) {
        var d = ended.delivery();
        tracer.act(
                "complete",
                lease,
                () -> real.complete(tx, lease, ended),
                at -> new TraceEvent.Completing(at, d.place(), d.token(), d.job()));
    }

    // ---- waiting

    @Override
    public Promoted promote(Lease lease, int limit) {
        return tracer.step(
                "promote",
                lease,
                () -> real.promote(lease, limit),
                (at, promoted) -> new TraceEvent.Promoted(at, promoted.count()));
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, int limit) {
        return tracer.step("release", lease, () -> real.release(lease, room, limit), TraceEvent.Released::new);
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, Map<String, Integer> queues, int limit) {
        return tracer.step("release", lease, () -> real.release(lease, room, queues, limit), TraceEvent.Released::new);
    }

    @Override
    public List<Share> share(Lease lease, long no, List<Use> uses) {
        return tracer.quiet("share the numbers of the fleet", lease, () -> real.share(lease, no, uses));
    }

    @Override
    public List<Shared> shared() {
        return real.shared();
    }

    @Override
    public Control control(Lease lease, String cursor) {
        return tracer.quiet("control", lease, () -> real.control(lease, cursor));
    }

    // ---- handlers

    @Override
    public void note(Lease lease, List<Note> notes) {
        tracer.quiet("note", lease, () -> {
            real.note(lease, notes);
            return true;
        });
    }

    @Override
    public void checkpoint(Lease lease, Delivery delivery, Payload value) {
        tracer.act(
                "checkpoint",
                lease,
                () -> real.checkpoint(lease, delivery, value),
                at -> checkpointed(at, delivery, false));
    }

    @Override
    public void checkpoint(Connection tx, Lease lease, Delivery delivery, Payload value) {
        tracer.act(
                "checkpoint",
                lease,
                () -> real.checkpoint(tx, lease, delivery, value),
                at -> checkpointed(at, delivery, true));
    }

    private static TraceEvent checkpointed(TraceEvent.Stamp at, Delivery d, boolean joined) {
        return new TraceEvent.Checkpointed(at, d.place(), d.job(), d.run(), d.no(), joined);
    }

    @Override
    public Optional<Payload> checkpointOf(Lease lease, Delivery delivery) {
        return tracer.quiet("read a checkpoint", lease, () -> real.checkpointOf(lease, delivery));
    }

    @Override
    public void keep(Lease lease) {
        tracer.quiet("keep", lease, () -> {
            real.keep(lease);
            return true;
        });
    }

    // ---- keyed shards

    @Override
    public Shards shards(Lease lease, Collection<String> queues) {
        return tracer.quiet("look at shards", lease, () -> real.shards(lease, queues));
    }

    @Override
    public boolean takeOver(Lease lease, int stream) {
        return tracer.quiet("take over a shard", lease, () -> real.takeOver(lease, stream));
    }

    @Override
    public List<Absent> absent(Lease lease, int stream) {
        return tracer.quiet("look at what is absent", lease, () -> real.absent(lease, stream));
    }

    @Override
    public List<Behind> behind(Lease lease, int stream) {
        return tracer.quiet("look at what is behind", lease, () -> real.behind(lease, stream));
    }

    @Override
    public List<Recalled> recall(Lease lease, int stream, List<Recall> rows) {
        return tracer.quiet("recall", lease, () -> real.recall(lease, stream, rows));
    }

    @Override
    public Set<JobId> over(Lease lease, Collection<JobId> jobs) {
        return tracer.quiet("look what comes back no more", lease, () -> real.over(lease, jobs));
    }

    @Override
    public List<Grant> grant(Lease lease, List<Wish> wishes) {
        return tracer.quiet("ask for starts", lease, () -> real.grant(lease, wishes));
    }

    @Override
    public boolean giveUp(Lease lease, int stream) {
        return tracer.quiet("give a shard up", lease, () -> real.giveUp(lease, stream));
    }

    // ---- schedules

    @Override
    public Owned own(Lease lease, List<ScheduleCard> known, @Nullable Map<String, Long> held) {
        return tracer.quiet("own schedules", lease, () -> real.own(lease, known, held));
    }

    @Override
    public OptionalInt fire(Lease lease, String schedule, long term, List<Run> runs) {
        return tracer.quiet("fire", lease, () -> real.fire(lease, schedule, term, runs));
    }

    @Override
    public boolean ask(String schedule, String by) {
        return real.ask(schedule, by);
    }

    @Override
    public SetAnswer set(SetSchedule schedule, String by, String reason) {
        return real.set(schedule, by, reason);
    }

    @Override
    public RemoveAnswer remove(String schedule, String by, String reason) {
        return real.remove(schedule, by, reason);
    }

    @Override
    public List<Kept> schedules() {
        return real.schedules();
    }

    // ---- what payloads look like

    @Override
    public void publish(Lease lease, List<KindSchema> schemas) {
        tracer.quiet("publish", lease, () -> {
            real.publish(lease, schemas);
            return true;
        });
    }

    @Override
    public Optional<Published> schema(String kind, int version) {
        return real.schema(kind, version);
    }

    @Override
    public List<Published> schemas() {
        return real.schemas();
    }

    // ---- intake

    @Override
    public Accepted enqueue(NewJob job) {
        return tracer.step(
                "enqueue",
                joined,
                job.id().toString(),
                () -> real.enqueue(job),
                (at, accepted) ->
                        new TraceEvent.Enqueued(at, accepted.job(), job.queue(), job.kind(), accepted.existed()));
    }

    @Override
    public Accepted enqueue(Connection tx, NewJob job) {
        return real.enqueue(tx, job);
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Iterator<NewJob> jobs) {
        return real.enqueueAll(jobs);
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Connection tx, Iterator<NewJob> jobs) {
        return real.enqueueAll(tx, jobs);
    }

    @Override
    public boolean enqueueBatch(NewJob then, Iterator<NewJob> parts) {
        return real.enqueueBatch(then, parts);
    }

    @Override
    public void enqueueBatch(Connection tx, NewJob then, Iterator<NewJob> parts) {
        real.enqueueBatch(tx, then, parts);
    }

    @Override
    public boolean enqueueParts(JobId batch, Iterator<NewJob> parts) {
        return real.enqueueParts(batch, parts);
    }

    // ---- many at once

    @Override
    public Piece select(Selection selection, @Nullable JobId before, int look) {
        return real.select(selection, before, look);
    }

    @Override
    public FailurePiece failures(Selection selection, @Nullable JobId before, int look) {
        return real.failures(selection, before, look);
    }

    @Override
    public PayloadPiece payloads(Selection selection, @Nullable JobId before, int look, int most) {
        return real.payloads(selection, before, look, most);
    }

    @Override
    public Optional<Stepped> edit(UUID change, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs) {
        return real.edit(change, cursor, next, jobs);
    }

    @Override
    public Optional<Deletion> deletion(JobId job) {
        return real.deletion(job);
    }

    @Override
    public void begin(Change change) {
        real.begin(change);
    }

    @Override
    public Optional<Progress> goOn(UUID change, int most) {
        return real.goOn(change, most);
    }

    @Override
    public boolean stop(UUID change, Stopped stopped) {
        return real.stop(change, stopped);
    }

    @Override
    public Optional<KeptChange> change(UUID id) {
        return real.change(id);
    }

    @Override
    public List<KeptChange> changes(int limit) {
        return real.changes(limit);
    }

    @Override
    public List<KeptChange> unfinished(int limit) {
        return real.unfinished(limit);
    }

    // ---- passed through

    @Override
    public @Nullable Codec codec() {
        return real.codec();
    }

    @Override
    public String describe() {
        return real.describe();
    }

    @Override
    public void reserveNode() {
        real.reserveNode();
    }

    @Override
    public Connection connection() {
        return real.connection();
    }

    @Override
    public Listening listen(Consumer<Wakeup> listener) {
        return real.listen(listener);
    }

    @Override
    public Map<JobId, Conclusion> conclusions(Collection<JobId> jobs) {
        return real.conclusions(jobs);
    }

    @Override
    public Optional<JobView> find(JobId job) {
        return real.find(job);
    }

    @Override
    public Optional<JobHistory> history(JobId job) {
        return real.history(job);
    }

    @Override
    public List<JobView> list(Query query) {
        return real.list(query);
    }

    @Override
    public Sample sample(Collection<String> queues, int most, int reach) {
        return real.sample(queues, most, reach);
    }

    @Override
    public List<Observations.Pause> pauses() {
        return real.pauses();
    }

    @Override
    public Observations observe() {
        return real.observe();
    }

    @Override
    public List<QueueView> queues() {
        return real.queues();
    }

    @Override
    public List<NodeView> nodes() {
        return real.nodes();
    }

    @Override
    public Optional<BatchView> batch(JobId then) {
        return real.batch(then);
    }

    @Override
    public Blockers blockers(JobId job) {
        return real.blockers(job);
    }

    @Override
    public List<JobId> parts(JobId batch, long from) {
        return real.parts(batch, from);
    }

    @Override
    public Optional<State> cancel(JobId job, String reason, String by) {
        return real.cancel(job, reason, by);
    }

    @Override
    public Optional<State> requeue(JobId job, String reason, String by) {
        return real.requeue(job, reason, by);
    }

    @Override
    public boolean pause(Scope scope, String reason, String by, @Nullable Instant until) {
        return real.pause(scope, reason, by, until);
    }

    @Override
    public boolean adjust(Adjustment adjustment, String reason, String by) {
        return real.adjust(adjustment, reason, by);
    }

    @Override
    public boolean reset(Adjustment.Of of, String name, String reason, String by) {
        return real.reset(of, name, reason, by);
    }

    @Override
    public Optional<PlaceInLine> inLine(JobId job) {
        return real.inLine(job);
    }

    @Override
    public Optional<PlaceInQueue> inQueue(JobId job) {
        return real.inQueue(job);
    }

    @Override
    public List<Adjustment.Kept> adjustments() {
        return real.adjustments();
    }

    @Override
    public void resume(Scope scope, String by) {
        real.resume(scope, by);
    }

    @Override
    public void close() {
        real.close();
    }
}
