/** What programs read: the JSON of jobs, queues, nodes and errors, the same on the command line and over HTTP. */
@NullMarked
package dev.millrace.app.wire;

import org.jspecify.annotations.NullMarked;
