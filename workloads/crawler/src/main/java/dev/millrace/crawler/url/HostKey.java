package dev.millrace.crawler.url;

import crawlercommons.domains.EffectiveTldFinder;

/**
 * One web server as robots.txt and politeness see it: scheme, host and port. RFC 9309 gives each of these its own
 * robots.txt.
 *
 * @param scheme {@code http} or {@code https}
 * @param host   lower case, in punycode, without a dot at its end; an IPv6 address stands in brackets
 * @param port   the port that is connected to, also where the URL left it out
 */
public record HostKey(String scheme, String host, int port) {

    /** Guards against a key put together by hand. */
    public HostKey {
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw new IllegalArgumentException("The scheme of a host is http or https, not \"" + scheme + "\".");
        }
        if (host.isEmpty()) throw new IllegalArgumentException("A host has a name; this one is empty.");
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("The port of a host is between 1 and 65535, not " + port + ".");
        }
    }

    /** Whether the port is the one that the scheme implies, and is therefore not written. */
    public boolean hasDefaultPort() {
        return port == defaultPort(scheme);
    }

    /** Whether the host is an IPv4 or IPv6 address and not a name. */
    public boolean isAddress() {
        return host.startsWith("[") || HostName.isIpv4(host);
    }

    /** The host without the brackets of an IPv6 address: what a resolver and a socket want. */
    public String bareHost() {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    /**
     * The domain that somebody registered: {@code example.co.uk} for {@code www.example.co.uk}, by the public suffix
     * list, with its private part, so that two users of one hoster are two domains. An address, a single label and a
     * bare suffix are their own domain.
     */
    public String registrableDomain() {
        if (isAddress()) return host;
        var domain = EffectiveTldFinder.getAssignedDomain(host, true, false);
        return domain == null ? host : domain;
    }

    /** A page of this host by its path. */
    public CrawlUrl at(String path) {
        return CrawlUrl.of(this + path);
    }

    /** As it begins a URL: {@code https://example.org:8443}, a default port left out. */
    @Override
    public String toString() {
        return scheme + "://" + host + (hasDefaultPort() ? "" : ":" + port);
    }

    static int defaultPort(String scheme) {
        return scheme.equals("https") ? 443 : 80;
    }
}
