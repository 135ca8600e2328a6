/** Measurements as commands of their own: each prints what the engine does beside what the database could do at best, from one run. */
@NullMarked
package dev.millrace.app.bench;

import org.jspecify.annotations.NullMarked;
