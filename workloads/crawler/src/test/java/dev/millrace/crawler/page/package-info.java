@NullMarked
package dev.millrace.crawler.page;

import org.jspecify.annotations.NullMarked;
