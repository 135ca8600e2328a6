@NullMarked
package dev.millrace.crawler.fetch;

import org.jspecify.annotations.NullMarked;
