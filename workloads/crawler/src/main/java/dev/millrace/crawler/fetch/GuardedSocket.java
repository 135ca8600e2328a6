package dev.millrace.crawler.fetch;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;

/**
 * A socket that connects only where the policy allows. Names are vetted when they are looked up; this is the second
 * lock, on the connection itself, which no name, cache or later change of the code gets around. It also ignores the
 * JVM-wide SOCKS proxy, behind which the policy would judge the proxy's address instead of the site's.
 */
final class GuardedSocket extends Socket {

    private final AddressPolicy policy;

    GuardedSocket(AddressPolicy policy) {
        super(Proxy.NO_PROXY);
        this.policy = policy;
    }

    @Override
    public void connect(SocketAddress endpoint, int timeoutMillis) throws IOException {
        check(endpoint);
        super.connect(endpoint, timeoutMillis);
        try {
            check(getRemoteSocketAddress());
        } catch (IOException elsewhere) {
            close();
            throw elsewhere;
        }
    }

    private void check(SocketAddress endpoint) throws RefusedAddressException {
        var address = endpoint instanceof InetSocketAddress internet ? internet.getAddress() : null;
        if (address == null) throw new RefusedAddressException(endpoint + " is not an internet address");
        var objection = policy.objection(address);
        if (objection.isPresent()) {
            throw new RefusedAddressException("%s is %s".formatted(address.getHostAddress(), objection.get()));
        }
    }

    /** The policy said no. */
    static final class RefusedAddressException extends IOException {
        RefusedAddressException(String objection) {
            super(objection);
        }
    }
}
