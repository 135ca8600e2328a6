/** The engine on virtual time, for tests of what is built on it: {@code TestMillrace} and its JUnit extension. */
@NullMarked
package dev.millrace.test;

import org.jspecify.annotations.NullMarked;
