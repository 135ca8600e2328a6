/**
 * What a user types: jobs, handlers, outcomes, options, the front door {@code Millrace} and the node that runs
 * handlers. The plain vocabulary here (ids, states, priorities, failures, outcomes) is shared by the packages below; apart from that
 * arrows point only downwards, to {@code node}, {@code memory}, {@code store} and {@code world}.
 */
@NullMarked
package dev.millrace;

import org.jspecify.annotations.NullMarked;
