/** Tests of cron expressions. */
@NullMarked
package dev.millrace.cron;

import org.jspecify.annotations.NullMarked;
