/**
 * The storage contract: what the engine asks of a place where jobs are kept, one method per protocol step. Not for users; a store
 * for another database would implement it. Depends on the vocabulary of {@code dev.millrace} only.
 */
@NullMarked
package dev.millrace.store;

import org.jspecify.annotations.NullMarked;
