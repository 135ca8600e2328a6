package dev.millrace.store;

/** What a doctor asks for, and nobody else. */
public interface Observing {

    /**
     * Looks at what may be wrong, and judges nothing. Changes nothing, waits for no lock longer than a second, and costs little on a busy store however
     * much is kept there. What could not be looked at says so, and the rest is told nevertheless.
     *
     * @throws StoreException.Unavailable if the store can't be reached at all
     */
    Observations observe();
}
