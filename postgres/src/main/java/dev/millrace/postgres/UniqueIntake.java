package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.store.Accepted;
import dev.millrace.store.NewJob;
import dev.millrace.store.StoreException.Blocked;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StreamInfo;
import dev.millrace.store.UniqueKey;
import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** Jobs with unique keys, on their way in. {@code migration/V026__unique_keys.sql}. */
final class UniqueIntake {

    /** How long a unique key is waited for that another transaction holds open; a statement waits for a quarter of a second. */
    private static final Duration KEY_PATIENCE = Duration.ofSeconds(10);

    private static final Duration KEY_REST = Duration.ofMillis(20);

    private final Pool pool;
    private final JobSql sql;
    private final Streams streams;
    private final ShardChoice shards;
    private final Json json;
    private final Notifier notifier;
    private final World world;

    UniqueIntake(
            Pool pool, JobSql sql, Streams streams, ShardChoice shards, Json json, Notifier notifier, World world) {
        this.pool = pool;
        this.sql = sql;
        this.streams = streams;
        this.shards = shards;
        this.json = json;
        this.notifier = notifier;
        this.world = world;
    }

    /**
     * Takes a job in one statement, which commits by itself: only so may it withdraw what has not started, since that holds off the claims of a stream. Where another transaction
     * holds the key it is tried again, with the connection given back: callers that wait for an open one must not hold all there are.
     */
    Accepted enqueue(NewJob job) {
        int shard = shards.forJob(job);
        long began = world.nanoTime();
        while (true) {
            try {
                return atOnce(job, shard);
            } catch (CommitUnknown unknown) {
                throw PostgresIntake.unknown(job.id().toString(), unknown);
            } catch (Blocked behind) {
                if (world.nanoTime() - began > KEY_PATIENCE.toNanos()) throw held(job, behind);
                rest(job, behind);
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
    Optional<Accepted> put(Connection connection, NewJob job, StreamInfo stream, boolean sure, Hint hint)
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
        if (accepted.isPresent() && !refused(job, accepted.get())) hint.tell(notifier, connection, job.queue());
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

    /** What was gathered; of those whose key is held, which job holds it. */
    void send(Connection connection, UniqueRows rows, Map<JobId, JobId> held) throws SQLException {
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
}
