/**
 * The embedded PostgreSQL server: a real one, in a directory of its own, that survives its parent and is found again.
 *
 * <p>May depend on the JDK, the PostgreSQL driver and an unpacker; knows nothing of the engine or the command line.
 * Read {@link dev.millrace.app.embedded.EmbeddedServer} first: its comment explains what is guaranteed and how.
 */
@NullMarked
package dev.millrace.app.embedded;

import org.jspecify.annotations.NullMarked;
