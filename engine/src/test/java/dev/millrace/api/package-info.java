/** What a user types, from where a user types it: outside of the engine's packages. */
@NullMarked
package dev.millrace.api;

import org.jspecify.annotations.NullMarked;
