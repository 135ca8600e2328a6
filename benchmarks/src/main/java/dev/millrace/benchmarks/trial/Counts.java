package dev.millrace.benchmarks.trial;

import java.util.EnumMap;
import java.util.Map;

/**
 * What only grows, at one moment: two of them make the rates of what lies between.
 *
 * @param nanos the monotonic clock
 * @param walBytes of the whole server; not a number if it did not answer
 * @param cpuNanos of this process; negative if nobody knows
 */
record Counts(long nanos, long enqueued, long run, double walBytes, long cpuNanos) {

    double secondsSince(Counts before) {
        return (nanos - before.nanos) / 1e9;
    }

    /** What came of it since then. What has no value is not a number. */
    Map<Gauge, Double> since(Counts before) {
        double seconds = secondsSince(before);
        long ran = run - before.run;
        var values = new EnumMap<Gauge, Double>(Gauge.class);
        values.put(Gauge.ENQUEUED, (enqueued - before.enqueued) / seconds);
        values.put(Gauge.RUN, ran / seconds);
        // a job may have ended before the call that enqueued it has returned
        values.put(Gauge.BACKLOG, (double) Math.max(0, enqueued - run));
        values.put(Gauge.WAL_BYTES, ran == 0 ? Double.NaN : (walBytes - before.walBytes) / ran);
        boolean clocked = cpuNanos >= 0 && before.cpuNanos >= 0;
        values.put(Gauge.CPU, clocked ? (cpuNanos - before.cpuNanos) / 1e9 / seconds * 100 : Double.NaN);
        return values;
    }
}
