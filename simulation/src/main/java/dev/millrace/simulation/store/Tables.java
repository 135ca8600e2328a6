package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.simulation.database.Database;
import dev.millrace.simulation.database.Table;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.BatchRow;
import dev.millrace.simulation.store.Rows.Beat;
import dev.millrace.simulation.store.Rows.BulkJob;
import dev.millrace.simulation.store.Rows.BulkJobKey;
import dev.millrace.simulation.store.Rows.BulkRow;
import dev.millrace.simulation.store.Rows.CancelMark;
import dev.millrace.simulation.store.Rows.Checkpoint;
import dev.millrace.simulation.store.Rows.ClaimKey;
import dev.millrace.simulation.store.Rows.Claimed;
import dev.millrace.simulation.store.Rows.Count;
import dev.millrace.simulation.store.Rows.DeletedRow;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Dependency;
import dev.millrace.simulation.store.Rows.Dependent;
import dev.millrace.simulation.store.Rows.IdempotencyKey;
import dev.millrace.simulation.store.Rows.KeyHolder;
import dev.millrace.simulation.store.Rows.Line;
import dev.millrace.simulation.store.Rows.Logged;
import dev.millrace.simulation.store.Rows.LookAfter;
import dev.millrace.simulation.store.Rows.Manifest;
import dev.millrace.simulation.store.Rows.ManifestKey;
import dev.millrace.simulation.store.Rows.Meta;
import dev.millrace.simulation.store.Rows.Node;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Parked;
import dev.millrace.simulation.store.Rows.Part;
import dev.millrace.simulation.store.Rows.PartsKey;
import dev.millrace.simulation.store.Rows.PartsRow;
import dev.millrace.simulation.store.Rows.Progress;
import dev.millrace.simulation.store.Rows.ScheduleRow;
import dev.millrace.simulation.store.Rows.SchemaKey;
import dev.millrace.simulation.store.Rows.SchemaRow;
import dev.millrace.simulation.store.Rows.Silence;
import dev.millrace.simulation.store.Rows.SlotKey;
import dev.millrace.simulation.store.Rows.SlotRow;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.simulation.time.Timeline;
import dev.millrace.store.Abilities;
import dev.millrace.store.Adjustment;
import dev.millrace.store.NodeId;
import dev.millrace.store.Observations;
import dev.millrace.store.Place;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The schema, and what all steps on it share: the server's clock, numbers, and which bugs are planted. */
final class Tables {

    /** The one row of {@link #meta}. */
    static final String ONE = "one";

    /** Writers of a partition share it; sealing takes it alone. */
    record PartLock(int part) {}

    /** Streams per priority, the front and that of the unclaimed not counted. */
    static final int SHARDS = 2;

    /** The stream of deliveries that are born ended; never claimed. */
    static final int ENDED = -2;

    /** Keyed shards of a queue; there 16. */
    static final int KEYED_SHARDS = 2;

    final Database database;
    final Timeline timeline;
    private final World clock;
    private final Set<Bug> bugs;

    final Table<String, Meta> meta;
    final Table<Integer, Part> parts;
    final Table<Integer, StreamInfo> streams;
    final Table<Integer, NodeId> shardOwners;

    /** Kinds for which jobs of a queue's keyed shards were parked, as {@code queue kind:version}. */
    final Table<String, KeyedKind> keyedKinds;

    /** When the allowances of slow rates are full again, by queue and key. */
    final Table<String, Instant> allowances;

    /** One of them. */
    record KeyedKind(String queue, Abilities.Learnt kind) {}

    final Table<Place, Logged> log;
    final Table.Index<Place, Logged> logByJob;
    final Table<ClaimKey, Claimed> claims;
    final Table.Index<ClaimKey, Claimed> claimsByToken;
    final Table.Index<ClaimKey, Claimed> claimsByNode;
    final Table<DeliveryKey, Outcome> outcomes;

    /** Outcomes in rows of many, here each by itself: nothing keeps two of one delivery apart but who writes them. */
    final Table<Long, Outcome> batched;

    final Table.Index<Long, Outcome> batchedByDelivery;
    final Table<DeliveryKey, NodeId> startMarks;
    final Table<DeliveryKey, Boolean> outlived;
    final Table<Long, Timer> timers;
    final Table.Index<Long, Timer> timersByJob;
    final Table<Long, Parked> parked;
    final Table.Index<Long, Parked> parkedByJob;
    final Table<NodeId, Node> nodes;
    final Table<NodeId, Beat> beats;
    final Table<NodeId, Silence> silences;
    final Table<ManifestKey, Manifest> manifests;
    final Table<DeliveryKey, CancelMark> cancelMarks;
    final Table<Scope, Observations.Pause> pauses;

    /** By what they are of and its name. */
    final Table<String, Adjustment.Kept> adjustments;

    final Table<String, FleetSharing.ShareRow> fleetShares;

    final Table<String, ScheduleRow> schedules;
    final Table<SchemaKey, SchemaRow> schemas;
    final Table<SlotKey, SlotRow> slots;
    final Table<SlotKey, Instant> asks;
    final Table<String, IdempotencyKey> idempotencyKeys;
    final Table<String, KeyHolder> uniqueKeys;
    final Table<UUID, BulkRow> bulkChanges;
    final Table<BulkJobKey, BulkJob> bulkJobs;
    final Table<JobId, DeletedRow> deleted;
    final Table<JobId, BatchRow> batches;
    final Table<PartsKey, PartsRow> batchParts;
    final Table<Long, Count> batchCounts;
    final Table.Index<Long, Count> batchCountsByBatch;
    final Table<JobId, Dependent> dependents;
    final Table<Dependency, Dependency> dependencies;
    final Table.Index<Dependency, Dependency> dependenciesByBlocker;
    final Table.Index<Dependency, Dependency> dependenciesByJob;
    final Table<String, LookAfter> dependencyLook;
    final Table<JobId, Progress> progress;
    final Table<JobId, Checkpoint> checkpoints;
    final Table<Long, Line> lines;
    final Table.Index<Long, Line> linesByJob;
    final Table<Long, JobId> effects;
    final Table.Index<Long, JobId> effectsByJob;

    /** The first deliveries of jobs in keyed shards, in the order in which they were committed: no table, but for who checks. */
    final List<Logged> arrivals = new ArrayList<>();

    private long number;

    /** A sequence: what it has given stays given, also to a transaction that is rolled back. */
    private long terms;

    Tables(Database database, Timeline timeline, World clock, Set<Bug> bugs) {
        this.database = database;
        this.timeline = timeline;
        this.clock = clock;
        this.bugs = bugs.isEmpty() ? EnumSet.noneOf(Bug.class) : EnumSet.copyOf(bugs);
        Comparator<NodeId> byNode = (a, b) -> a.value().compareTo(b.value());
        Comparator<JobId> byJob = (a, b) -> a.value().compareTo(b.value());
        meta = table("meta", Comparator.naturalOrder());
        parts = table("part", Comparator.naturalOrder());
        streams = table("stream", Comparator.naturalOrder());
        shardOwners = table("shard_owner", Comparator.naturalOrder());
        keyedKinds = table("keyed_kind", Comparator.naturalOrder());
        allowances = table("allowance", Comparator.naturalOrder());
        log = table("job_log", Rows.LOG_ORDER);
        logByJob = log.index(row -> row.asked().job());
        claims = table("claim", ClaimKey.ORDER);
        claimsByToken = claims.index(Claimed::token);
        claimsByNode =
                claims.index(row -> row.lease() == null ? "anchor" : row.lease().node());
        outcomes = table("outcome", DeliveryKey.ORDER);
        batched = table("outcome_batch", Comparator.naturalOrder());
        batchedByDelivery = batched.index(Outcome::key);
        startMarks = table("start_mark", DeliveryKey.ORDER);
        outlived = table("outlived", DeliveryKey.ORDER);
        timers = table("timer", Comparator.naturalOrder());
        timersByJob = timers.index(row -> row.asked().job());
        parked = table("parked", Comparator.naturalOrder());
        parkedByJob = parked.index(row -> row.asked().job());
        nodes = table("node", byNode);
        beats = table("beat", byNode);
        silences = table("silence", byNode);
        manifests = table("manifest", ManifestKey.ORDER);
        cancelMarks = table("cancel_mark", DeliveryKey.ORDER);
        pauses = table("pause", Comparator.comparing(Scope::toString));
        adjustments = table("adjustment", Comparator.<String>naturalOrder());
        fleetShares = table("fleet_share", Comparator.<String>naturalOrder());
        schedules = table("schedule", Comparator.naturalOrder());
        schemas = table("kind_schema", Rows.SCHEMA_ORDER);
        slots = table("schedule_slot", SlotKey.ORDER);
        asks = table("schedule_ask", SlotKey.ORDER);
        idempotencyKeys = table("idempotency_key", Comparator.naturalOrder());
        uniqueKeys = table("unique_key", Comparator.naturalOrder());
        bulkChanges = table("bulk_change", Comparator.naturalOrder());
        bulkJobs = table("bulk_change_job", BulkJobKey.ORDER);
        deleted = table("deleted_job", byJob);
        batches = table("batch", byJob);
        batchParts = table("batch_part", PartsKey.ORDER);
        batchCounts = table("batch_count", Comparator.naturalOrder());
        batchCountsByBatch = batchCounts.index(Count::batch);
        dependents = table("dependent", byJob);
        dependencies = table("dependency", Dependency.ORDER);
        dependenciesByBlocker = dependencies.index(Dependency::blocker);
        dependenciesByJob = dependencies.index(Dependency::job);
        dependencyLook = table("dependency_look", Comparator.naturalOrder());
        progress = table("progress", byJob);
        checkpoints = table("checkpoint", byJob);
        lines = table("job_note", Comparator.naturalOrder());
        linesByJob = lines.index(Line::job);
        effects = table("a user's own table", Comparator.naturalOrder());
        effectsByJob = effects.index(job -> job);
    }

    private <K, R> Table<K, R> table(String name, Comparator<? super K> order) {
        return new Table<>(database, name, order);
    }

    /** {@code clock_timestamp()}. */
    Instant now() {
        return clock.now();
    }

    boolean planted(Bug bug) {
        return bugs.contains(bug);
    }

    /** An identity column: unique, in the order of drawing. */
    long nextNumber() {
        return ++number;
    }

    /** A term of a schedule: no two are alike, whichever schedule they are of. */
    long nextTerm() {
        return ++terms;
    }

    Meta meta(Transaction tx) {
        return Objects.requireNonNull(meta.get(tx, ONE), "the schema has not been made");
    }

    StreamInfo stream(Transaction tx, int id) {
        var stream = streams.get(tx, id);
        if (stream == null) throw new IllegalArgumentException("There is no stream " + id + ".");
        return stream;
    }

    /** The front of a job's queue and priority, or of its keyed shard. */
    int frontOf(Transaction tx, Asked asked) {
        var own = stream(tx, asked.stream());
        return own.keyed() ? shardOf(own) + 1 : special(tx, own, StreamInfo.FRONT);
    }

    /** Where a job's delivery stands that was born ended. */
    int endedOf(Transaction tx, Asked asked) {
        var own = stream(tx, asked.stream());
        return special(tx, own, ENDED);
    }

    private int special(Transaction tx, StreamInfo own, int shard) {
        // ordinary streams of a queue are made in one go: the same distance apart in each
        if (own.shard() < StreamInfo.ASIDE) return own.id() - own.shard() + shard;
        for (var other : streams.all(tx))
            if (other.shard() == shard
                    && other.priority() == own.priority()
                    && other.queue().equals(own.queue())) return other.id();
        throw new IllegalStateException("Queue %s has no shard %d.".formatted(own.queue(), shard));
    }

    /** Why something is paused; null if it is not. */
    @Nullable
    String pausedBecause(Transaction tx, Scope scope) {
        var pause = pause(tx, scope);
        return pause == null ? null : pause.reason();
    }

    /** A pause that is not over: {@code CREATE VIEW pause}. */
    Observations.@Nullable Pause pause(Transaction tx, Scope scope) {
        var pause = pauses.get(tx, scope);
        return pause == null || pause.isOver(now()) ? null : pause;
    }

    /** What is paused. */
    List<Scope> paused(Transaction tx) {
        var now = now();
        return pauses.all(tx).stream()
                .filter(pause -> !pause.isOver(now))
                .map(Observations.Pause::scope)
                .toList();
    }

    // ---- keyed shards

    /** The stream if it is of a keyed shard, else null. As the catalog is seen: it takes no statement. */
    @Nullable
    StreamInfo keyed(Transaction tx, int stream) {
        var row = streams.peek(tx, stream);
        return row != null && row.keyed() ? row : null;
    }

    /** The number of a keyed shard: that of the stream of what was enqueued. Its front has the next one. */
    static int shardOf(StreamInfo keyed) {
        return keyed.front() ? keyed.id() - 1 : keyed.id();
    }

    /** Whether this node may claim from a stream: from those of a keyed shard its owner may, as the current statement sees it. */
    boolean mayClaim(Transaction tx, NodeId node, int stream) {
        var keyed = keyed(tx, stream);
        return keyed == null || node.equals(shardOwners.get(tx, shardOf(keyed)));
    }

    /** What is asked for by what comes back of a delivery: of a keyed shard it comes to the front, with its place in line. */
    Asked comesBack(Transaction tx, Logged row) {
        var asked = row.asked();
        if (keyed(tx, asked.stream()) == null) return asked;
        var back = asked.in(frontOf(tx, asked));
        return planted(Bug.FIRST_PLACE_FORGOTTEN) ? back : back.firstAt(row.place());
    }

    /** What a new run asks for: of a keyed shard it comes behind those that were enqueued, with a place in line of its own. */
    Asked anew(Transaction tx, Asked asked) {
        var keyed = keyed(tx, asked.stream());
        return keyed == null ? asked : asked.in(shardOf(keyed)).withoutFirst();
    }

    /** How a delivery ended, wherever that is written; null if it has not. */
    @Nullable
    Outcome ending(Transaction tx, DeliveryKey key) {
        var outcome = outcomes.get(tx, key);
        return outcome != null ? outcome : batchedEnding(tx, key);
    }

    /** The same, if it is written in a row of many. */
    @Nullable
    Outcome batchedEnding(Transaction tx, DeliveryKey key) {
        var found = batched.by(tx, batchedByDelivery, key);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** How a delivery ended, as far as that is committed; null if it has not. */
    @Nullable
    Outcome committedEnding(DeliveryKey key) {
        var outcome = outcomes.committed(key);
        if (outcome != null) return outcome;
        var found = batched.committedBy(batchedByDelivery, key);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** A delivery of which two endings are committed; null if there is none. */
    @Nullable
    DeliveryKey endedTwice() {
        var seen = new HashSet<DeliveryKey>();
        for (var ending : batched.committed())
            if (!seen.add(ending.key()) || outcomes.committed(ending.key()) != null) return ending.key();
        return null;
    }

    /** Appends a delivery to a stream, in the partition that is current. */
    Place append(Transaction tx, int part, int stream, Asked asked, Turn turn) {
        tx.lockShared(new PartLock(part)); // as every writer of a table: who would seal it waits
        var row = parts.peek(tx, part);
        if (row == null) throw new IllegalStateException("There is no partition " + part + ".");
        if (row.sealedAt() != null) throw Raised.sealed(part);
        var place = new Place(part, stream, tx.xid(), database.nextNumber(tx));
        var logged = new Logged(place, asked, turn);
        log.insert(tx, place, logged);
        if (asked.inLine() && turn.equals(Turn.first(1)) && keyed(tx, stream) != null)
            tx.afterCommit(() -> arrivals.add(logged));
        return place;
    }
}
