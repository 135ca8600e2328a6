/** Crawls of a small web on this machine, kept in a real PostgreSQL. */
@NullMarked
package dev.millrace.crawler;

import org.jspecify.annotations.NullMarked;
