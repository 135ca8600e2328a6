package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Many jobs, by COPY, in a transaction that somebody else commits. */
final class BulkIntake {

    /** How long a statement may last. */
    private static final Duration OPEN = Duration.ofSeconds(1);

    private final Pool pool;
    private final JobSql sql;
    private final Streams streams;
    private final ShardChoice shards;
    private final Json json;
    private final Notifier notifier;
    private final UniqueIntake uniques;
    private final World world;

    BulkIntake(
            Pool pool,
            JobSql sql,
            Streams streams,
            ShardChoice shards,
            Json json,
            Notifier notifier,
            UniqueIntake uniques,
            World world) {
        this.pool = pool;
        this.sql = sql;
        this.streams = streams;
        this.shards = shards;
        this.json = json;
        this.notifier = notifier;
        this.uniques = uniques;
        this.world = world;
    }

    /**
     * Takes all of them. While the iterator makes the next, nothing is under way on the connection.
     *
     * @param first gets the first one's id
     * @return of those whose unique key is held, which job holds it
     */
    Map<JobId, JobId> copy(Connection connection, Iterator<NewJob> jobs, @Nullable JobId[] first, Hint hint)
            throws SQLException {
        return copy(connection, jobs, first, hint, false);
    }

    /** The same on a connection that the iterator has nothing to do with: while it makes the next jobs, the server stores those before. */
    Map<JobId, JobId> pour(Connection connection, Iterator<NewJob> jobs, @Nullable JobId[] first) throws SQLException {
        return copy(connection, jobs, first, Hint.IN_TRANSACTION, true);
    }

    private Map<JobId, JobId> copy(
            Connection connection, Iterator<NewJob> jobs, @Nullable JobId[] first, Hint hint, boolean pours)
            throws SQLException {
        var copying = new Copying(connection, pours);
        try {
            while (jobs.hasNext()) {
                var job = jobs.next();
                if (first[0] == null) first[0] = job.id();
                copying.add(job);
            }
            copying.sendAll();
        } catch (Throwable failed) {
            copying.log.leave(failed);
            copying.timers.leave(failed);
            throw failed;
        }
        refuseStrangers(connection, copying.used);
        for (var queue : copying.queues) hint.tell(notifier, connection, queue);
        return copying.held;
    }

    /** Jobs on their way into their tables. */
    private final class Copying {

        private final Connection connection;
        private final boolean pours;
        private final int part;
        private final Instant now;
        private final CopyBlock log = new CopyBlock(sql.appendCopy);
        private final CopyBlock timers = new CopyBlock(sql.scheduleCopy);
        private final UniqueRows unique = new UniqueRows(json);
        private final DependencyRows dependencies = new DependencyRows(sql);
        private final Map<JobId, JobId> held = new HashMap<>();
        private final Set<String> queues = new TreeSet<>();
        private final Set<StreamInfo> used = new HashSet<>();
        private long openedAt;

        Copying(Connection connection, boolean pours) throws SQLException {
            this.connection = connection;
            this.pours = pours;
            try (var look = connection.prepareStatement(sql.intakeState);
                    var rows = look.executeQuery()) {
                rows.next();
                part = rows.getInt("current_part");
                now = Objects.requireNonNull(Session.instant(rows, "at"));
            }
        }

        void add(NewJob job) throws SQLException {
            var stream = stream(job);
            used.add(stream);
            var at = at(job);
            if (dependencies.add(job)) queues.add(job.queue()); // it may be due: what it waits for has ended
            if (job.unique() != null) {
                unique.add(job, stream);
                queues.add(job.queue());
            } else if (!at.isAfter(now)) {
                rest(log.row(8).number(part).number(stream.id()), job, now);
                queues.add(job.queue());
            } else {
                rest(timers.row(9).instant(at).flag(false).number(stream.id()), job, now);
            }
            if (timers.full()) {
                log.send(connection);
                timers.send(connection);
            }
            if (unique.full()) {
                log.send(connection);
                uniques.send(connection, unique, held);
            }
            if (dependencies.full()) sendAll();
            if (pours) pour();
            else if (log.full()) log.send(connection);
        }

        /** A COPY stays open for a second at most, or for as long as the next job takes to be made. */
        private void pour() throws SQLException {
            if (log.pours()) {
                if (!log.isOpen()) openedAt = world.nanoTime();
                log.pour(connection);
            } else if (log.isOpen() && world.nanoTime() - openedAt > OPEN.toNanos()) {
                log.send(connection);
            }
        }

        private StreamInfo stream(NewJob job) throws SQLException {
            int shard = shards.forJob(job, pours);
            var known = streams.known(job.queue(), job.priority(), shard);
            if (known != null) return known;
            log.send(connection); // it may be asked for on this connection
            return streams.in(connection, job.queue(), job.priority(), shard);
        }

        private Instant at(NewJob job) {
            return switch (job.due()) {
                case null -> now;
                case Due.In(var delay) -> now.plus(delay);
                case Due.At(var moment) -> moment;
                case Due.After after -> Session.NO_TIME;
            };
        }

        /** One after the other: the first may be open still. */
        void sendAll() throws SQLException {
            log.send(connection);
            timers.send(connection);
            uniques.send(connection, unique, held);
            dependencies.send(connection, held.keySet());
        }
    }

    /** A stream that is not what it was taken for takes all with it; one that is too new for this transaction's snapshot is right. */
    void refuseStrangers(Connection connection, Set<StreamInfo> used) throws SQLException {
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
                .text(PostgresIntake.text(job))
                .json(json.write(job.headers()))
                .instant(expiresAfter == null ? null : now.plus(expiresAfter));
    }
}
