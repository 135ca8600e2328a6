package dev.millrace.node;

import org.jspecify.annotations.Nullable;

/** Where a delivery of this node stands, or stood when its turn came. */
final class Stand {
    final Shard shard;
    final Group group;
    final @Nullable Order order;

    /** How much of its limit's rate it takes. */
    final int weight;

    /** That it is parked, or about to be, behind others of its row. */
    @Nullable
    Tail tail;

    boolean running;

    /** How much its rate has let go for it, whose handler has not begun. */
    int underWay;

    Stand(Shard shard, Group group, @Nullable Order order, int weight) {
        this.shard = shard;
        this.group = group;
        this.order = order;
        this.weight = weight;
    }
}
