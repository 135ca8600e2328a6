package dev.millrace.crawler;

import dev.millrace.Job;
import dev.millrace.Kind;

/**
 * A stretch of work on one host for one crawl: fetches its pages one after the other, at the host's pace. While a crawl has pages of a
 * host to fetch there is exactly one of these.
 *
 * @param crawl the crawl's number
 * @param host  its name or address
 */
@Kind("crawl-host")
record HostTurn(long crawl, String host) implements Job<Void> {}
