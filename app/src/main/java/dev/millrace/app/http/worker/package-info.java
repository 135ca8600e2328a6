/**
 * Workers in other programs: each session is a node of this process whose handlers are at the other end of a connection. Knows no HTTP; what it
 * refuses it says as a {@link dev.millrace.app.http.worker.WorkerProblem}.
 */
@NullMarked
package dev.millrace.app.http.worker;

import org.jspecify.annotations.NullMarked;
