/** Virtual time: one timeline, strands that run on it one at a time, and the clocks that simulated nodes see. Depends on {@code world}. */
@NullMarked
package dev.millrace.simulation.time;

import org.jspecify.annotations.NullMarked;
