package dev.millrace.app.torture.proxy;

import dev.millrace.MillraceException;
import dev.millrace.world.World;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A way from a port of this machine to a server, on which connections can be made to fail. What is not told to fail goes through
 * unchanged. Safe for use by many threads.
 */
public final class Proxy implements AutoCloseable {

    private static final Duration CONNECT = Duration.ofSeconds(5);

    private final InetSocketAddress target;
    private final ServerSocket door;
    private final Weather weather;
    private final Runnable torn;
    private final Set<Wire> wires = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private Proxy(InetSocketAddress target, ServerSocket door, World world, Runnable torn) {
        this.target = target;
        this.door = door;
        this.weather = new Weather(world);
        this.torn = torn;
    }

    /**
     * Opens a way to this server, on a free port of the loopback interface.
     *
     * @param torn called whenever {@link #cutAfter} has torn a connection, on a thread of the proxy
     */
    public static Proxy to(String host, int port, World world, Runnable torn) {
        try {
            var door = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
            var proxy = new Proxy(InetSocketAddress.createUnresolved(host, port), door, world, torn);
            Thread.ofVirtual().name("torture-proxy-" + door.getLocalPort()).start(proxy::accept);
            return proxy;
        } catch (IOException e) {
            throw new MillraceException("No port could be had for a proxy: %s.".formatted(e.getMessage()), e);
        }
    }

    /** Its port on 127.0.0.1. */
    public int port() {
        return door.getLocalPort();
    }

    /** How many connections go through it now. */
    public int connections() {
        return wires.size();
    }

    private void accept() {
        while (!closed) {
            try {
                var client = door.accept();
                Thread.ofVirtual().name("torture-proxy-wire").start(() -> connect(client));
            } catch (IOException e) {
                if (closed) return;
            }
        }
    }

    private void connect(Socket client) {
        var server = new Socket();
        var wire = new Wire(client, server, weather, torn);
        wires.add(wire);
        try {
            if (closed) throw new IOException("closed meanwhile");
            weather.pass(() -> closed);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            server.connect(new InetSocketAddress(target.getHostString(), target.getPort()), (int) CONNECT.toMillis());
            wire.carry();
        } catch (IOException unreachable) {
            wire.reset();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            wire.reset();
        } finally {
            wires.remove(wire);
        }
    }

    /** Ends all connections in order: either side reads to the end of what was sent. */
    public void cut() {
        wires.forEach(Wire::end);
    }

    /** Breaks all connections. */
    public void reset() {
        wires.forEach(Wire::reset);
    }

    /** Ends each connection that is open now, as soon as so many more bytes have gone through it this way; 1 at least. */
    public void cutAfter(Direction direction, long bytes) {
        for (var wire : wires) wire.limit(direction, bytes);
    }

    /** Nothing moves any more, not even an end; new connections are taken, and lead nowhere. Each hold needs a release. */
    public void hold() {
        weather.hold(1);
    }

    /** What was held goes on, nothing of it lost, unless another hold is left. */
    public void release() {
        weather.hold(-1);
    }

    /** Each piece that goes through, either way, takes so much longer. */
    public void delay(Duration delay) {
        weather.delay(delay);
    }

    /** Ends all connections, and takes no more. */
    @Override
    public void close() {
        closed = true;
        try {
            door.close();
        } catch (IOException e) {
            // it takes no more, which was the aim
        }
        reset();
    }
}
