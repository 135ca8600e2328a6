package dev.millrace.benchmarks.trial;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAccumulator;

/**
 * Durations, counted in buckets that are at most a hundredth wide of what they hold, so that millions take no room. The longest is kept
 * as it was. Safe for use by many threads.
 */
final class Latencies {

    /** Buckets for each power of two: 128 make each less than 0.8 % wide. */
    private static final int FINE = 7;

    private final AtomicLongArray buckets = new AtomicLongArray((64 - FINE) << FINE);
    private final LongAccumulator longest = new LongAccumulator(Math::max, 0);

    /** Counts one; a negative one is none at all. */
    void add(long nanos) {
        buckets.incrementAndGet(bucket(Math.max(0, nanos)));
        longest.accumulate(nanos);
    }

    private static int bucket(long nanos) {
        if (nanos < 1L << FINE) return (int) nanos;
        int power = 63 - Long.numberOfLeadingZeros(nanos);
        return ((power - FINE + 1) << FINE) + (int) ((nanos >>> (power - FINE)) - (1L << FINE));
    }

    /** The middle of a bucket. */
    private static double value(int bucket) {
        if (bucket < 1 << FINE) return bucket;
        int power = (bucket >> FINE) + FINE - 1;
        long low = ((bucket & ((1L << FINE) - 1)) + (1L << FINE)) << (power - FINE);
        return low + ((1L << (power - FINE)) - 1) / 2.0;
    }

    long count() {
        long count = 0;
        for (int i = 0; i < buckets.length(); i++) count += buckets.get(i);
        return count;
    }

    /** What this share of them does not exceed, in milliseconds; NaN if there are none. */
    double millis(double share) {
        long wanted = (long) Math.ceil(share * count());
        long seen = 0;
        for (int i = 0; i < buckets.length(); i++) {
            seen += buckets.get(i);
            if (seen >= wanted && seen > 0) return Math.min(value(i), (double) longest.get()) / 1e6;
        }
        return Double.NaN;
    }

    double longestMillis() {
        return longest.get() / 1e6;
    }
}
