@NullMarked
package dev.millrace.crawler.robots;

import org.jspecify.annotations.NullMarked;
