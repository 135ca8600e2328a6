package dev.millrace.benchmarks;

import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What a burn-down of Millrace measured, in few words: medians over the rounds, or one of them. A value that was not measured, since
 * the time was over before all jobs were done, is not a number.
 *
 * @param jobs how many were taken
 * @param enqueuePerSecond jobs taken per second, in bulk, durable
 * @param runPerSecond no-op jobs run per second, from the start of the node to the last acknowledged outcome
 * @param rawCopyPerSecond the same rows by COPY into a plain table without indexes, one connection
 * @param rawLimitPerSecond reading 500 rows and copying 500 outcomes per transaction, append only: best of 1, 2 and 4 connections
 * @param walBytesPerJob write-ahead log per job, enqueue and run together; a database's own background work is in it
 * @param fullPageImagesPerJob pages that were written to it whole, because they were changed for the first time since a checkpoint: up to 8 KB each, which
 *     are in the bytes
 * @param commitsPerJob transactions per job, enqueue and run together; each step of the protocol is one, and one round trip
 * @param engineCpuMicrosPerJob processor time of the child process per job run, in microseconds: the engine and the handlers, with the compiler and the
 *     garbage collector, without the database
 * @param allocatedBytesPerJob what that process allocated per job run
 * @param deadTuples dead rows in the partitions of job_log, claim and outcome after the run, as the server counts them
 * @param heapBytes the largest heap that the child process may use
 */
public record BurnDownReport(
        long jobs,
        double enqueuePerSecond,
        double runPerSecond,
        double rawCopyPerSecond,
        double rawLimitPerSecond,
        double walBytesPerJob,
        double fullPageImagesPerJob,
        double commitsPerJob,
        double engineCpuMicrosPerJob,
        double allocatedBytesPerJob,
        long deadTuples,
        long heapBytes,
        boolean fsync,
        String database) {

    /** The medians. */
    public static BurnDownReport of(RegimeReport report, Machine machine) {
        return of(report, Child.MILLRACE, machine, Value::median);
    }

    /** Each round of this label. */
    static List<BurnDownReport> rounds(RegimeReport report, String label, Machine machine) {
        var rounds = new ArrayList<BurnDownReport>();
        for (int round = 0; round < report.rounds(); round++) {
            int each = round;
            rounds.add(of(
                    report,
                    label,
                    machine,
                    value -> each < value.rounds().size() ? value.rounds().get(each) : Double.NaN));
        }
        return List.copyOf(rounds);
    }

    private static BurnDownReport of(
            RegimeReport report, String label, Machine machine, ToDoubleFunction<Value> which) {
        var own = report.of(label);
        var raw = report.of(Child.RAW);
        return new BurnDownReport(
                (long) own.get(Metric.TAKEN, which),
                own.get(Metric.ENQUEUE, which),
                own.get(Metric.RUN, which),
                raw.get(Metric.RAW_COPY, which),
                raw.get(Metric.RAW_READ_AND_COPY, which),
                own.get(Metric.WAL_BYTES, which),
                own.get(Metric.FULL_PAGES, which),
                own.get(Metric.COMMITS, which),
                own.get(Metric.CPU, which),
                own.get(Metric.ALLOCATED, which),
                (long) own.get(Metric.DEAD_TUPLES, which),
                (long) own.heapMegabytes() << 20,
                machine.fsync(),
                machine.database());
    }
}
