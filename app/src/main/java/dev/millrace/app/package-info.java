/** The one executable: command line, embedded servers, and the wiring of all the rest. */
@NullMarked
package dev.millrace.app;

import org.jspecify.annotations.NullMarked;
