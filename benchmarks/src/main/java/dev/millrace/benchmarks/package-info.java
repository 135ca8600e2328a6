/**
 * Measures: each contender in a process of its own, in interleaved rounds on one database, beside what the database could do at best.
 * The front door is {@link dev.millrace.benchmarks.Bench}.
 */
@NullMarked
package dev.millrace.benchmarks;

import org.jspecify.annotations.NullMarked;
