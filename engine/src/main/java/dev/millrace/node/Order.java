package dev.millrace.node;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.store.Line;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The jobs of one order key. */
final class Order implements Group.Ready {
    final Group group;
    final String key;
    final NavigableMap<Line.Position, HeldDelivery> waiting = new TreeMap<>();
    final Set<JobId> absent = new TreeSet<>(Lines::compare);
    final Scope.Key scope;

    /** Whether operators let nothing of it start. */
    boolean paused;

    @Nullable
    HeldDelivery started;

    boolean listed;

    @Nullable
    Tail tail;

    Order(Group group, String key, String order) {
        this.group = group;
        this.key = key;
        this.scope = new Scope.Key(group.shard.stream.queue(), order);
    }

    boolean mayStart() {
        return !paused && started == null && absent.isEmpty() && hasNext() && group.shard.unreadable == 0;
    }

    /** Whether it has one that stands before all that is parked. */
    boolean hasNext() {
        return !waiting.isEmpty() && (tail == null || waiting.firstKey().compareTo(tail.first) < 0);
    }
}
