/**
 * The storage protocol, statement by statement, on the simulated database: the same steps in the same order as the SQL functions of
 * {@code postgres}, so that every interleaving of their statements can be played from a seed. It passes the contract of all stores.
 * {@link dev.millrace.simulation.store.Bug} names what can be planted in it.
 */
@NullMarked
package dev.millrace.simulation.store;

import org.jspecify.annotations.NullMarked;
