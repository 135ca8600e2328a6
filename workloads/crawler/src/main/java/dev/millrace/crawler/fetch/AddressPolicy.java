package dev.millrace.crawler.fetch;

import java.net.InetAddress;
import java.util.Optional;

/**
 * Which addresses may be connected to. A crawler fetches whatever a page names, from inside somebody's network: without
 * a policy every page could read that network through it (server-side request forgery).
 */
@FunctionalInterface
public interface AddressPolicy {

    /** What speaks against an address: what kind of address it is; empty if it may be connected to. */
    Optional<String> objection(InetAddress address);

    /** Only addresses of the public internet. */
    static AddressPolicy publicOnly() {
        return address -> AddressKind.of(address).map(AddressKind::description);
    }

    /**
     * Private networks and this machine too, for {@code --allow-private}. Addresses that no site can have stay refused:
     * cloud metadata services, which hand out credentials to whoever asks, multicast, and reserved ranges.
     */
    static AddressPolicy alsoPrivate() {
        return address ->
                AddressKind.of(address).filter(kind -> !kind.isPrivate()).map(AddressKind::description);
    }
}
