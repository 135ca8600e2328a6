/** A polite, durable web crawler, built on the public API of the engine. */
@NullMarked
package dev.millrace.crawler;

import org.jspecify.annotations.NullMarked;
