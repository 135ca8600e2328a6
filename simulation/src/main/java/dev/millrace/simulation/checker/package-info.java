/**
 * What must always hold, one invariant a class. Most are held against a trace alone, whether a simulation or real processes wrote it;
 * those that need to know what a simulation intended take an {@link dev.millrace.simulation.checker.Intended}.
 */
@NullMarked
package dev.millrace.simulation.checker;

import org.jspecify.annotations.NullMarked;
