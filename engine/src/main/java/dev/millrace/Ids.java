package dev.millrace;

import dev.millrace.world.World;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes job ids: UUIDs of version 7 (RFC 9562). 48 bits are the wall clock in milliseconds, 12 bits count within one, 62 bits are
 * random. Each id is greater than the one before, also when the clock stands still or jumps back: the counter then runs on, and a full
 * counter borrows the next millisecond.
 */
final class Ids {

    /** A new millisecond begins below this count, so that there is room to count on in it. */
    private static final int FIRST_COUNT = 1 << 11;

    private static final int COUNTER_BITS = 12;

    private final World world;
    private final ReentrantLock lock = new ReentrantLock();
    private final byte[] chance = new byte[4_096]; // drawn in blocks: a strong random source is slow to ask
    private int drawn = chance.length;
    private long last;

    Ids(World world) {
        this.world = world;
    }

    JobId next() {
        lock.lock();
        try {
            long now = (world.now().toEpochMilli() << COUNTER_BITS) | (draw() & (FIRST_COUNT - 1));
            last = Math.max(last + 1, now);
            long high = ((last >>> COUNTER_BITS) << 16) | 0x7000 | (last & 0xFFF);
            long low = (draw() >>> 2) | 0x8000_0000_0000_0000L;
            return new JobId(new UUID(high, low));
        } finally {
            lock.unlock();
        }
    }

    private long draw() {
        if (drawn == chance.length) {
            world.random().nextBytes(chance);
            drawn = 0;
        }
        long bits = 0;
        for (int i = 0; i < Long.BYTES; i++) bits = (bits << 8) | (chance[drawn++] & 0xFF);
        return bits;
    }
}
