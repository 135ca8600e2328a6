/**
 * Cron expressions: from text to local times. Pure functions; no zone, no clock. Depends on the JDK and {@code
 * dev.millrace.MillraceException}.
 */
@NullMarked
package dev.millrace.cron;

import org.jspecify.annotations.NullMarked;
