/**
 * Sketches of what is decided and not yet built: the statements of a step, played on the simulated database from seeds, so that a design is
 * attacked before anybody writes its SQL. What a sketch promises, and which mistakes it must find, its decision record says.
 */
@NullMarked
package dev.millrace.simulation.sketch;

import org.jspecify.annotations.NullMarked;
