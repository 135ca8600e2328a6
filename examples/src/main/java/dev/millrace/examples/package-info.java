/** One small runnable main per feature. */
@NullMarked
package dev.millrace.examples;

import org.jspecify.annotations.NullMarked;
