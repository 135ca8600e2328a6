/** Tests of the front door. */
@NullMarked
package dev.millrace;

import org.jspecify.annotations.NullMarked;
