package dev.millrace.crawler.fetch;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The addresses that are not of the public internet, by the IANA registries of special-purpose addresses for
 * <a href="https://www.iana.org/assignments/iana-ipv4-special-registry">IPv4</a> and
 * <a href="https://www.iana.org/assignments/iana-ipv6-special-registry">IPv6</a> (RFC 6890), and the metadata services
 * of the large clouds, of which some live on addresses that look public.
 *
 * <p>IPv6 is decided the other way round: only 2000::/3 is given out to the public, so whatever lies outside is
 * refused, and within it the exceptions. Addresses that carry an IPv4 address are judged by that one: {@code
 * ::ffff:10.0.0.1} (Java makes an IPv4 address of it by itself) and {@code 64:ff9b::10.0.0.1}, the way to IPv4 in
 * networks that have only IPv6 (RFC 6052). The tunnels 6to4 and Teredo are refused whole: both are retired, and both
 * could carry anything.
 *
 * @param description what it is, with an article
 * @param isPrivate   whether somebody may run a site on it and mean it: a private network, this machine, this link
 */
record AddressKind(String description, boolean isPrivate) {

    /** A prefix of addresses of 4 or 16 octets. */
    private record Range(BigInteger prefix, int octets, int bits, AddressKind kind) {

        static Range of(String cidr, AddressKind kind) {
            int slash = cidr.indexOf('/');
            return of(literal(cidr.substring(0, slash)), Integer.parseInt(cidr.substring(slash + 1)), kind);
        }

        static Range of(byte[] address, int bits, AddressKind kind) {
            return new Range(new BigInteger(1, address), address.length, bits, kind);
        }

        boolean contains(byte[] address) {
            return address.length == octets
                    && new BigInteger(1, address)
                                    .xor(prefix)
                                    .shiftRight(8 * octets - bits)
                                    .signum()
                            == 0;
        }
    }

    private static final AddressKind METADATA = new AddressKind("a cloud metadata service", false);
    private static final AddressKind LOOPBACK = new AddressKind("this machine itself (loopback)", true);
    private static final AddressKind PRIVATE = new AddressKind("a private network address", true);
    private static final AddressKind LINK_LOCAL = new AddressKind("a link-local address", true);
    private static final AddressKind CARRIER = new AddressKind("an address behind a carrier's NAT", true);
    private static final AddressKind LABORATORY = new AddressKind("an address for benchmarks and local proxies", true);
    private static final AddressKind UNSPECIFIED = new AddressKind("an unspecified address", false);
    private static final AddressKind MULTICAST = new AddressKind("a multicast address", false);
    private static final AddressKind RESERVED = new AddressKind("a reserved address", false);
    private static final AddressKind TUNNEL = new AddressKind("the address of a tunnel to IPv4", false);

    /** The first that contains an address decides. */
    private static final List<Range> RANGES = List.of(
            Range.of("169.254.169.254/32", METADATA), // AWS, Azure, Google, Oracle, DigitalOcean, OpenStack
            Range.of("169.254.170.2/32", METADATA), // AWS, containers
            Range.of("169.254.170.23/32", METADATA), // AWS, pods
            Range.of("168.63.129.16/32", METADATA), // Azure, a public address
            Range.of("100.100.100.200/32", METADATA), // Alibaba
            Range.of("192.0.0.192/32", METADATA), // Oracle, old
            Range.of("fd00:ec2::254/128", METADATA), // AWS
            Range.of("fd00:ec2::23/128", METADATA), // AWS, pods
            Range.of("fd20:ce::254/128", METADATA), // Google
            Range.of("0.0.0.0/8", UNSPECIFIED), // "this network": Linux connects 0.0.0.0 to itself
            Range.of("10.0.0.0/8", PRIVATE),
            Range.of("100.64.0.0/10", CARRIER),
            Range.of("127.0.0.0/8", LOOPBACK),
            Range.of("169.254.0.0/16", LINK_LOCAL),
            Range.of("172.16.0.0/12", PRIVATE),
            Range.of("192.0.0.0/24", RESERVED), // IETF protocol assignments
            Range.of("192.0.2.0/24", RESERVED), // documentation
            Range.of("192.88.99.0/24", TUNNEL), // 6to4 relays
            Range.of("192.168.0.0/16", PRIVATE),
            Range.of("198.18.0.0/15", LABORATORY),
            Range.of("198.51.100.0/24", RESERVED), // documentation
            Range.of("203.0.113.0/24", RESERVED), // documentation
            Range.of("224.0.0.0/4", MULTICAST),
            Range.of("240.0.0.0/4", RESERVED), // with the broadcast address
            Range.of("::1/128", LOOPBACK),
            Range.of("::/128", UNSPECIFIED),
            Range.of("fc00::/7", PRIVATE), // unique local
            Range.of("fe80::/10", LINK_LOCAL),
            Range.of("fec0::/10", PRIVATE), // site-local, retired
            Range.of("ff00::/8", MULTICAST),
            Range.of("2001::/32", TUNNEL), // Teredo
            Range.of("2001::/23", RESERVED), // IETF protocol assignments
            Range.of("2001:db8::/32", RESERVED), // documentation
            Range.of("2002::/16", TUNNEL), // 6to4
            Range.of("3fff::/20", RESERVED)); // documentation

    private static final Range TO_IPV4 = Range.of("64:ff9b::/96", TUNNEL);
    private static final Range MAPPED_IPV4 = // ::ffff:0:0/96, which Java would read as an IPv4 address
            Range.of(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0}, 96, TUNNEL);
    private static final Range GLOBAL = Range.of("2000::/3", RESERVED);

    /** What kind of address it is; empty if it is an ordinary one of the public internet. */
    static Optional<AddressKind> of(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (TO_IPV4.contains(bytes) || MAPPED_IPV4.contains(bytes)) bytes = Arrays.copyOfRange(bytes, 12, 16);
        for (var range : RANGES) if (range.contains(bytes)) return Optional.of(range.kind());
        return bytes.length == 4 || GLOBAL.contains(bytes) ? Optional.empty() : Optional.of(RESERVED);
    }

    private static byte[] literal(String address) {
        try {
            return InetAddress.getByName(address).getAddress(); // an address, hence no lookup
        } catch (UnknownHostException impossible) {
            throw new AssertionError(address, impossible);
        }
    }
}
