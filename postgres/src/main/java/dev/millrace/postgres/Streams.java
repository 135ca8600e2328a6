package dev.millrace.postgres;

import dev.millrace.Priority;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.StreamInfo;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The streams of this process's queues, as they were seen last. Streams are never removed; but a failover to a standby that lagged may have
 * lost one, and its number be another's. So who uses a number says in the same statement what it should stand for, and has it {@linkplain
 * #forget forgotten} if it does not. A queue that has no streams gets them in a transaction of its own, on a connection of its own:
 * producers of a new queue must not wait for each other. So it gets its keyed shards, with the first job that goes to one, and a side shard that was lost.
 */
final class Streams {

    private record Key(String queue, Priority priority, int shard) {}

    private final Pool pool;
    private final JobSql sql;
    private final Map<Key, StreamInfo> known = new ConcurrentHashMap<>();
    private final Map<Integer, StreamInfo> byId = new ConcurrentHashMap<>();

    Streams(Pool pool, JobSql sql) {
        this.pool = pool;
        this.sql = sql;
    }

    /** For who has no transaction open yet: the queue is made if it is not there. */
    void need(String queue) {
        if (known.containsKey(new Key(queue, Priority.NORMAL, 0))) return;
        pool.look("look up queues", own -> refresh(own, Set.of(queue)));
    }

    /** The same for what this job needs: keyed shards too, if it has a line. */
    void need(NewJob job) {
        if (Line.of(job.headers()) == null) need(job.queue());
        else if (known(job.queue(), Priority.NORMAL, StreamInfo.KEYED) == null)
            now(job.queue(), Priority.NORMAL, StreamInfo.KEYED);
    }

    /** The one that {@link #in} would answer without asking; null if it would ask. */
    @Nullable
    StreamInfo known(String queue, Priority priority, int shard) {
        return known.get(new Key(queue, priority, shard));
    }

    /** For a transaction that is open on this connection; it is asked first, and needs no other unless the queue is new. */
    StreamInfo in(Connection tx, String queue, Priority priority, int shard) throws SQLException {
        var key = new Key(queue, priority, shard);
        var stream = known.get(key);
        if (stream != null) return stream;
        list(tx, Set.of(queue));
        stream = known.get(key);
        return stream == null ? now(queue, priority, shard) : stream;
    }

    /** As it stands now, outside of any transaction. */
    StreamInfo now(String queue, Priority priority, int shard) {
        return pool.look("look up queues", own -> made(own, queue, priority, shard))
                .orElseThrow(() -> new IllegalStateException("queue %s has no shard %d".formatted(queue, shard)));
    }

    private Optional<StreamInfo> made(Connection own, String queue, Priority priority, int shard) throws SQLException {
        var there = among(refresh(own, Set.of(queue)), priority, shard);
        if (there.isPresent() || shard < StreamInfo.ASIDE) return there;
        try (var add = shard < StreamInfo.KEYED
                ? Session.prepare(own, sql.addSideShards, queue, priority.rank(), new int[] {shard})
                : Session.prepare(own, sql.addKeyedShards, queue)) {
            add.execute();
        }
        return among(list(own, Set.of(queue)), priority, shard);
    }

    private static Optional<StreamInfo> among(List<StreamInfo> streams, Priority priority, int shard) {
        return streams.stream()
                .filter(stream -> stream.priority() == priority && stream.shard() == shard)
                .findFirst();
    }

    /** What is known of these queues may be wrong. */
    void forget(Collection<String> queues) {
        known.keySet().removeIf(key -> queues.contains(key.queue()));
        byId.values().removeIf(stream -> queues.contains(stream.queue()));
    }

    /** Whether a stream with this number was listed. */
    boolean listed(int id) {
        return byId.containsKey(id);
    }

    /** The stream with this number. */
    StreamInfo info(int id) {
        @Nullable StreamInfo stream = byId.get(id);
        if (stream == null) throw new IllegalStateException("stream %d was never listed".formatted(id));
        return stream;
    }

    /** The streams of these queues as they are now, on a connection that commits by itself; a queue that has none gets them. */
    List<StreamInfo> refresh(Connection own, Collection<String> wanted) throws SQLException {
        var found = list(own, wanted);
        var missing = new TreeSet<>(wanted);
        for (var stream : found) missing.remove(stream.queue());
        if (missing.isEmpty()) return found;
        for (var queue : missing) {
            try (var add = Session.prepare(own, sql.addQueue, queue)) {
                add.execute();
            }
        }
        return list(own, wanted);
    }

    private List<StreamInfo> list(Connection connection, Collection<String> wanted) throws SQLException {
        var found = new ArrayList<StreamInfo>();
        try (var list = Session.prepare(connection, sql.streams, (Object) wanted.toArray(new String[0]));
                var rows = list.executeQuery()) {
            while (rows.next())
                found.add(new StreamInfo(
                        rows.getInt("id"),
                        rows.getString("queue"),
                        Priority.ofRank(rows.getInt("priority")),
                        rows.getInt("shard")));
        }
        remember(found, wanted);
        return found;
    }

    private void remember(List<StreamInfo> found, Collection<String> wanted) {
        var ids = new HashSet<Integer>();
        for (var stream : found) {
            ids.add(stream.id());
            byId.put(stream.id(), stream);
            known.put(new Key(stream.queue(), stream.priority(), stream.shard()), stream);
        }
        known.values().removeIf(stream -> wanted.contains(stream.queue()) && !ids.contains(stream.id()));
        // By their numbers they stay: who lists may see less than who has listed meanwhile, and a number that is
        // another's now is put with the next list.
    }
}
