/**
 * What a page says: its title, its words and its links. Pure; depends on {@code fetch} and {@code url}, and on jsoup
 * for the markup.
 */
@NullMarked
package dev.millrace.crawler.page;

import org.jspecify.annotations.NullMarked;
