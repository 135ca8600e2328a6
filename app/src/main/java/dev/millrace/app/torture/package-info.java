/**
 * The proof by torture: real node processes against a real database, killed and frozen at random by a seed, and a check that counts what
 * was acknowledged against what happened. Uses the engine as a user would; what only the check needs it reads from the schema by SQL.
 */
@NullMarked
package dev.millrace.app.torture;

import org.jspecify.annotations.NullMarked;
