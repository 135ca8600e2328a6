/**
 * Getting one page over HTTP: within its deadline, within its limits, from public addresses only, and with a reason
 * when it fails. Depends on {@code url}; the protocol is Apache HttpClient's, guessing a charset from markup jsoup's.
 */
@NullMarked
package dev.millrace.crawler.fetch;

import org.jspecify.annotations.NullMarked;
