/**
 * What turns: the loops of a node, each one bounded turn at a time, and the thin shell that turns them. Depends on {@code store},
 * {@code world} and the vocabulary of {@code dev.millrace}; knows nothing of types, codecs or JDBC.
 */
@NullMarked
package dev.millrace.node;

import org.jspecify.annotations.NullMarked;
