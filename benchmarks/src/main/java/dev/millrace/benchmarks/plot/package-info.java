/**
 * Draws what reports tell, as SVG. The front door is {@link dev.millrace.benchmarks.plot.Plots}. May depend on the words of reports,
 * which are those of {@link dev.millrace.benchmarks.trial}; nothing that measures depends on it.
 */
@NullMarked
package dev.millrace.benchmarks.plot;

import org.jspecify.annotations.NullMarked;
