package dev.millrace;

import java.util.stream.Stream;

/**
 * How the parts of a batch ended, for the job that follows them. Nothing is read before it is asked for, and then some hundred at a time, so that
 * there may be millions. Each call reads anew. Safe for use by many threads; whoever keeps it may go on reading when the handler has returned.
 *
 * @param <C> what the parts give back
 */
public interface Parts<C> {

    /** How many there are. */
    long count();

    /**
     * All of them, in the order in which they were enqueued. A part that is running again by now, since an operator requeued it, is {@link
     * Result.Pending}.
     *
     * @throws MillraceException while it is read, if a part is no longer kept: then retention is shorter than the batch took
     */
    Stream<Part<C>> all();

    /** What those that completed gave back, in their order; without those that gave back nothing. */
    Stream<C> values();

    /** Those that were discarded or cancelled, in their order. */
    Stream<Part<C>> failed();

    /**
     * One of them.
     *
     * @param number its place among all, from 0
     */
    record Part<C>(long number, JobId job, Result<C> result) {}
}
