package dev.millrace.node;

import dev.millrace.store.Line;
import org.jspecify.annotations.Nullable;

/** What is parked behind a row. Its row does not start what stood behind the first of them. */
final class Tail {
    final Group group;
    final @Nullable Order order;
    final String row;

    /** Where the first of them stands, or is about to; none stands before that. */
    Line.Position first;

    /** How many are about to be parked: before that is durable, nobody could recall them. */
    int underWay;

    /** How many were recalled and have not been read since. */
    int coming;

    boolean listed;

    Tail(Group group, @Nullable Order order, String row, Line.Position first) {
        this.group = group;
        this.order = order;
        this.row = row;
        this.first = first;
    }

    /** Where the first of them stands now; null if none is there any more. */
    void begins(Line.@Nullable Position at) {
        if (order != null) group.behind.remove(first, this);
        if (at == null) return;
        first = at;
        if (order != null) group.behind.put(at, this);
    }
}
