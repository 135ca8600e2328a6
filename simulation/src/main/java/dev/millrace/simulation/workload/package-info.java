/** What is asked of a simulated fleet, a kind of work a class; they mix freely with each other and with every disaster. */
@NullMarked
package dev.millrace.simulation.workload;

import org.jspecify.annotations.NullMarked;
