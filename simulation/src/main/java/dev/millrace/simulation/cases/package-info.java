/** Properties: what must hold for any input, tried on many that are drawn from seeds and made simpler when they break it. */
@NullMarked
package dev.millrace.simulation.cases;

import org.jspecify.annotations.NullMarked;
