/** The command line of the benchmarks: options, progress, and what is printed. */
@NullMarked
package dev.millrace.app.bench;

import org.jspecify.annotations.NullMarked;
