/** The seam to the outside world: clocks, randomness and rest. Depends on nothing. */
@NullMarked
package dev.millrace.world;

import org.jspecify.annotations.NullMarked;
