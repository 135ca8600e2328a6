package dev.millrace.store;

import java.util.Comparator;

/**
 * Where a delivery stands in the log. ({@code part}, {@code seq}) alone identifies it; stream and transaction are how it is found.
 *
 * @param part the number of its partition, inherited by everything that belongs to it
 * @param stream the stream it was appended to
 * @param xid the transaction that appended it
 * @param seq its number, unique in the log
 */
public record Place(int part, int stream, long xid, long seq) {

    /** The order in which outcomes are written everywhere, so that two writers never wait for each other. */
    public static final Comparator<Place> LOCK_ORDER =
            Comparator.comparingInt(Place::part).thenComparingLong(Place::seq);
}
