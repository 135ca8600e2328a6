package dev.millrace.simulation.fleet;

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
import dev.millrace.store.StreamInfo;
import java.sql.Connection;
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
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The store as one client reaches it: every call goes over its {@link Line}. */
final class Wire implements Storage {

    private final Storage real;
    private final Line line;
    private final Client client;
    private final UnaryOperator<Control> controlHeard;

    /** @param controlHeard hears what the client has heard of operators' words, and answers what that makes of it */
    Wire(Storage real, Line line, Client client, UnaryOperator<Control> controlHeard) {
        this.real = real;
        this.line = line;
        this.client = client;
        this.controlHeard = controlHeard;
    }

    private void does(String step, Runnable effect) {
        line.call(step, () -> {
            effect.run();
            return true;
        });
    }

    // ---- life of a node

    @Override
    public Lease join(NodeCard card) {
        return line.call("join", () -> real.join(card));
    }

    @Override
    public void beat(Lease lease, NodeView.@Nullable Stuck stuck) {
        does("beat", () -> real.beat(lease, stuck));
        client.beatHeard();
    }

    @Override
    public void leave(Lease lease) {
        does("leave", () -> real.leave(lease));
    }

    @Override
    public List<Peer> census(Lease lease) {
        return line.call("census", () -> real.census(lease));
    }

    @Override
    public void witness(Lease by, Peer silent, Duration watched) {
        does("witness", () -> real.witness(by, silent, watched));
    }

    @Override
    public boolean depose(Lease by, Peer dead) {
        return line.call("depose", () -> real.depose(by, dead));
    }

    @Override
    public List<Rescued> rescue(Lease by, NodeId dead, int limit) {
        return line.call("rescue", () -> real.rescue(by, dead, limit));
    }

    // ---- many at once

    @Override
    public Piece select(Selection selection, @Nullable JobId before, int look) {
        return line.call("select", () -> real.select(selection, before, look));
    }

    @Override
    public FailurePiece failures(Selection selection, @Nullable JobId before, int look) {
        return line.call("failures", () -> real.failures(selection, before, look));
    }

    @Override
    public PayloadPiece payloads(Selection selection, @Nullable JobId before, int look, int most) {
        return line.call("payloads", () -> real.payloads(selection, before, look, most));
    }

    @Override
    public Optional<Stepped> edit(UUID change, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs) {
        return line.call("edit many", () -> real.edit(change, cursor, next, jobs));
    }

    @Override
    public Optional<Deletion> deletion(JobId job) {
        return line.call("deletion", () -> real.deletion(job));
    }

    @Override
    public void begin(Change change) {
        does("begin a change", () -> real.begin(change));
    }

    @Override
    public Optional<Progress> goOn(UUID change, int most) {
        return line.call("change many", () -> real.goOn(change, most));
    }

    @Override
    public boolean stop(UUID change, Stopped stopped) {
        return line.call("stop a change of many", () -> real.stop(change, stopped));
    }

    @Override
    public Optional<KeptChange> change(UUID id) {
        return line.call("change", () -> real.change(id));
    }

    @Override
    public List<KeptChange> changes(int limit) {
        return line.call("changes", () -> real.changes(limit));
    }

    @Override
    public List<KeptChange> unfinished(int limit) {
        return line.call("unfinished changes", () -> real.unfinished(limit));
    }

    // ---- claim

    @Override
    public List<StreamInfo> streams(Collection<String> queues) {
        return line.call("streams", () -> real.streams(queues));
    }

    @Override
    public Set<Integer> poll(Collection<Integer> streams) {
        return line.call("poll", () -> real.poll(streams));
    }

    @Override
    public Claim take(Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        return line.call("take", () -> real.take(lease, stream, want, ordinal, token));
    }

    @Override
    public Claim resolve(Lease lease, int stream, long ordinal, ClaimToken token) {
        return line.call("resolve", () -> real.resolve(lease, stream, ordinal, token));
    }

    @Override
    public List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes) {
        return line.call("read", () -> real.read(token, places, maxBytes));
    }

    @Override
    public void mark(Lease lease, List<Place> places) {
        does("mark", () -> real.mark(lease, places));
    }

    @Override
    public void outlived(Lease lease, List<Place> places) {
        does("outlived", () -> real.outlived(lease, places));
    }

    @Override
    public void manifest(Lease lease, long no, long upto, Collection<Place> open) {
        var copy = List.copyOf(open);
        does("manifest", () -> real.manifest(lease, no, upto, copy));
    }

    // ---- end

    @Override
    public List<Settled> flush(Lease lease, List<Ended> ended) {
        return line.call("flush", () -> real.flush(lease, ended));
    }

    @Override
    public void complete(Connection tx, Lease lease, Ended ended) {
        does("complete", () -> real.complete(tx, lease, ended));
    }

    // ---- waiting

    @Override
    public Promoted promote(Lease lease, int limit) {
        return line.call("promote", () -> real.promote(lease, limit));
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, int limit) {
        return line.call("release", () -> real.release(lease, room, limit));
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, Map<String, Integer> queues, int limit) {
        return line.call("release", () -> real.release(lease, room, queues, limit));
    }

    @Override
    public List<Share> share(Lease lease, long no, List<Use> uses) {
        return line.call("share the numbers of the fleet", () -> real.share(lease, no, uses));
    }

    @Override
    public Control control(Lease lease, String cursor) {
        return controlHeard.apply(line.call("control", () -> real.control(lease, cursor)));
    }

    // ---- keyed shards

    @Override
    public Shards shards(Lease lease, Collection<String> queues) {
        return line.call("shards", () -> real.shards(lease, queues));
    }

    @Override
    public boolean takeOver(Lease lease, int stream) {
        boolean taken = line.call("take over a shard", () -> real.takeOver(lease, stream));
        line.tell("%s shard %d".formatted(taken ? "takes over" : "can't take over", stream));
        return taken;
    }

    @Override
    public List<Absent> absent(Lease lease, int stream) {
        return line.call("absent", () -> real.absent(lease, stream));
    }

    @Override
    public List<Behind> behind(Lease lease, int stream) {
        return line.call("behind", () -> real.behind(lease, stream));
    }

    @Override
    public List<Recalled> recall(Lease lease, int stream, List<Recall> rows) {
        return line.call("recall", () -> real.recall(lease, stream, rows));
    }

    @Override
    public Set<JobId> over(Lease lease, Collection<JobId> jobs) {
        return line.call("look what comes back no more", () -> real.over(lease, jobs));
    }

    @Override
    public List<Grant> grant(Lease lease, List<Wish> wishes) {
        return line.call("ask for starts", () -> real.grant(lease, wishes));
    }

    @Override
    public boolean giveUp(Lease lease, int stream) {
        boolean given = line.call("give a shard up", () -> real.giveUp(lease, stream));
        line.tell("%s shard %d".formatted(given ? "gives up" : "can't give up", stream));
        return given;
    }

    // ---- what payloads look like

    @Override
    public void publish(Lease lease, List<KindSchema> schemas) {
        does("publish", () -> real.publish(lease, schemas));
    }

    @Override
    public Optional<Published> schema(String kind, int version) {
        return line.call("schema", () -> real.schema(kind, version));
    }

    @Override
    public List<Published> schemas() {
        return line.call("schemas", real::schemas);
    }

    // ---- schedules

    @Override
    public Owned own(Lease lease, List<ScheduleCard> known, @Nullable Map<String, Long> held) {
        return line.call("own", () -> real.own(lease, known, held));
    }

    @Override
    public OptionalInt fire(Lease lease, String schedule, long term, List<Run> runs) {
        return line.call("fire", () -> real.fire(lease, schedule, term, runs));
    }

    @Override
    public boolean ask(String schedule, String by) {
        return line.call("ask", () -> real.ask(schedule, by));
    }

    @Override
    public SetAnswer set(SetSchedule schedule, String by, String reason) {
        return line.call("set", () -> real.set(schedule, by, reason));
    }

    @Override
    public RemoveAnswer remove(String schedule, String by, String reason) {
        return line.call("remove", () -> real.remove(schedule, by, reason));
    }

    @Override
    public List<Kept> schedules() {
        return line.call("schedules", real::schedules);
    }

    // ---- handlers

    @Override
    public void note(Lease lease, List<Note> notes) {
        does("note", () -> real.note(lease, notes));
    }

    @Override
    public void checkpoint(Lease lease, Delivery delivery, Payload value) {
        does("checkpoint", () -> real.checkpoint(lease, delivery, value));
    }

    @Override
    public void checkpoint(Connection tx, Lease lease, Delivery delivery, Payload value) {
        does("checkpoint", () -> real.checkpoint(tx, lease, delivery, value));
    }

    @Override
    public Optional<Payload> checkpointOf(Lease lease, Delivery delivery) {
        return line.call("read checkpoint", () -> real.checkpointOf(lease, delivery));
    }

    @Override
    public void keep(Lease lease) {
        does("keep", () -> real.keep(lease));
    }

    // ---- producers and people

    @Override
    public Accepted enqueue(NewJob job) {
        return line.call("enqueue", () -> real.enqueue(job));
    }

    @Override
    public Accepted enqueue(Connection tx, NewJob job) {
        return line.call("enqueue", () -> real.enqueue(tx, job));
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Iterator<NewJob> jobs) {
        return line.call("enqueue all", () -> real.enqueueAll(jobs));
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Connection tx, Iterator<NewJob> jobs) {
        return line.call("enqueue all", () -> real.enqueueAll(tx, jobs));
    }

    @Override
    public boolean enqueueBatch(NewJob then, Iterator<NewJob> parts) {
        return line.call("enqueue a batch", () -> real.enqueueBatch(then, parts));
    }

    @Override
    public void enqueueBatch(Connection tx, NewJob then, Iterator<NewJob> parts) {
        does("enqueue a batch", () -> real.enqueueBatch(tx, then, parts));
    }

    @Override
    public boolean enqueueParts(JobId batch, Iterator<NewJob> parts) {
        return line.call("enqueue parts", () -> real.enqueueParts(batch, parts));
    }

    @Override
    public Optional<State> cancel(JobId job, String reason, String by) {
        return line.call("cancel", () -> real.cancel(job, reason, by));
    }

    @Override
    public Optional<State> requeue(JobId job, String reason, String by) {
        return line.call("requeue", () -> real.requeue(job, reason, by));
    }

    @Override
    public boolean pause(Scope scope, String reason, String by, @Nullable Instant until) {
        return line.call("pause", () -> real.pause(scope, reason, by, until));
    }

    @Override
    public boolean adjust(Adjustment adjustment, String reason, String by) {
        return line.call("adjust", () -> real.adjust(adjustment, reason, by));
    }

    @Override
    public boolean reset(Adjustment.Of of, String name, String reason, String by) {
        return line.call("reset", () -> real.reset(of, name, reason, by));
    }

    @Override
    public void resume(Scope scope, String by) {
        does("resume", () -> real.resume(scope, by));
    }

    // ---- looks: nothing can go wrong with those that is of interest

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
        return line.call("sample", () -> real.sample(queues, most, reach));
    }

    @Override
    public List<Observations.Pause> pauses() {
        return line.call("pauses", real::pauses);
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
    public List<Shared> shared() {
        return real.shared();
    }

    @Override
    public List<Adjustment.Kept> adjustments() {
        return real.adjustments();
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
    public @Nullable Codec codec() {
        return real.codec();
    }

    @Override
    public String describe() {
        return real.describe() + " over a line that fails";
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
    public void close() {}
}
