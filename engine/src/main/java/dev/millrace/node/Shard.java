package dev.millrace.node;

import dev.millrace.JobId;
import dev.millrace.store.StreamInfo;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SequencedSet;

/** A shard that this node owns. */
final class Shard {

    enum Phase {
        /** What is absent is known; the front is not read to its end. */
        LOADING,
        OPEN,
        /** Nothing starts any more; it is given up when nothing of it is held. */
        LEAVING
    }

    final StreamInfo stream;
    final StreamInfo front;
    final long since;
    final Map<String, Group> groups = new HashMap<>();
    final Map<String, Order> orders = new HashMap<>();
    Phase phase = Phase.LOADING;
    boolean frontClaimed;
    int held;
    int waiting;
    long bytes;

    /** Claimed of what was enqueued, and not read. */
    int unread;

    /** Whether it has more than was claimed, as far as is known. */
    boolean more;

    /** Deliveries of it that could not be read: nobody knows whose turn it is. */
    int unreadable;

    final SequencedSet<Tail> tails = new LinkedHashSet<>();

    /** Of these the ones that could go on; the first in the log first. */
    final PriorityQueue<ParkedRows.Wanting> wanting = new PriorityQueue<>();

    /** What was recalled and has not been read since. */
    final Map<JobId, Tail> coming = new HashMap<>();

    /** Whether it had no room when that was looked at last, and nothing has been claimed of it since. */
    boolean full;

    /** Whether some may have been recalled of which nobody has heard. */
    boolean doubtful;

    Shard(StreamInfo stream, StreamInfo front, long since) {
        this.stream = stream;
        this.front = front;
        this.since = since;
    }
}
