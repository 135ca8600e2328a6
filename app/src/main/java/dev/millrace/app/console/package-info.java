/** How the executable speaks: streams, tables, colour, exit codes, and what becomes of an error. */
@NullMarked
package dev.millrace.app.console;

import org.jspecify.annotations.NullMarked;
