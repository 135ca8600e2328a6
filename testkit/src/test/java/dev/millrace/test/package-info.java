/** Tests of the test kit, as its users write tests. */
@NullMarked
package dev.millrace.test;

import org.jspecify.annotations.NullMarked;
