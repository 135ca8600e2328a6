package dev.millrace.crawler.fetch;

import java.time.Duration;

/**
 * What all fetches of one {@link HttpFetcher} share.
 *
 * @param userAgent      who it says it is
 * @param addresses      where it may connect to
 * @param connectTimeout for one connection, TLS included, so that a dead address leaves time for the host's next one
 * @param maxConnections open at once, idle ones included
 * @param maxLookups     threads for looking up names
 */
public record FetcherSettings(
        UserAgent userAgent, AddressPolicy addresses, Duration connectTimeout, int maxConnections, int maxLookups) {

    /** Checks the ranges. */
    public FetcherSettings {
        if (connectTimeout.compareTo(Duration.ofMillis(1)) < 0 || connectTimeout.compareTo(Duration.ofMinutes(5)) > 0) {
            throw new IllegalArgumentException(
                    "connectTimeout is between a millisecond and five minutes, not " + connectTimeout + ".");
        }
        if (maxConnections < 1 || maxConnections > 10_000) {
            throw new IllegalArgumentException("maxConnections is between 1 and 10,000, not " + maxConnections + ".");
        }
        if (maxLookups < 1 || maxLookups > 1_000) {
            throw new IllegalArgumentException("maxLookups is between 1 and 1,000, not " + maxLookups + ".");
        }
    }

    /**
     * The public internet only; 10 s to connect, a third of a page's deadline; 256 connections, as many hosts as one
     * node works on at once; 32 lookups, enough for 1,000 new hosts a second at 30 ms each.
     */
    public static FetcherSettings defaults(UserAgent userAgent) {
        return new FetcherSettings(userAgent, AddressPolicy.publicOnly(), Duration.ofSeconds(10), 256, 32);
    }

    /** With another policy. */
    public FetcherSettings addresses(AddressPolicy policy) {
        return new FetcherSettings(userAgent, policy, connectTimeout, maxConnections, maxLookups);
    }

    /** With another time to connect. */
    public FetcherSettings connectTimeout(Duration timeout) {
        return new FetcherSettings(userAgent, addresses, timeout, maxConnections, maxLookups);
    }
}
