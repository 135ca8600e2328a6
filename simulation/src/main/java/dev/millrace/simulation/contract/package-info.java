/**
 * What every store must do, as tests: {@link dev.millrace.simulation.contract.StoreContract} and its chapters. A store passes by
 * extending it. Depends on the storage contract, the limits of a node
 * and the test libraries, never on a store.
 */
@NullMarked
package dev.millrace.simulation.contract;

import org.jspecify.annotations.NullMarked;
