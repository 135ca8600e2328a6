package dev.millrace.app.torture.proxy;

import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;

/**
 * One connection through a proxy: two sockets, and a thread for each direction. How one side ends is told to the other as it was, an
 * orderly end as such and everything else as a reset; but not before what is held back may move.
 */
final class Wire {

    private static final int CHUNK = 16 * 1024;
    private static final long NO_LIMIT = Long.MAX_VALUE; // nobody carries so much

    private final Socket client;
    private final Socket server;
    private final Weather weather;
    private final Runnable torn;
    private final AtomicLong leftToServer = new AtomicLong(NO_LIMIT);
    private final AtomicLong leftToClient = new AtomicLong(NO_LIMIT);
    private volatile boolean over;

    /** Between these two; whoever made it is told when a limit has torn it. */
    Wire(Socket client, Socket server, Weather weather, Runnable torn) {
        this.client = client;
        this.server = server;
        this.weather = weather;
        this.torn = torn;
    }

    /** Carries bytes until the end. Returns when both directions have ended. */
    void carry() throws InterruptedException {
        var answers =
                Thread.ofVirtual().name("torture-proxy-answers").start(() -> pump(server, client, Direction.TO_CLIENT));
        pump(client, server, Direction.TO_SERVER);
        answers.join();
        end();
    }

    private void pump(Socket from, Socket to, Direction direction) {
        var chunk = new byte[CHUNK];
        try {
            var in = from.getInputStream();
            var left = left(direction);
            var out = to.getOutputStream();
            for (int read; (read = in.read(chunk)) >= 0; ) {
                weather.pass(() -> over);
                long may = left.getAndUpdate(taken(read)); // before they are seen: a later limit is about later ones
                out.write(chunk, 0, (int) Math.min(read, may));
                if (may > read) continue;
                torn.run();
                end();
                return;
            }
            weather.pass(() -> over);
            to.shutdownOutput();
        } catch (IOException broken) {
            if (!over) reset();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            reset();
        }
    }

    private static LongUnaryOperator taken(int bytes) {
        return left -> Math.max(0, left - bytes);
    }

    private AtomicLong left(Direction direction) {
        return direction == Direction.TO_SERVER ? leftToServer : leftToClient;
    }

    /** It ends after so many more bytes in this direction, 1 at least. The smaller of two limits counts. */
    void limit(Direction direction, long bytes) {
        left(direction).updateAndGet(before -> Math.min(before, bytes));
    }

    /** Both sides see an orderly end. */
    void end() {
        over = true;
        close(client);
        close(server);
        weather.stir();
    }

    /** Both sides see a reset; what is on its way is lost. */
    void reset() {
        linger(client);
        linger(server);
        end();
    }

    private static void linger(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException closed) {
            // its end was the aim
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException closed) {
            // its end was the aim
        }
    }
}
