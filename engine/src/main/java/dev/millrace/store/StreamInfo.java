package dev.millrace.store;

import dev.millrace.Priority;

/**
 * One queue × priority × shard.
 *
 * @param id its number in the store
 * @param shard from 0; {@value #FRONT} is the front stream, claimed before the others of its priority; from {@value #ASIDE} on, those of tenants that are
 *     {@linkplain Crowds set aside}; from {@value #KEYED} on, those of keyed shards, which their {@linkplain Ownership owner} claims from, each followed by its
 *     front
 */
public record StreamInfo(int id, String queue, Priority priority, int shard) {

    /** The shard number of the front: rescued and handed-back deliveries. */
    public static final int FRONT = -1;

    /** The first shard number of side shards. */
    public static final int ASIDE = 500;

    /** Side shards of a queue and priority with one tenant each, at most. */
    public static final int SIDE_SHARDS = 32;

    /** The first number of those that are shared by all who have more than a few jobs. */
    public static final int SHARED_ASIDE = 540;

    /** How many of these there are, where there are any. */
    public static final int SHARED_SIDE_SHARDS = 8;

    /** The first shard number of keyed shards. */
    public static final int KEYED = 1_000;

    /** Whether only its owner may claim from it. */
    public boolean keyed() {
        return shard >= KEYED;
    }

    /** Whether it is a side shard: for tenants with more than a few jobs. */
    public boolean aside() {
        return shard >= ASIDE && !keyed();
    }

    /** Whether it is a side shard of one tenant. */
    public boolean alone() {
        return aside() && shard < SHARED_ASIDE;
    }

    /** The number of the shared side shard for a text with this hash. */
    public static int sharedAside(int hash) {
        return SHARED_ASIDE + Math.floorMod(hash, SHARED_SIDE_SHARDS);
    }

    /** Whether things come back to it. */
    public boolean front() {
        return shard == FRONT || (keyed() && (shard - KEYED) % 2 == 1);
    }

    /** The shard number of the keyed shard with this number, from 0. */
    public static int keyed(int number) {
        return KEYED + 2 * number;
    }

    /** The shard number of its front. */
    public static int keyedFront(int number) {
        return keyed(number) + 1;
    }
}
