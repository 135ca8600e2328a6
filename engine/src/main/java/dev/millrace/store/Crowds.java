package dev.millrace.store;

import dev.millrace.Priority;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which tenants ask for so much that others must not stand behind them. The jobs of who has asked for a <b>few</b> lately are in the queue's ordinary shards. Who asks for <b>more</b> goes to side shards, which are
 * claimed from behind those. Who asks for <b>much</b> more than others, more than one in sixteen of all jobs with a tenant that this process has enqueued lately to the queue at that priority, has a
 * side shard alone: at most fifteen at a time, as one process sees it.
 *
 * <p>What was enqueued counts half after five seconds. So memory is bounded by what comes in that time, and by a number of tenants beyond which all counts are halved early (as in lossy
 * counting, Manku and Motwani 2002). A job of a tenant with a larger {@linkplain #SHARE share} counts less.
 *
 * <p>That excess work is sidelined by who sends it is from Amazon's account of its queues (<em>Avoiding insurmountable queue backlogs</em>).
 *
 * <p>Safe for any thread. What it says decides nothing but who waits for whom: it may be lost, and processes may differ.
 */
public final class Crowds {

    /** How much a tenant has asked for lately. */
    public enum Load {
        FEW,
        MORE,
        MUCH
    }

    /** The header that holds a tenant's share, if it is more than one. No sender can say it: what they name begins with a letter or a digit. */
    public static final String SHARE = ":share";

    /** The largest share. */
    public static final int LARGEST_SHARE = 100;

    /** So many jobs are a few. */
    private static final double FEW = 16;

    /** Part of all jobs of tenants that is not much. */
    private static final double PART = 1.0 / 16;

    /** After so long what was counted counts half. */
    private static final long HALF = Duration.ofSeconds(5).toNanos();

    /** What is less after a halving is forgotten. */
    private static final double LEAST = 0.5;

    /** Queues and priorities that are counted, at most. */
    private static final int MOST_PLACES = 10_000;

    /** Tenants that are counted of one queue and priority, at most. */
    private static final int MOST = 20_000;

    private final Map<Place, Counts> places = new ConcurrentHashMap<>();

    private record Place(String queue, Priority priority) {}

    private static final class Counts {
        private final Map<String, Double> tenants = new HashMap<>();
        private double all;
        private long halvedAt;

        Counts(long now) {
            halvedAt = now;
        }

        synchronized Load add(String tenant, double cost, long now) {
            while (now - halvedAt >= HALF && all > 0) {
                halve();
                halvedAt += HALF;
            }
            if (now - halvedAt >= HALF) halvedAt = now;
            if (tenants.size() >= MOST && !tenants.containsKey(tenant)) halve();
            all += cost;
            double count = tenants.merge(tenant, cost, Double::sum);
            if (count <= FEW) return Load.FEW;
            return count > all * PART ? Load.MUCH : Load.MORE;
        }

        private void halve() {
            tenants.replaceAll((tenant, count) -> count / 2);
            tenants.values().removeIf(count -> count < LEAST);
            all = 0;
            for (double count : tenants.values()) all += count;
        }
    }

    /** Whose job it is, if tenants matter to where it waits: null if it has none, or stands in a {@link Line}. */
    public static @Nullable String tenant(NewJob job) {
        return job.headers().isEmpty() || Line.of(job.headers()) != null
                ? null
                : job.headers().get(Delivery.TENANT);
    }

    /**
     * Counts a job of this tenant that is about to be enqueued.
     *
     * @param now of a monotonic clock, in nanoseconds
     * @return how much the tenant has asked for, with this one
     */
    public Load add(NewJob job, String tenant, long now) {
        if (places.size() > MOST_PLACES) places.clear(); // queues that come and go: nobody is a crowd for a moment
        return places.computeIfAbsent(new Place(job.queue(), job.priority()), place -> new Counts(now))
                .add(tenant, 1.0 / share(job.headers()), now);
    }

    /** The share that these headers say, from 1 to {@value #LARGEST_SHARE}; 1 if they say none, or one that can't be read. */
    public static int share(Map<String, String> headers) {
        @Nullable String said = headers.get(SHARE);
        if (said == null) return 1;
        try {
            return Math.clamp(Integer.parseInt(said), 1, LARGEST_SHARE);
        } catch (NumberFormatException unreadable) {
            return 1;
        }
    }
}
