package dev.millrace.postgres;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Which shard a job goes to. Jobs with a text to spread by go where rendezvous hashing says (Thaler and Ravishankar, 1996): each shard
 * gets a score from FNV-1a of the text, mixed with the shard's number by the finaliser of SplitMix64; the highest wins. So when a shard is
 * added only its share moves. Without a text they take turns; single ones that share a transaction share a shard.
 */
final class Shards {

    /** So many that come in company follow each other into one shard: about as many as a claim finds, which costs the same for one. */
    private static final int IN_A_ROW = 256;

    private final int count;
    private final AtomicInteger next;
    private final AtomicInteger inCompany = new AtomicInteger();

    Shards(int count, int first) {
        this.count = count;
        this.next = new AtomicInteger(first);
    }

    int of(@Nullable String spread) {
        if (spread == null) return Math.floorMod(next.getAndIncrement(), count);
        long hash = fnv1a(spread);
        int best = 0;
        long highest = Long.MIN_VALUE;
        for (int shard = 0; shard < count; shard++) {
            long score = mix(hash + shard * 0x9E3779B97F4A7C15L);
            if (score > highest) {
                highest = score;
                best = shard;
            }
        }
        return best;
    }

    /** The shard of all those of one transaction that have no text, of so many; who is alone takes his turn. */
    int shared(int jobs) {
        return jobs == 1 ? of(null) : Math.floorMod(inCompany.getAndAdd(jobs) / IN_A_ROW, count);
    }

    private static long fnv1a(String text) {
        long hash = 0xCBF29CE484222325L;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
        return hash;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
