/** Tests of what turns: loops one turn at a time in virtual time, and a few of the shell with its threads. */
@NullMarked
package dev.millrace.node;

import org.jspecify.annotations.NullMarked;
