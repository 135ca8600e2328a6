/**
 * Which pages belong to a crawl. Depends on {@code url} only; patterns are matched by RE2/J, in time linear in the URL.
 */
@NullMarked
package dev.millrace.crawler.scope;

import org.jspecify.annotations.NullMarked;
