/**
 * Nodes on a timeline: the engine's own duties, turned one strand each; handlers as scripts; and the line between a node and the store, on
 * which everything can go wrong. Uses the engine, the simulated store and the checkers.
 */
@NullMarked
package dev.millrace.simulation.fleet;

import org.jspecify.annotations.NullMarked;
