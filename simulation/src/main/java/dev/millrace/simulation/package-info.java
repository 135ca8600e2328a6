/**
 * Whole fleets in virtual time, from a seed: {@link dev.millrace.simulation.Scenario} says what is played,
 * {@link dev.millrace.simulation.Simulation} plays it, {@link dev.millrace.simulation.Campaign} many of them,
 * {@link dev.millrace.simulation.Shrinker} makes a failure small. May use all packages below it.
 */
@NullMarked
package dev.millrace.simulation;

import org.jspecify.annotations.NullMarked;
