/** The commands a person types. Each one reads like its {@code --help}; what they share is in {@code Shell} and {@code Common}. */
@NullMarked
package dev.millrace.app.cli;

import org.jspecify.annotations.NullMarked;
