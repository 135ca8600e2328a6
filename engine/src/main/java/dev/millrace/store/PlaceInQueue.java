package dev.millrace.store;

import dev.millrace.QueueView.Depth;
import dev.millrace.Why.Band;
import java.util.List;

/**
 * Where a job that is available stands among those of its queue that are available, in the order in which nodes claim. Each number is counted up to {@value #LOOK},
 * and not exact where there may be more.
 *
 * @param stream in which it waits
 * @param ahead how many stand before it in that stream
 * @param front how many are in the front of its priority, which goes before the other streams; none of one that is in it
 * @param shards how many are in other shards of its priority that no side shards are: these go first for one in a side shard, and by turns with its own for others; none
 *     of one that is in the front
 * @param higher the priorities above its own at which jobs are available that go before it, the highest first
 */
public record PlaceInQueue(StreamInfo stream, Depth ahead, Depth front, Depth shards, List<Band> higher) {

    /** Deliveries that are looked at: of its own stream, of the front, of the shards, and of each priority above. */
    public static final int LOOK = 10_000;

    public PlaceInQueue {
        higher = List.copyOf(higher);
    }
}
