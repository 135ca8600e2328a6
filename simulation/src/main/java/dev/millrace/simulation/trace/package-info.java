/**
 * What nodes did, step by step, as plain records: told by a storage that is wrapped around the real one, so that a run of real processes
 * and a simulated one can be held against the same rules. Depends on the engine's vocabulary only; knows no file and no format.
 */
@NullMarked
package dev.millrace.simulation.trace;

import org.jspecify.annotations.NullMarked;
