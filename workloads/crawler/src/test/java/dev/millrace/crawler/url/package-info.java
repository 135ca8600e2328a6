@NullMarked
package dev.millrace.crawler.url;

import org.jspecify.annotations.NullMarked;
