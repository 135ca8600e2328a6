/**
 * What is measured, behind one contract: Millrace and every peer implement {@link dev.millrace.benchmarks.contender.Contender}, and
 * meet the same loops in a process of their own. Peers are found by {@link java.util.ServiceLoader}. Depends on nothing.
 */
@NullMarked
package dev.millrace.benchmarks.contender;

import org.jspecify.annotations.NullMarked;
