/**
 * Which database a command works on, and how it gets there: {@link dev.millrace.app.database.DatabaseOptions} is what a person types,
 * {@link dev.millrace.app.database.Database} what a command gets.
 */
@NullMarked
package dev.millrace.app.database;

import org.jspecify.annotations.NullMarked;
