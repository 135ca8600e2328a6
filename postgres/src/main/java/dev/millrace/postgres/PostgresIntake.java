package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.KeyTaken;
import dev.millrace.MillraceException;
import dev.millrace.store.Accepted;
import dev.millrace.store.Intake;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The producers' side: one job by INSERT, many by COPY, in a transaction of their own or in the caller's. Single jobs that come at the same
 * time {@linkplain GroupSender share} a transaction, unless they have a delay or a key. One with a unique key is one statement.
 */
final class PostgresIntake implements Intake, AutoCloseable {

    private static final int CLAIMED_KEY_TRIES = 5;
    private static final String SERIALIZATION = "40001";

    private final Pool pool;
    private final JobSql sql;
    private final Streams streams;
    private final ShardChoice shards;
    private final Json json;
    private final Notifier notifier;
    private final GroupSender group;
    private final UniqueIntake uniques;
    private final BulkIntake bulks;
    private final BatchIntake batches;

    PostgresIntake(
            Pool pool, JobSql sql, Streams streams, ShardChoice shards, Json json, Notifier notifier, World world) {
        this.pool = pool;
        this.sql = sql;
        this.streams = streams;
        this.shards = shards;
        this.json = json;
        this.notifier = notifier;
        this.group = new GroupSender(this::together, world);
        this.uniques = new UniqueIntake(pool, sql, streams, shards, json, notifier, world);
        this.bulks = new BulkIntake(pool, sql, streams, shards, json, notifier, uniques, world);
        this.batches = new BatchIntake(pool, sql, streams, shards, json, notifier, bulks);
    }

    @Override
    public Accepted enqueue(NewJob job) {
        streams.need(job);
        if (job.unique() != null && job.idempotency() == null && !(job.due() instanceof Due.After))
            return enqueueUnique(job);
        if (job.due() == null && job.idempotency() == null && sent(job)) return new Accepted(job.id(), false);
        return enqueueAlone(job);
    }

    private boolean sent(NewJob job) {
        try {
            return group.send(job);
        } catch (CommitUnknown unknown) {
            throw unknown(job.id().toString(), unknown);
        }
    }

    private Accepted enqueueUnique(NewJob job) {
        try {
            return uniques.enqueue(job);
        } catch (Unavailable refused) {
            if (!strict(refused)) throw refused;
            return enqueueAlone(job);
        }
    }

    private Accepted enqueueAlone(NewJob job) {
        int shard = shards.forJob(job);
        try {
            return inOurs(job, shard);
        } catch (CommitUnknown unknown) {
            if (job.idempotency() == null) throw unknown(job.id().toString(), unknown);
            return inOurs(job, shard); // its key makes the repetition harmless
        }
    }

    /**
     * Where its stream is not what it was taken for, it is looked up anew between two transactions: were it in one, callers who hold all
     * connections would wait for each other's.
     */
    private Accepted inOurs(NewJob job, int shard) {
        try {
            return pool.transaction("enqueue", connection -> putAsKnown(connection, job, shard));
        } catch (OtherStream stale) {
            var stream = streams.now(job.queue(), job.priority(), shard);
            return pool.transaction("enqueue", connection -> putSurely(connection, job, stream));
        }
    }

    /** A stream is not what it was taken for: nothing of the transaction may stay. */
    private static final class OtherStream extends RuntimeException {
        private static final long serialVersionUID = 1L;

        OtherStream() {
            super("a stream is not what it was taken for", null, false, false);
        }
    }

    private Accepted putAsKnown(Connection connection, NewJob job, int shard) throws SQLException {
        var known = known(connection, job);
        if (known != null) return known;
        if (job.unique() != null) {
            var stream = streams.in(connection, job.queue(), job.priority(), shard);
            return waits(
                    connection,
                    job,
                    uniques.put(connection, job, stream, false, Hint.IN_TRANSACTION)
                            .orElseThrow(OtherStream::new));
        }
        if (!put(connection, job, streams.in(connection, job.queue(), job.priority(), shard), false))
            throw new OtherStream();
        Hint.IN_TRANSACTION.tell(
                notifier, connection, job.queue()); // of a delayed one too: its time may have come already
        return new Accepted(job.id(), false);
    }

    private Accepted putSurely(Connection connection, NewJob job, StreamInfo stream) throws SQLException {
        var known = known(connection, job);
        if (known != null) return known;
        if (job.unique() != null)
            return waits(
                    connection,
                    job,
                    uniques.put(connection, job, stream, true, Hint.IN_TRANSACTION)
                            .orElseThrow());
        put(connection, job, stream, true);
        Hint.IN_TRANSACTION.tell(notifier, connection, job.queue());
        return new Accepted(job.id(), false);
    }

    @Override
    public Accepted enqueue(Connection tx, NewJob job) {
        return inTheirs(tx, () -> put(tx, job, shards.forJob(job)));
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Iterator<NewJob> jobs) {
        var first = new JobId[1];
        try {
            return pool.transaction("enqueue", connection -> bulks.pour(connection, jobs, first));
        } catch (CommitUnknown unknown) {
            throw unknown(first[0] + " and those after it", unknown);
        }
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Connection tx, Iterator<NewJob> jobs) {
        return inTheirs(tx, () -> bulks.copy(tx, jobs, new JobId[1], Hint.AFTERWARDS));
    }

    @Override
    public boolean enqueueBatch(NewJob then, Iterator<NewJob> parts) {
        streams.need(then);
        try {
            return batches.enqueue(then, parts);
        } catch (CommitUnknown unknown) {
            throw unknown(then.id() + " and the parts of the batch that it follows", unknown);
        }
    }

    @Override
    public void enqueueBatch(Connection tx, NewJob then, Iterator<NewJob> parts) {
        inTheirs(tx, () -> {
            batches.put(tx, then, parts, Hint.AFTERWARDS);
            return then.id();
        });
    }

    @Override
    public boolean enqueueParts(JobId batch, Iterator<NewJob> parts) {
        return batches.grow(batch, parts);
    }

    static CommitUnknown unknown(String jobs, CommitUnknown cause) {
        return new CommitUnknown(
                "The connection broke while the transaction was committed, so whether job %s was taken is not known. It is not sent again by itself. Ask find(…) with the id, or enqueue with an idempotency key: then repeating is harmless."
                        .formatted(jobs),
                cause);
    }

    // ---- one job

    /** In a caller's transaction, which can't be begun anew. */
    private Accepted put(Connection connection, NewJob job, int shard) throws SQLException {
        var known = known(connection, job);
        if (known != null) return known;
        if (job.unique() != null) {
            var stream = streams.in(connection, job.queue(), job.priority(), shard);
            var accepted = uniques.put(connection, job, stream, false, Hint.AFTERWARDS);
            if (accepted.isPresent()) return waits(connection, job, accepted.get());
            var now = streams.now(job.queue(), job.priority(), shard);
            return waits(
                    connection,
                    job,
                    uniques.put(connection, job, now, true, Hint.AFTERWARDS).orElseThrow());
        }
        if (!put(connection, job, streams.in(connection, job.queue(), job.priority(), shard), false)) {
            // It is not what it was taken for; or it is new, and this transaction's snapshot is older. The look is
            // newer than both.
            put(connection, job, streams.now(job.queue(), job.priority(), shard), true);
        }
        Hint.AFTERWARDS.tell(notifier, connection, job.queue());
        return new Accepted(job.id(), false);
    }

    /** What its key stands for already; null if it has none, or it is this job's now. */
    private @Nullable Accepted known(Connection connection, NewJob job) throws SQLException {
        var key = job.idempotency();
        var holder = key == null ? null : claimKey(connection, key, job.id());
        return holder == null ? null : new Accepted(holder, !holder.equals(job.id()));
    }

    /** Whether it was taken: only if the stream is what it is taken for, or that is sure. */
    private boolean put(Connection connection, NewJob job, StreamInfo stream, boolean sure) throws SQLException {
        var due = job.due();
        if (due == null) return append(connection, job, stream, sure);
        if (!schedule(connection, job, stream, due, sure)) return false;
        waits(connection, job, new Accepted(job.id(), false));
        return true;
    }

    /** One that was taken, and runs after others, is told what it waits for. */
    private Accepted waits(Connection connection, NewJob job, Accepted accepted) throws SQLException {
        var rows = new DependencyRows(sql);
        if (!accepted.existed() && rows.add(job)) rows.send(connection, Set.of());
        return accepted;
    }

    private boolean append(Connection connection, NewJob job, StreamInfo stream, boolean sure) throws SQLException {
        try (var insert = Session.prepare(
                connection,
                sql.append,
                job.id().value(),
                job.kind(),
                job.kindVersion(),
                text(job),
                json.write(job.headers()),
                millis(job.expiresAfter()),
                stream.id(),
                stream.queue(),
                stream.priority().rank(),
                sure)) {
            return insert.executeUpdate() == 1;
        }
    }

    private boolean schedule(Connection connection, NewJob job, StreamInfo stream, Due due, boolean sure)
            throws SQLException {
        try (var insert = Session.prepare(
                        connection,
                        sql.schedule,
                        due instanceof Due.At(var moment) ? moment : due instanceof Due.After ? Session.NO_TIME : null,
                        due instanceof Due.In(var delay) ? millis(delay) : null,
                        job.id().value(),
                        job.kind(),
                        job.kindVersion(),
                        text(job),
                        json.write(job.headers()),
                        millis(job.expiresAfter()),
                        stream.id(),
                        stream.queue(),
                        stream.priority().rank(),
                        sure);
                var rows = insert.executeQuery()) {
            rows.next();
            return rows.getInt(1) == 1;
        }
    }

    /** Null if the key is this job's now, else the job that holds it. */
    private @Nullable JobId claimKey(Connection connection, NewJob.Idempotency key, JobId job) throws SQLException {
        for (int i = 0; i < CLAIMED_KEY_TRIES; i++) {
            try (var insert = Session.prepare(connection, sql.idempotency, key.key(), key.request(), job.value())) {
                if (insert.executeUpdate() == 1) return null;
            }
            try (var look = Session.prepare(connection, sql.idempotencyHolder, key.key());
                    var rows = look.executeQuery()) {
                if (!rows.next()) continue; // it expired between the two statements
                var holder = new JobId(rows.getObject("job_id", UUID.class));
                if (key.isFor(rows.getString("request")) || holder.equals(job)) return holder;
                throw new KeyTaken(
                        holder,
                        "The idempotency key \"%s\" stands for another request, job %s: %s. This one is: %s. Use a new key for a new request."
                                .formatted(key.key(), holder, rows.getString("request"), key.request()));
            }
        }
        throw new SQLException("idempotency key " + key.key() + " could not be seen under this isolation", "40001");
    }

    // ---- some, of callers that know nothing of each other

    /** One statement, which commits by itself: it may hold nothing while its answer is on the way. Whether they were taken. */
    private boolean together(List<NewJob> jobs) {
        try {
            return pool.once("enqueue", connection -> {
                var told = notifier.leading(
                        jobs.stream().map(NewJob::queue).distinct().toList());
                try (var insert = Session.prepare(connection, sql.appendTogether, arrays(connection, jobs, told));
                        var rows = insert.executeQuery()) {
                    rows.next();
                    return rows.getInt(1) == jobs.size();
                }
            });
        } catch (Unavailable refused) {
            if (strict(refused)) return false; // by itself each job sets its own
            throw refused;
        }
    }

    /** Whether a connection's own isolation is stricter than these steps need. */
    private static boolean strict(Unavailable refused) {
        return refused.getCause() instanceof SQLException e
                && SqlErrors.state(e).equals(SERIALIZATION);
    }

    private @Nullable Object[] arrays(Connection connection, List<NewJob> jobs, List<String> told) throws SQLException {
        int count = jobs.size();
        var streamIds = new int[count];
        var ids = new UUID[count];
        var kinds = new String[count];
        var versions = new int[count];
        var payloads = new String[count];
        var headers = new @Nullable String[count];
        var expiries = new @Nullable Long[count];
        var used = new LinkedHashSet<StreamInfo>();
        int free = (int) jobs.stream().filter(ShardChoice::isFree).count();
        int shared = free == 0 ? 0 : shards.shared(free);
        for (int i = 0; i < count; i++) {
            var job = jobs.get(i);
            int shard = ShardChoice.isFree(job) ? shared : shards.forJob(job);
            var stream = streams.in(connection, job.queue(), job.priority(), shard);
            used.add(stream);
            streamIds[i] = stream.id();
            ids[i] = job.id().value();
            kinds[i] = job.kind();
            versions[i] = job.kindVersion();
            payloads[i] = text(job);
            headers[i] = json.write(job.headers());
            expiries[i] = millis(job.expiresAfter());
        }
        return new @Nullable Object[] {
            streamIds,
            ids,
            kinds,
            versions,
            payloads,
            headers,
            expiries,
            used.stream().mapToInt(StreamInfo::id).toArray(),
            used.stream().map(StreamInfo::queue).toArray(String[]::new),
            used.stream().mapToInt(stream -> stream.priority().rank()).toArray(),
            notifier.channel(),
            told.toArray(new String[0])
        };
    }

    // ---- transactions

    private <T> T inTheirs(Connection tx, SqlSupplier<T> work) {
        try {
            if (tx.getAutoCommit()) {
                throw new MillraceException(
                        "The job would be enqueued even if your next statement failed. Call setAutoCommit(false) first, or use enqueue(job), which has a transaction of its own.");
            }
            return work.get();
        } catch (SQLException e) {
            throw SqlErrors.explain("enqueue in your transaction", e);
        }
    }

    private interface SqlSupplier<T> {
        T get() throws SQLException;
    }

    static String text(NewJob job) {
        if (job.payload() instanceof Payload.Text(var text)) return text;
        throw new IllegalStateException("PostgreSQL keeps text, not values");
    }

    static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : duration.toMillis();
    }

    /** Jobs that are on their way still arrive. */
    @Override
    public void close() {
        group.close();
    }
}
