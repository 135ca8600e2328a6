/**
 * The store in memory: the executable specification of the storage contract, and what tests run on. It keeps the shape of the durable
 * one (a log of deliveries, claims, outcomes; what waits stands beside it), without its reasons. Depends on {@code store},
 * {@code world} and the vocabulary of {@code dev.millrace}.
 */
@NullMarked
package dev.millrace.memory;

import org.jspecify.annotations.NullMarked;
