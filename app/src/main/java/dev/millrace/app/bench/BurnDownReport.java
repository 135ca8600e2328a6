package dev.millrace.app.bench;

/**
 * What a burn-down measured; all from one run on one database.
 *
 * @param enqueuePerSecond jobs taken per second, in bulk, durable
 * @param runPerSecond no-op jobs run per second, from the start of the node to the last acknowledged outcome
 * @param rawCopyPerSecond the same rows by COPY into a plain table without indexes, one connection
 * @param rawLimitPerSecond reading 500 rows and copying 500 outcomes per transaction, append only: best of 1, 2 and 4 connections
 * @param walBytesPerJob write-ahead log per job, enqueue and run together; a database's own background work is in it
 * @param fullPageImagesPerJob pages that were written to it whole, because they were changed for the first time since a checkpoint: up to 8 KB each, which
 *     are in the bytes
 * @param commitsPerJob transactions per job, enqueue and run together; each step of the protocol is one, and one round trip
 * @param engineCpuMicrosPerJob processor time of this process per job run, in microseconds: the engine and the handlers, with the compiler and the
 *     garbage collector, without the database
 * @param allocatedBytesPerJob what this process allocated per job run
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
        double fullPageImagesPerJob,
        double commitsPerJob,
        double engineCpuMicrosPerJob,
        double allocatedBytesPerJob,
        long deadTuples,
        long heapBytes,
        boolean fsync,
        String database) {}
