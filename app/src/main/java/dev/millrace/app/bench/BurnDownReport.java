package dev.millrace.app.bench;

/**
 * What a burn-down measured; all from one run on one database.
 *
 * @param enqueuePerSecond jobs taken per second, in bulk, durable
 * @param runPerSecond no-op jobs run per second, from the start of the node to the last acknowledged outcome
 * @param rawCopyPerSecond the same rows by COPY into a plain table without indexes, one connection
 * @param rawLimitPerSecond reading 500 rows and copying 500 outcomes per transaction, append only: best of 1, 2 and 4 connections
 * @param walBytesPerJob write-ahead log per job, enqueue and run together; a database's own background work is in it
 * @param commitsPerJob transactions per job, enqueue and run together
 * @param deadTuples dead rows in the partitions of job_log, claim and outcome after the run, as the server counts them
 * @param heapBytes the largest heap that this process may use
 */
public record BurnDownReport(
        long jobs,
        double enqueuePerSecond,
        double runPerSecond,
        double rawCopyPerSecond,
        double rawLimitPerSecond,
        double walBytesPerJob,
        double commitsPerJob,
        long deadTuples,
        long heapBytes,
        boolean fsync,
        String database) {}
