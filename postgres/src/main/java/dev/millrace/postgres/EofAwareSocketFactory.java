package dev.millrace.postgres;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;
import org.postgresql.PGProperty;

/**
 * Sockets for PgJDBC's property {@code socketFactory}, on which a connection that ends in the midst of an answer is a broken connection.
 *
 * <p>Up to and including 42.7.14 the driver skips a message that it does not need by asking the stream to skip until enough is skipped
 * (pgjdbc/pgjdbc#4358). A stream that has ended skips nothing, each time, so a thread whose answer was torn there turns for ever on a
 * core, and comes back to nobody: no timeout of the driver or of a pool ends that, since nothing is waited for. Streams of these sockets
 * throw {@link EOFException} instead, as their {@code read} would have told.
 *
 * <p>The program's own pools use it. Give it to yours while your driver is of that age:
 *
 * <pre>{@code
 * hikari.addDataSourceProperty(EofAwareSocketFactory.PROPERTY, EofAwareSocketFactory.class.getName());
 * }</pre>
 *
 * <p>Under TLS or GSS encryption the driver reads from a stream of another library, which this does not reach. There, and without this class, a node's own
 * steps are still cut off soon after their patience, and go on with another connection; a handler's own statements, and a pool that
 * tests a connection before it lends it, are not. Safe for use by many threads.
 */
public final class EofAwareSocketFactory extends SocketFactory {

    /** The driver's property that takes the name of this class. */
    public static final String PROPERTY = PGProperty.SOCKET_FACTORY.getName();

    @Override
    public Socket createSocket() {
        return new EofAwareSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return new EofAwareSocket(host, port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return new EofAwareSocket(host, port, localHost, localPort);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return new EofAwareSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return new EofAwareSocket(host, port, localHost, localPort);
    }

    private static final class EofAwareSocket extends Socket {

        EofAwareSocket() {}

        EofAwareSocket(String host, int port) throws IOException {
            super(host, port);
        }

        EofAwareSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
            super(host, port, localHost, localPort);
        }

        EofAwareSocket(InetAddress host, int port) throws IOException {
            super(host, port);
        }

        EofAwareSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
            super(host, port, localHost, localPort);
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new EofAwareStream(super.getInputStream());
        }
    }

    private static final class EofAwareStream extends FilterInputStream {

        EofAwareStream(InputStream socket) {
            super(socket);
        }

        /** At least one byte, unless none was wanted. */
        @Override
        public long skip(long most) throws IOException {
            if (most <= 0) return 0;
            long skipped = super.skip(most);
            if (skipped > 0) return skipped;
            if (read() < 0) throw new EOFException("The connection ended in the midst of an answer.");
            return 1;
        }
    }
}
