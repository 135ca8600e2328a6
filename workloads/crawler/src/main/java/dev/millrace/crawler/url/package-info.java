/**
 * What a URL is to the crawler: one canonical spelling per page. Depends on nothing else of Millrace; the parsing
 * itself is OkHttp's {@code HttpUrl}, the public suffixes are crawler-commons'.
 */
@NullMarked
package dev.millrace.crawler.url;

import org.jspecify.annotations.NullMarked;
