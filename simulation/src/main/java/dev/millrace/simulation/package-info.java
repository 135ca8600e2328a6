/** The simulated world, and the contract that every store must pass. */
@NullMarked
package dev.millrace.simulation;

import org.jspecify.annotations.NullMarked;
