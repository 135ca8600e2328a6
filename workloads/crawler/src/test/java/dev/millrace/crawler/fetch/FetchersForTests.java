package dev.millrace.crawler.fetch;

import java.net.InetAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/** Fetchers that reach this machine, with the clock standing still. */
public final class FetchersForTests {

    public static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
    public static final UserAgent AGENT = UserAgent.millrace("0.1", "https://example.org/about");

    private FetchersForTests() {}

    /** Reaches private addresses, looks names up by the platform. */
    public static HttpFetcher local() {
        return fetcher(AddressPolicy.alsoPrivate(), NameLookup.system());
    }

    public static HttpFetcher fetcher(AddressPolicy policy, NameLookup names) {
        var settings = FetcherSettings.defaults(AGENT).addresses(policy);
        return new HttpFetcher(settings, InstantSource.fixed(NOW), System::nanoTime, names);
    }

    /** Only public addresses, and 127.0.0.1, so that a test's own server counts as public. */
    public static AddressPolicy publicAndTestSite() {
        return address -> address.equals(InetAddress.getLoopbackAddress())
                ? Optional.empty()
                : AddressPolicy.publicOnly().objection(address);
    }
}
