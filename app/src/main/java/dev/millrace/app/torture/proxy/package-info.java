/** A TCP proxy whose connections fail on command: cut, reset, torn after so many bytes, held back, slow. Knows nothing of what it carries. */
@NullMarked
package dev.millrace.app.torture.proxy;

import org.jspecify.annotations.NullMarked;
