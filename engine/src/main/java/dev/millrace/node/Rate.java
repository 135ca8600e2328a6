package dev.millrace.node;

/** How many per second, lately: a mean that forgets within about a quarter of a second. For one thread; the count may be others'. */
final class Rate {

    private static final double MEMORY_SECONDS = 0.25;
    private static final double SHORTEST_SAMPLE_SECONDS = 0.002;

    private long lastNanos;
    private long lastCount;
    private double perSecond;

    Rate(long nanoTime) {
        this.lastNanos = nanoTime;
    }

    /** Takes a sample: the count so far, now. Returns the rate. */
    double sample(long nanoTime, long count) {
        double seconds = (nanoTime - lastNanos) / 1e9;
        if (seconds < SHORTEST_SAMPLE_SECONDS) return perSecond;
        double weight = -Math.expm1(-seconds / MEMORY_SECONDS);
        perSecond += weight * ((count - lastCount) / seconds - perSecond);
        lastNanos = nanoTime;
        lastCount = count;
        return perSecond;
    }
}
