package dev.millrace.benchmarks.contender;

import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/** A contender at work on its ground. What says nothing about threads is called by one at a time. */
@SuppressWarnings("try") // the end of a contender throws whatever its library does
public interface Entry extends AutoCloseable {

    /** Its version, and the settings that it plays with. */
    Card card();

    /**
     * Enqueues jobs that do nothing, by the fastest durable way that its documentation names.
     *
     * @param from the number of the first one; the others count up
     * @param stop asked now and then; once it says so, what is enqueued is enough
     * @return how many were taken: fewer than {@code count} only if {@code stop} said so
     */
    long enqueueMany(long from, long count, BooleanSupplier stop) throws Exception;

    /** Enqueues one job; it is durable when this returns. Called by many threads at once. */
    void enqueueOne(long n) throws Exception;

    /**
     * Starts the workers. Called once, before or after jobs were enqueued.
     *
     * @param handler is given each job's number, from many threads at once
     */
    void start(LongConsumer handler) throws Exception;

    /** How many jobs of those that were taken the database does not yet know as done. May be a query: it is asked rarely. */
    long unfinished() throws Exception;

    /** Stops the workers and lets go of the database. What is unfinished stays so. */
    @Override
    void close() throws Exception;
}
