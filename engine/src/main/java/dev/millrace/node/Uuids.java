package dev.millrace.node;

import java.util.UUID;
import java.util.random.RandomGenerator;

/** Random identities (RFC 9562, version 4) from the world's own chance, so that a simulated fleet draws the same ones again. */
final class Uuids {

    private Uuids() {}

    static UUID random(RandomGenerator random) {
        long high = (random.nextLong() & ~0xF000L) | 0x4000L;
        long low = (random.nextLong() & ~(0b11L << 62)) | (0b10L << 62);
        return new UUID(high, low);
    }
}
