package dev.millrace.store;

import dev.millrace.Priority;

/**
 * One queue × priority × shard.
 *
 * @param id its number in the store
 * @param shard from 0; {@value #FRONT} is the front stream, claimed before the others of its priority
 */
public record StreamInfo(int id, String queue, Priority priority, int shard) {

    /** The shard number of the front: rescued and handed-back deliveries. */
    public static final int FRONT = -1;

    public boolean front() {
        return shard == FRONT;
    }
}
