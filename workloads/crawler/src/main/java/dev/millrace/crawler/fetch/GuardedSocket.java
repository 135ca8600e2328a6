package dev.millrace.crawler.fetch;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;
import jdk.net.ExtendedSocketOptions;

/**
 * A socket that connects only where the policy allows. Names are vetted when they are looked up; this is the second
 * lock, on the connection itself, which no name, cache or later change of the code gets around. It also ignores the
 * JVM-wide SOCKS proxy, behind which the policy would judge the proxy's address instead of the site's.
 *
 * <p>And it acknowledges what it reads at once, where the platform can (Linux). Many servers, the JDK's and Python's
 * among them, write head and body separately and leave Nagle's algorithm on: they hold back the body until the head is
 * acknowledged, which a client by default puts off for 40 ms, in the hope of having something to say. A crawler has
 * nothing to say until it has the body: measured on loopback, 48 ms a page without and 0.2 ms with it. The kernel
 * forgets the setting, hence before each read.
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

    @Override
    public InputStream getInputStream() throws IOException {
        var in = super.getInputStream();
        return supportedOptions().contains(ExtendedSocketOptions.TCP_QUICKACK) ? new Prompt(in) : in;
    }

    private void check(SocketAddress endpoint) throws RefusedAddressException {
        var address = endpoint instanceof InetSocketAddress internet ? internet.getAddress() : null;
        if (address == null) throw new RefusedAddressException(endpoint + " is not an internet address");
        var objection = policy.objection(address);
        if (objection.isPresent()) {
            throw new RefusedAddressException("%s is %s".formatted(address.getHostAddress(), objection.get()));
        }
    }

    private final class Prompt extends FilterInputStream {

        Prompt(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            setOption(ExtendedSocketOptions.TCP_QUICKACK, true);
            return super.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            setOption(ExtendedSocketOptions.TCP_QUICKACK, true);
            return super.read(bytes, offset, length);
        }
    }

    /** The policy said no. */
    static final class RefusedAddressException extends IOException {
        RefusedAddressException(String objection) {
            super(objection);
        }
    }
}
