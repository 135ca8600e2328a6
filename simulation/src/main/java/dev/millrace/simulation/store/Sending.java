package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.KeyTaken;
import dev.millrace.Priority;
import dev.millrace.QueueView;
import dev.millrace.simulation.database.Snapshot;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.ClaimKey;
import dev.millrace.simulation.store.Rows.Claimed;
import dev.millrace.simulation.store.Rows.IdempotencyKey;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.Accepted;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Crowds;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import dev.millrace.store.Storage.Wakeup;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The producers' side, and the streams that it needs. */
final class Sending {

    static final Duration KEYS_LIVE = Duration.ofHours(24);

    private final Tables tables;
    private final UniqueKeys uniqueKeys;
    private final Batches batches;
    private final Dependencies dependencies;
    private final BiConsumer<Transaction, Wakeup> hints;
    private final Map<String, List<StreamInfo>> known = new HashMap<>();
    private final Crowds crowds = new Crowds();

    /** Which tenants are set aside, and in which shard. */
    private final Map<Tenant, Integer> asides = new HashMap<>();

    /** What each tenant had asked for when it enqueued last. */
    private final Map<Tenant, Crowds.Load> loads = new HashMap<>();

    private int next;
    private int cachedPart;

    Sending(
            Tables tables,
            UniqueKeys uniqueKeys,
            Batches batches,
            Dependencies dependencies,
            BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.uniqueKeys = uniqueKeys;
        this.batches = batches;
        this.dependencies = dependencies;
        this.hints = hints;
    }

    // ---- streams

    /** Looked at: null if the queue has no streams yet. */
    @Nullable
    List<StreamInfo> streamsOf(Transaction tx, String queue) {
        tx.statement();
        var own = tables.streams.all(tx).stream()
                .filter(stream -> stream.queue().equals(queue) && stream.shard() >= StreamInfo.FRONT)
                .toList();
        return own.isEmpty() ? null : own;
    }

    /**
     * In a transaction of its own, never in a producer's. The lock holds off a change of partition, and others who would make the same.
     */
    void addQueue(Transaction tx, String queue) {
        tx.statement();
        var meta = tables.meta.lock(tx, Tables.ONE, any -> true);
        if (meta == null || streamsOf(tx, queue) != null) return;
        int first =
                tables.streams.all(tx).stream().mapToInt(StreamInfo::id).max().orElse(0) + 1;
        hints.accept(tx, new Wakeup.Streams(queue));
        for (var priority : Priority.values()) {
            for (int shard = Tables.ENDED; shard < Tables.SHARDS; shard++) {
                var stream = new StreamInfo(first++, queue, priority, shard);
                tables.streams.insert(tx, stream.id(), stream);
                if (shard > Tables.ENDED) firstAnchor(tx, stream, meta.currentPart(), Snapshot.NOTHING);
            }
        }
    }

    /** In a transaction of its own as well, when the first job comes that goes to one. */
    void addKeyedShards(Transaction tx, String queue) {
        tx.statement();
        var meta = tables.meta.lock(tx, Tables.ONE, any -> true);
        var own = meta == null ? null : streamsOf(tx, queue);
        if (meta == null || own == null || hasKeyedShards(own)) return;
        int next =
                tables.streams.all(tx).stream().mapToInt(StreamInfo::id).max().orElse(0) + 1;
        hints.accept(tx, new Wakeup.Streams(queue));
        for (int number = 0; number < Tables.KEYED_SHARDS; number++) {
            for (int shard : List.of(StreamInfo.keyed(number), StreamInfo.keyedFront(number))) {
                var stream = new StreamInfo(next++, queue, Priority.NORMAL, shard);
                tables.streams.insert(tx, stream.id(), stream);
                firstAnchor(tx, stream, meta.currentPart(), Snapshot.NOTHING);
            }
        }
    }

    // ---- tenants

    /** Counts the job of a tenant: the side shards that have to be made for it; none if it needs none, or they are there. */
    List<Integer> sidesToMake(NewJob job) {
        var tenant = Crowds.tenant(job);
        if (tenant == null || tables.planted(Bug.FLOODS_NOT_SET_ASIDE)) return List.of();
        long now = Duration.between(Instant.EPOCH, tables.now()).toNanos();
        var load = crowds.add(job, tenant, now);
        var whose = new Tenant(job.queue(), job.priority(), tenant);
        loads.put(whose, load);
        if (load == Crowds.Load.FEW) return List.of();
        if (load == Crowds.Load.MUCH) {
            int number = (int) asides.keySet().stream().filter(whose::isBeside).count();
            if (number < StreamInfo.SIDE_SHARDS) asides.putIfAbsent(whose, StreamInfo.ASIDE + number);
        }
        int shard = sideOf(whose);
        var own = known.getOrDefault(job.queue(), List.of());
        return own.stream().anyMatch(stream -> stream.priority() == job.priority() && stream.shard() == shard)
                ? List.of()
                : List.of(shard);
    }

    private boolean goesAside(Tenant tenant) {
        return asides.containsKey(tenant) || loads.getOrDefault(tenant, Crowds.Load.FEW) != Crowds.Load.FEW;
    }

    private int sideOf(Tenant tenant) {
        var alone = asides.get(tenant);
        return alone == null ? StreamInfo.sharedAside(tenant.name.chars().sum()) : alone;
    }

    /** In a transaction of its own. None is given away. */
    void addSideShard(Transaction tx, String queue, Priority priority, int shard) {
        tx.statement();
        var meta = tables.meta.lock(tx, Tables.ONE, any -> true);
        var own = meta == null ? null : streamsOf(tx, queue);
        if (meta == null || own == null) return;
        if (own.stream().anyMatch(stream -> stream.priority() == priority && stream.shard() == shard)) return;
        int id = tables.streams.all(tx).stream().mapToInt(StreamInfo::id).max().orElse(0) + 1;
        var stream = new StreamInfo(id, queue, priority, shard);
        tables.streams.insert(tx, stream.id(), stream);
        hints.accept(tx, new Wakeup.Streams(queue));
        firstAnchor(tx, stream, meta.currentPart(), Snapshot.NOTHING);
    }

    /** Who is set aside in this queue: nobody ceases to be. */
    List<QueueView.SetAside> asides(String queue) {
        return asides.entrySet().stream()
                .filter(entry -> entry.getKey().queue.equals(queue))
                .sorted(Comparator.comparing(entry -> entry.getValue()))
                .map(entry -> new QueueView.SetAside(entry.getKey().name, entry.getKey().priority, Instant.EPOCH))
                .toList();
    }

    private record Tenant(String queue, Priority priority, String name) {
        boolean isBeside(Tenant other) {
            return queue.equals(other.queue) && priority == other.priority;
        }
    }

    static boolean hasKeyedShards(List<StreamInfo> streams) {
        return streams.stream().anyMatch(StreamInfo::keyed);
    }

    private void firstAnchor(Transaction tx, StreamInfo stream, int part, Snapshot seen) {
        tables.claims.insert(
                tx,
                new ClaimKey(stream.id(), 0, part),
                Claimed.anchor(
                        new ClaimKey(stream.id(), 0, part),
                        new ClaimToken(new UUID(7, tables.nextNumber())),
                        seen,
                        seen,
                        null,
                        true,
                        tables.now()));
    }

    /** The planted bug: the streams of a new queue are made in the producer's transaction, anchored at what it sees. */
    void addQueueInside(Transaction tx, String queue) {
        if (streamsOf(tx, queue) != null) return;
        int first =
                tables.streams.all(tx).stream().mapToInt(StreamInfo::id).max().orElse(0) + 1;
        int part = tables.meta(tx).currentPart();
        tx.xid();
        for (var priority : Priority.values()) {
            for (int shard = Tables.ENDED; shard < Tables.SHARDS; shard++) {
                var stream = new StreamInfo(first++, queue, priority, shard);
                tables.streams.insert(tx, stream.id(), stream);
                if (shard > Tables.ENDED) {
                    var seen = tx.snapshot();
                    firstAnchor(tx, stream, part, new Snapshot(Math.max(seen.xmax(), tx.xid() + 1), seen.inProgress()));
                }
            }
        }
    }

    /** A producer remembers streams, as long as its database does not go back to an older state. */
    void remember(String queue, List<StreamInfo> streams) {
        known.put(queue, streams);
    }

    boolean knows(String queue) {
        return known.containsKey(queue);
    }

    boolean knowsKeyedShards(String queue) {
        return hasKeyedShards(known.getOrDefault(queue, List.of()));
    }

    void forget() {
        known.clear();
        asides.clear();
    }

    private StreamInfo streamFor(Transaction tx, NewJob job) {
        var own = known.containsKey(job.queue()) ? known.get(job.queue()) : streamsOf(tx, job.queue());
        if (own == null) throw Raised.noQueue(job.queue());
        var line = Line.of(job.headers());
        if (line != null) return keyedFor(own, job, line);
        var spread = job.spread();
        int shard = Math.floorMod(spread == null ? next++ : spread.chars().sum(), Tables.SHARDS);
        var tenant = Crowds.tenant(job);
        var whose = tenant == null ? null : new Tenant(job.queue(), job.priority(), tenant);
        var aside = whose == null || !goesAside(whose) ? null : sideOf(whose);
        return Stream.concat(
                        own.stream().filter(stream -> aside != null && stream.shard() == aside),
                        own.stream().filter(stream -> stream.shard() == shard))
                .filter(stream -> stream.priority() == job.priority())
                .findFirst()
                .orElseThrow();
    }

    private static StreamInfo keyedFor(List<StreamInfo> own, NewJob job, Line line) {
        int shard = StreamInfo.keyed(Math.floorMod(line.home().chars().sum(), Tables.KEYED_SHARDS));
        return own.stream()
                .filter(stream -> stream.shard() == shard)
                .findFirst()
                .orElseThrow(() -> Raised.noQueue(job.queue()));
    }

    // ---- jobs

    /** @param alone whether this is all that its transaction does */
    Accepted enqueue(Transaction tx, NewJob job, boolean alone) {
        var known = keyHolder(tx, job);
        if (known != null) return new Accepted(known, !known.equals(job.id()));
        var key = job.idempotency();
        var holder = putUnlessHeld(tx, job, alone && key == null);
        if (key != null && !holder.equals(job.id())) {
            tx.statement();
            tables.idempotencyKeys.update(
                    tx,
                    key.key(),
                    mine -> mine.job().equals(job.id()),
                    mine -> new IdempotencyKey(mine.request(), holder, mine.at()));
        }
        return new Accepted(holder, !holder.equals(job.id()));
    }

    /** All of them; of those whose unique key is held, which job holds it. */
    Map<JobId, JobId> enqueueAll(Transaction tx, List<NewJob> jobs) {
        var held = new HashMap<JobId, JobId>();
        var unique = new ArrayList<NewJob>();
        for (var job : jobs) {
            if (job.unique() == null) put(tx, job);
            else unique.add(job);
        }
        unique.sort(
                Comparator.comparing(job -> Objects.requireNonNull(job.unique()).key()));
        for (var job : unique) {
            var holder = putUnlessHeld(tx, job, false);
            if (!holder.equals(job.id())) held.put(job.id(), holder);
        }
        return held;
    }

    /** Which job has its unique key now: itself if it has none, or was enqueued. */
    JobId putUnlessHeld(Transaction tx, NewJob job, boolean withdraws) {
        var unique = job.unique();
        if (unique != null) {
            int stream = streamFor(tx, job).id();
            var holder = uniqueKeys.holder(tx, job, unique, stream, withdraws);
            if (holder != null) {
                hints.accept(tx, new Wakeup.Work(job.queue())); // it may be due sooner now
                return holder;
            }
        }
        put(tx, job);
        return job.id();
    }

    void put(Transaction tx, NewJob job) {
        if (tables.planted(Bug.FIRST_ANCHOR_IN_PRODUCER)) addQueueInside(tx, job.queue());
        var stream = streamFor(tx, job);
        tx.statement();
        tx.xid(); // before it reads the clock: who looks for what is due later than that knows that this is open
        var now = tables.now();
        var asked = Asked.of(job, stream.id(), now);
        if (job.due() instanceof NewJob.Due.After after) {
            long id = tables.nextNumber();
            tables.timers.insert(tx, id, new Timer(id, Rows.NO_TIME, false, null, null, asked, Turn.first(1)));
            dependencies.waitFor(tx, job.id(), after);
            hints.accept(tx, new Wakeup.Work(job.queue())); // it may be due: what it waits for has ended
            return;
        }
        var due = due(job.due(), now);
        if (due == null) tables.append(tx, part(tx), stream.id(), asked, Turn.first(1));
        else {
            long id = tables.nextNumber();
            tables.timers.insert(tx, id, new Timer(id, due, false, null, null, asked, Turn.first(1)));
        }
        hints.accept(tx, new Wakeup.Work(job.queue()));
    }

    // ---- batches

    /** Its parts, and the job that follows them; if not, the transaction has to be rolled back. */
    boolean enqueueBatch(Transaction tx, NewJob then, List<NewJob> parts) {
        for (var part : parts) put(tx, part);
        if (parts.isEmpty()) put(tx, then);
        else putForNoTime(tx, then);
        batches.begin(tx, then.id(), idsOf(parts));
        var outer = PartOf.batch(then.headers());
        return outer == null || batches.grow(tx, outer, List.of(then.id()));
    }

    /** More parts of a batch; if not, the transaction has to be rolled back. */
    boolean enqueueParts(Transaction tx, JobId batch, List<NewJob> parts) {
        for (var part : parts) put(tx, part);
        return batches.grow(tx, batch, idsOf(parts));
    }

    private static List<JobId> idsOf(List<NewJob> jobs) {
        return jobs.stream().map(NewJob::id).toList();
    }

    private void putForNoTime(Transaction tx, NewJob job) {
        if (tables.planted(Bug.FIRST_ANCHOR_IN_PRODUCER)) addQueueInside(tx, job.queue());
        var stream = streamFor(tx, job);
        tx.statement();
        var asked = Asked.of(job, stream.id(), tables.now());
        long id = tables.nextNumber();
        tables.timers.insert(tx, id, new Timer(id, Rows.NO_TIME, false, null, null, asked, Turn.first(1)));
    }

    /** In the producer's own transaction: never one that was remembered. */
    private int part(Transaction tx) {
        if (!tables.planted(Bug.PARTITION_REMEMBERED)) return tables.meta(tx).currentPart();
        if (cachedPart == 0) cachedPart = tables.meta(tx).currentPart();
        return cachedPart;
    }

    /** When it may run; null if that is now. */
    static @Nullable Instant due(NewJob.@Nullable Due due, Instant now) {
        var moment = switch (due) {
            case null -> now;
            case NewJob.Due.In(var delay) -> now.plus(delay);
            case NewJob.Due.At(var at) -> at;
            case NewJob.Due.After after ->
                throw new IllegalArgumentException("a job that waits for others replaces none: " + after);
        };
        return moment.isAfter(now) ? moment : null;
    }

    private @Nullable JobId keyHolder(Transaction tx, NewJob job) {
        var asked = job.idempotency();
        if (asked == null) return null;
        tx.statement();
        var mine = new IdempotencyKey(asked.request(), job.id(), tables.now());
        var known = tables.idempotencyKeys.peek(tx, asked.key());
        if (known != null && known.at().plus(KEYS_LIVE).isBefore(tables.now()))
            tables.idempotencyKeys.delete(tx, asked.key(), any -> true);
        if (tables.idempotencyKeys.insertIfAbsent(tx, asked.key(), mine)) return null;
        tx.statement();
        var holder = tables.idempotencyKeys.peek(tx, asked.key());
        if (holder == null) throw Raised.wrongTransaction("the idempotency key " + asked.key() + " went away");
        if (asked.isFor(holder.request()) || holder.job().equals(job.id())) return holder.job();
        throw new KeyTaken(holder.job(), """
                The idempotency key "%s" stands for another request, job %s: %s. This one is: %s. Use a new key for a new request.""".formatted(asked.key(), holder.job(), holder.request(), asked.request()));
    }

    /** Those of these jobs that go to keyed shards. */
    static List<NewJob> inLine(List<NewJob> jobs) {
        return jobs.stream().filter(job -> Line.of(job.headers()) != null).toList();
    }

    /** The queues of these jobs, each once. */
    static Collection<String> queuesOf(List<NewJob> jobs) {
        var queues = new TreeSet<String>();
        for (var job : jobs) queues.add(job.queue());
        return queues;
    }

    List<StreamInfo> streams(Transaction tx, Collection<String> queues) {
        var all = new ArrayList<StreamInfo>();
        for (var queue : queues) {
            var own = streamsOf(tx, queue);
            if (own != null) all.addAll(own);
        }
        return all;
    }
}
