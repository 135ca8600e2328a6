@NullMarked
package dev.millrace.crawler.scope;

import org.jspecify.annotations.NullMarked;
