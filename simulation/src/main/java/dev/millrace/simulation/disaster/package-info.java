/** What goes wrong, a kind of trouble a class; they mix freely with each other and with every workload. */
@NullMarked
package dev.millrace.simulation.disaster;

import org.jspecify.annotations.NullMarked;
