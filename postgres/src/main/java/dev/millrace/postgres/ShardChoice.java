package dev.millrace.postgres;

import dev.millrace.store.Crowds;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Which shard a job goes to. Jobs with a text to spread by go where rendezvous hashing says (Thaler and Ravishankar, 1996): each shard
 * gets a score from FNV-1a of the text, mixed with the shard's number by the finaliser of SplitMix64; the highest wins. So when a shard is
 * added only its share moves. Without a text they take turns; single ones that share a transaction share a shard. Jobs with a {@link Line} go
 * to keyed shards, in the same way by what counts together. Those of a tenant that has more than a few go to a {@linkplain SideShards side shard}.
 */
final class ShardChoice {

    /** So many that come in company follow each other into one shard: about as many as a claim finds, which costs the same for one. */
    private static final int IN_A_ROW = 256;

    private final int count;
    private final int keyed;
    private final Asides asides;
    private final AtomicInteger next;
    private final AtomicInteger inCompany = new AtomicInteger();

    /** Which tenants are set aside. */
    interface Asides {
        /**
         * The number of the side shard that a job of a tenant goes to; negative if it goes where all do.
         *
         * @param waits whether it may be waited a moment for the first ones of a queue and priority
         */
        int of(NewJob job, String tenant, boolean waits);
    }

    /**
     * Those of each queue.
     *
     * @param keyed how many are keyed
     * @param first whose turn it is first
     */
    ShardChoice(int count, int keyed, Asides asides, int first) {
        this.count = count;
        this.keyed = keyed;
        this.asides = asides;
        this.next = new AtomicInteger(first);
    }

    /** The shard number of the stream that a job goes to. It is about to be enqueued: a tenant's jobs are counted. */
    int forJob(NewJob job) {
        return forJob(job, false);
    }

    /** The same where it may be waited a moment. */
    int forJob(NewJob job, boolean waits) {
        var line = Line.of(job.headers());
        if (line != null) return StreamInfo.keyed(highest(line.home(), keyed));
        var tenant = Crowds.tenant(job);
        int aside = tenant == null ? -1 : asides.of(job, tenant, waits);
        return aside < 0 ? of(job.spread()) : aside;
    }

    /** Whether it may go to any shard that is not keyed. */
    static boolean isFree(NewJob job) {
        return job.spread() == null && Crowds.tenant(job) == null && Line.of(job.headers()) == null;
    }

    int of(@Nullable String spread) {
        return spread == null ? Math.floorMod(next.getAndIncrement(), count) : highest(spread, count);
    }

    static int highest(String text, int shards) {
        long hash = fnv1a(text);
        int best = 0;
        long highest = Long.MIN_VALUE;
        for (int shard = 0; shard < shards; shard++) {
            long score = mix(hash + shard * 0x9E3779B97F4A7C15L);
            if (score > highest) {
                highest = score;
                best = shard;
            }
        }
        return best;
    }

    /** The shard of all those of one transaction that are {@linkplain #isFree free}, of so many; who is alone takes his turn. */
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
