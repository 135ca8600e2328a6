package dev.millrace.postgres;

import dev.millrace.Priority;
import dev.millrace.store.StreamInfo;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The streams of this process's queues. Streams are never removed, so what was seen once holds. A queue that has none gets them in a
 * transaction of its own, on a connection of its own: producers of a new queue must not wait for each other.
 */
final class Streams {

    private record Key(String queue, Priority priority, int shard) {}

    private final Pool pool;
    private final JobSql sql;
    private final Map<Key, StreamInfo> known = new ConcurrentHashMap<>();
    private final Map<Integer, StreamInfo> byId = new ConcurrentHashMap<>();
    private final Set<String> queues = ConcurrentHashMap.newKeySet();

    Streams(Pool pool, JobSql sql) {
        this.pool = pool;
        this.sql = sql;
    }

    int id(String queue, Priority priority, int shard) {
        var stream = known.get(new Key(queue, priority, shard));
        if (stream == null) {
            of(Set.of(queue));
            stream = known.get(new Key(queue, priority, shard));
        }
        if (stream == null) throw new IllegalStateException("queue %s has no shard %d".formatted(queue, shard));
        return stream.id();
    }

    /** The stream with this number. */
    StreamInfo info(int id) {
        var stream = byId.get(id);
        if (stream == null) throw new IllegalStateException("stream %d was never listed".formatted(id));
        return stream;
    }

    List<StreamInfo> of(Collection<String> wanted) {
        if (!queues.containsAll(wanted)) load(wanted);
        var found = new ArrayList<StreamInfo>();
        for (var stream : byId.values()) if (wanted.contains(stream.queue())) found.add(stream);
        found.sort((a, b) -> Integer.compare(a.id(), b.id()));
        return found;
    }

    private void load(Collection<String> wanted) {
        pool.look("look up queues", connection -> {
            var missing = new TreeSet<>(wanted);
            missing.removeAll(list(connection, wanted));
            for (var queue : missing) {
                try (var add = Session.prepare(connection, sql.addQueue, queue)) {
                    add.execute();
                }
            }
            if (!missing.isEmpty()) list(connection, missing);
            return queues.addAll(wanted);
        });
    }

    private Set<String> list(Connection connection, Collection<String> wanted) throws SQLException {
        var present = new TreeSet<String>();
        try (var list = Session.prepare(connection, sql.streams, (Object) wanted.toArray(new String[0]));
                var rows = list.executeQuery()) {
            while (rows.next()) {
                var stream = new StreamInfo(
                        rows.getInt("id"),
                        rows.getString("queue"),
                        Priority.ofRank(rows.getInt("priority")),
                        rows.getInt("shard"));
                known.put(new Key(stream.queue(), stream.priority(), stream.shard()), stream);
                byId.put(stream.id(), stream);
                present.add(stream.queue());
            }
        }
        return present;
    }
}
