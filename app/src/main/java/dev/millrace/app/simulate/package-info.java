/** The command that plays simulated fleets from seeds; what is played, and how, is the module {@code simulation}'s. */
@NullMarked
package dev.millrace.app.simulate;

import org.jspecify.annotations.NullMarked;
