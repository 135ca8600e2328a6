/**
 * What a site asks of crawlers: robots.txt by RFC 9309. Pure: turns what was fetched into a stored file, and a stored
 * file into decisions. Depends on {@code fetch} and {@code url}; reading and matching are crawler-commons'.
 */
@NullMarked
package dev.millrace.crawler.robots;

import org.jspecify.annotations.NullMarked;
