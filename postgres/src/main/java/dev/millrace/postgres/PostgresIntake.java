package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.KeyTaken;
import dev.millrace.MillraceException;
import dev.millrace.store.Accepted;
import dev.millrace.store.Intake;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.Blocked;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.StreamInfo;
import dev.millrace.store.UniqueKey;
import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The producers' side: one job by INSERT, many by COPY, in a transaction of their own or in the caller's. Single jobs that come at the same
 * time {@linkplain GroupSender share} a transaction, unless they have a delay or a key. One with a unique key is one statement.
 */
final class PostgresIntake implements Intake, AutoCloseable {

    private static final int CLAIMED_KEY_TRIES = 5;
    private static final String SERIALIZATION = "40001";

    /** How long a unique key is waited for that another transaction holds open; a statement waits for a quarter of a second. */
    private static final Duration KEY_PATIENCE = Duration.ofSeconds(10);

    private static final Duration KEY_REST = Duration.ofMillis(20);

    private final Pool pool;
    private final JobSql sql;
    private final Streams streams;
    private final Shards shards;
    private final Json json;
    private final Notifier notifier;
    private final GroupSender group;
    private final World world;

    PostgresIntake(Pool pool, JobSql sql, Streams streams, Shards shards, Json json, Notifier notifier, World world) {
        this.pool = pool;
        this.sql = sql;
        this.streams = streams;
        this.shards = shards;
        this.json = json;
        this.notifier = notifier;
        this.world = world;
        this.group = new GroupSender(this::together, world);
    }

    @Override
    public Accepted enqueue(NewJob job) {
        streams.need(job.queue());
        if (job.unique() != null && job.idempotency() == null) return enqueueUnique(job);
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

    private Accepted enqueueAlone(NewJob job) {
        int shard = shards.of(job.spread());
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
            return putUnique(connection, job, stream, false, Hint.IN_TRANSACTION)
                    .orElseThrow(OtherStream::new);
        }
        if (!put(connection, job, streams.in(connection, job.queue(), job.priority(), shard), false))
            throw new OtherStream();
        hint(connection, job.queue(), Hint.IN_TRANSACTION); // of a delayed one too: its time may have come already
        return new Accepted(job.id(), false);
    }

    private Accepted putSurely(Connection connection, NewJob job, StreamInfo stream) throws SQLException {
        var known = known(connection, job);
        if (known != null) return known;
        if (job.unique() != null)
            return putUnique(connection, job, stream, true, Hint.IN_TRANSACTION).orElseThrow();
        put(connection, job, stream, true);
        hint(connection, job.queue(), Hint.IN_TRANSACTION);
        return new Accepted(job.id(), false);
    }

    @Override
    public Accepted enqueue(Connection tx, NewJob job) {
        return inTheirs(tx, () -> put(tx, job, shards.of(job.spread())));
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Iterator<NewJob> jobs) {
        var first = new JobId[1];
        try {
            return pool.transaction("enqueue", connection -> copy(connection, jobs, first, Hint.IN_TRANSACTION));
        } catch (CommitUnknown unknown) {
            throw unknown(first[0] + " and those after it", unknown);
        }
    }

    @Override
    public Map<JobId, JobId> enqueueAll(Connection tx, Iterator<NewJob> jobs) {
        return inTheirs(tx, () -> copy(tx, jobs, new JobId[1], Hint.AFTERWARDS));
    }

    private static CommitUnknown unknown(String jobs, CommitUnknown cause) {
        return new CommitUnknown(
                "The connection broke while the transaction was committed, so whether job %s was taken is not known. It is not sent again by itself. Ask find(…) with the id, or enqueue with an idempotency key: then repeating is harmless."
                        .formatted(jobs),
                cause);
    }

    /** How nodes elsewhere hear of it. */
    private enum Hint {
        /** Our own transaction says it, and is about to be committed. */
        IN_TRANSACTION,
        /** The caller's transaction stays silent. */
        AFTERWARDS
    }

    private void hint(Connection connection, String queue, Hint hint) throws SQLException {
        switch (hint) {
            case IN_TRANSACTION -> notifier.inTransaction(connection, queue);
            case AFTERWARDS -> notifier.afterwards(queue);
        }
    }

    // ---- one job

    /** In a caller's transaction, which can't be begun anew. */
    private Accepted put(Connection connection, NewJob job, int shard) throws SQLException {
        var known = known(connection, job);
        if (known != null) return known;
        if (job.unique() != null) {
            var stream = streams.in(connection, job.queue(), job.priority(), shard);
            var accepted = putUnique(connection, job, stream, false, Hint.AFTERWARDS);
            if (accepted.isPresent()) return accepted.get();
            var now = streams.now(job.queue(), job.priority(), shard);
            return putUnique(connection, job, now, true, Hint.AFTERWARDS).orElseThrow();
        }
        if (!put(connection, job, streams.in(connection, job.queue(), job.priority(), shard), false)) {
            // It is not what it was taken for; or it is new, and this transaction's snapshot is older. The look is
            // newer than both.
            put(connection, job, streams.now(job.queue(), job.priority(), shard), true);
        }
        hint(connection, job.queue(), Hint.AFTERWARDS);
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
        return due == null ? append(connection, job, stream, sure) : schedule(connection, job, stream, due, sure);
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
                        due instanceof Due.At(var moment) ? moment : null,
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
                if (rows.getString("request").equals(key.request()) || holder.equals(job)) return holder;
                throw new KeyTaken(
                        holder,
                        "The idempotency key \"%s\" stands for another request, job %s: %s. This one is: %s. Use a new key for a new request."
                                .formatted(key.key(), holder, rows.getString("request"), key.request()));
            }
        }
        throw new SQLException("idempotency key " + key.key() + " could not be seen under this isolation", "40001");
    }

    // ---- with a unique key

    /**
     * One statement, which commits by itself: only so may it withdraw what has not started, since that holds off the claims of a stream. Where another transaction
     * holds the key it is tried again, with the connection given back: callers that wait for an open one must not hold all there are.
     */
    private Accepted enqueueUnique(NewJob job) {
        int shard = shards.of(job.spread());
        long began = world.nanoTime();
        while (true) {
            try {
                return atOnce(job, shard);
            } catch (CommitUnknown unknown) {
                throw unknown(job.id().toString(), unknown);
            } catch (Blocked behind) {
                if (world.nanoTime() - began > KEY_PATIENCE.toNanos()) throw held(job, behind);
                rest(job, behind);
            } catch (Unavailable refused) {
                if (!strict(refused)) throw refused;
                return enqueueAlone(job);
            }
        }
    }

    private Accepted atOnce(NewJob job, int shard) {
        var known = pool.once(
                "enqueue", c -> unique(c, job, streams.in(c, job.queue(), job.priority(), shard), true, false));
        if (known.isPresent()) return known.get();
        var stream = streams.now(job.queue(), job.priority(), shard);
        return pool.once("enqueue", c -> unique(c, job, stream, true, true)).orElseThrow();
    }

    private void rest(NewJob job, Blocked behind) {
        try {
            world.sleep(KEY_REST);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw held(job, behind);
        }
    }

    private static Blocked held(NewJob job, Blocked cause) {
        return new Blocked(
                "A job with the unique key %s can't be enqueued: most likely another transaction has enqueued one, and stays open. Nothing was written; enqueue again when it has ended."
                        .formatted(Objects.requireNonNull(job.unique()).key()),
                cause);
    }

    /** In a transaction of several statements, ours or a caller's. Empty if the stream is not what it is taken for. */
    private Optional<Accepted> putUnique(Connection connection, NewJob job, StreamInfo stream, boolean sure, Hint hint)
            throws SQLException {
        var accepted = unique(connection, job, stream, false, sure);
        var key = job.idempotency();
        if (key != null && accepted.isPresent() && accepted.get().existed()) {
            try (var update = Session.prepare(
                    connection,
                    sql.idempotencyGoesTo,
                    accepted.get().job().value(),
                    key.key(),
                    job.id().value())) {
                update.executeUpdate();
            }
        }
        if (accepted.isPresent() && !refused(job, accepted.get())) hint(connection, job.queue(), hint);
        return accepted;
    }

    /** Whether nothing was changed: with other policies the job that is there may be due sooner now. */
    private static boolean refused(NewJob job, Accepted accepted) {
        var policy = Objects.requireNonNull(job.unique()).policy();
        return accepted.existed() && (policy instanceof UniqueKey.UntilEnded || policy instanceof UniqueKey.Within);
    }

    /** Empty if the stream is not what it is taken for. */
    private Optional<Accepted> unique(Connection connection, NewJob job, StreamInfo stream, boolean alone, boolean sure)
            throws SQLException {
        var rows = new UniqueRows(json);
        rows.add(job, stream);
        var told = alone ? notifier.leading(List.of(job.queue())) : List.<String>of();
        rows.calls();
        return holders(connection, rows, 0, told, alone, sure).stream()
                .findFirst()
                .map(holder -> new Accepted(holder, !holder.equals(job.id())));
    }

    /** Who has the keys of the jobs of a call now, in their order; empty if a stream is not what it is taken for. */
    private List<JobId> holders(
            Connection connection, UniqueRows jobs, int call, List<String> told, boolean withdraws, boolean sure)
            throws SQLException {
        var given = jobs.parameters(call, withdraws, sure);
        var parameters = Arrays.copyOf(given, given.length + 3);
        parameters[given.length] = notifier.channel();
        parameters[given.length + 1] = told.toArray(new String[0]);
        parameters[given.length + 2] =
                jobs.jobs(call).stream().map(job -> job.id().value()).toArray(UUID[]::new);
        var holders = new TreeMap<Long, JobId>();
        try (var statement = Session.prepare(connection, sql.enqueueUnique, parameters);
                var rows = statement.executeQuery()) {
            while (rows.next()) holders.put(rows.getLong("nr"), new JobId(rows.getObject("job_id", UUID.class)));
        }
        return List.copyOf(holders.values());
    }

    private void send(Connection connection, UniqueRows rows, Map<JobId, JobId> held) throws SQLException {
        int calls = rows.calls();
        for (int call = 0; call < calls; call++) {
            var jobs = rows.jobs(call);
            var holders = holders(connection, rows, call, List.of(), false, true);
            for (int i = 0; i < holders.size(); i++) {
                var job = jobs.get(i).id();
                if (!holders.get(i).equals(job)) held.put(job, holders.get(i));
            }
        }
        rows.clear();
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
        int without = (int) jobs.stream().filter(job -> job.spread() == null).count();
        int shared = without == 0 ? 0 : shards.shared(without);
        for (int i = 0; i < count; i++) {
            var job = jobs.get(i);
            int shard = job.spread() == null ? shared : shards.of(job.spread());
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

    // ---- many

    /** Returns, of those whose unique key is held, which job holds it. */
    private Map<JobId, JobId> copy(Connection connection, Iterator<NewJob> jobs, @Nullable JobId[] first, Hint hint)
            throws SQLException {
        int part;
        Instant now;
        try (var look = connection.prepareStatement(sql.intakeState);
                var rows = look.executeQuery()) {
            rows.next();
            part = rows.getInt("current_part");
            now = java.util.Objects.requireNonNull(Session.instant(rows, "at"));
        }
        var log = new CopyBlock(sql.appendCopy);
        var timers = new CopyBlock(sql.scheduleCopy);
        var unique = new UniqueRows(json);
        var held = new HashMap<JobId, JobId>();
        var queues = new TreeSet<String>();
        var used = new HashSet<StreamInfo>();
        while (jobs.hasNext()) {
            var job = jobs.next();
            if (first[0] == null) first[0] = job.id();
            var due = job.due();
            var at = switch (due) {
                case null -> now;
                case Due.In(var delay) -> now.plus(delay);
                case Due.At(var moment) -> moment;
            };
            var stream = streams.in(connection, job.queue(), job.priority(), shards.of(job.spread()));
            used.add(stream);
            if (job.unique() != null) {
                unique.add(job, stream);
                queues.add(job.queue());
            } else if (!at.isAfter(now)) {
                rest(log.row(8).number(part).number(stream.id()), job, now);
                queues.add(job.queue());
            } else {
                rest(timers.row(9).instant(at).flag(false).number(stream.id()), job, now);
            }
            if (log.full()) log.send(connection);
            if (timers.full()) timers.send(connection);
            if (unique.full()) send(connection, unique, held);
        }
        log.send(connection);
        timers.send(connection);
        send(connection, unique, held);
        refuseStrangers(connection, used);
        for (var queue : queues) hint(connection, queue, hint);
        return held;
    }

    /** A stream that is not what it was taken for takes all with it; one that is too new for this transaction's snapshot is right. */
    private void refuseStrangers(Connection connection, Set<StreamInfo> used) throws SQLException {
        if (strangers(connection, used) == 0) return;
        if (pool.look("look up queues", own -> strangers(own, used)) == 0) return;
        var queues = new TreeSet<String>();
        for (var stream : used) queues.add(stream.queue());
        streams.forget(queues);
        throw new Unavailable(
                "The streams of queue %s are not what they were: the database went back to an older state. Nothing was written; enqueue again."
                        .formatted(String.join(", ", queues)));
    }

    private int strangers(Connection connection, Set<StreamInfo> used) throws SQLException {
        var all = List.copyOf(used);
        try (var look = Session.prepare(
                        connection,
                        sql.strangers,
                        all.stream().mapToInt(StreamInfo::id).toArray(),
                        all.stream().map(StreamInfo::queue).toArray(String[]::new),
                        all.stream()
                                .mapToInt(stream -> stream.priority().rank())
                                .toArray());
                var rows = look.executeQuery()) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private void rest(CopyBlock row, NewJob job, Instant now) {
        var expiresAfter = job.expiresAfter();
        row.id(job.id().value())
                .text(job.kind())
                .number(job.kindVersion())
                .text(text(job))
                .json(json.write(job.headers()))
                .instant(expiresAfter == null ? null : now.plus(expiresAfter));
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

    private static String text(NewJob job) {
        if (job.payload() instanceof Payload.Text(var text)) return text;
        throw new IllegalStateException("PostgreSQL keeps text, not values");
    }

    private static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : duration.toMillis();
    }

    /** Jobs that are on their way still arrive. */
    @Override
    public void close() {
        group.close();
    }
}
