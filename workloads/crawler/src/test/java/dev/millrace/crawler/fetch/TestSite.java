package dev.millrace.crawler.fetch;

import dev.millrace.crawler.url.CrawlUrl;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A web server on loopback that answers each path byte by byte as the test says, also against all rules. What it can't
 * do is leave a thread behind: {@link #close} ends whatever still drips.
 */
public final class TestSite implements AutoCloseable {

    /** What a path answers. Returning keeps the connection open; closing the socket ends it. */
    @FunctionalInterface
    public interface Page {
        void answer(Request request, OutputStream out, Socket socket) throws IOException, InterruptedException;
    }

    /** What was asked. */
    public record Request(String path, Map<String, String> headers) {}

    private final ServerSocket server;
    private final Map<String, Page> pages = new ConcurrentHashMap<>();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);

    public TestSite() {
        this("127.0.0.1");
    }

    public TestSite(String address) {
        try {
            server = new ServerSocket(0, 50, InetAddress.getAllByName(address)[0]);
        } catch (IOException noPort) {
            throw new UncheckedIOException(noPort);
        }
        Thread.ofVirtual().start(this::accept);
    }

    public TestSite on(String path, Page page) {
        pages.put(path, page);
        return this;
    }

    public CrawlUrl url(String path) {
        return CrawlUrl.of("http://127.0.0.1:" + port() + path);
    }

    public int port() {
        return server.getLocalPort();
    }

    public int connections() {
        return connections.get();
    }

    public List<Request> requests() {
        return requests;
    }

    /** Waits, but not beyond the end of the test. */
    public void pause(Duration duration) throws InterruptedException, IOException {
        if (closed.await(duration.toMillis(), TimeUnit.MILLISECONDS)) throw new IOException("the test is over");
    }

    /** Waits for the end of the test. */
    public void pauseForEver() throws InterruptedException, IOException {
        pause(Duration.ofMinutes(5));
    }

    // What pages usually say

    public static Page raw(String text) {
        return (request, out, socket) -> out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Writes it, then closes the connection. */
    public static Page rawThenClosed(String text) {
        return (request, out, socket) -> {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            socket.close();
        };
    }

    public static Page html(String body) {
        return answer("text/html; charset=utf-8", body.getBytes(StandardCharsets.UTF_8));
    }

    public static Page answer(String contentType, byte[] body, String... headers) {
        return (request, out, socket) -> {
            var head = "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
                    .formatted(contentType, body.length, lines(headers));
            out.write(head.getBytes(StandardCharsets.ISO_8859_1));
            out.write(body);
        };
    }

    public static Page status(int status, String... headers) {
        return raw("HTTP/1.1 %d Status\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n%s\r\nno"
                .formatted(status, lines(headers)));
    }

    public static Page redirect(int status, String location) {
        return raw("HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n".formatted(status, location));
    }

    public static byte[] gzipped(byte[] bytes) {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.toByteArray();
    }

    private static String lines(String... headers) {
        return headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n";
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                var socket = server.accept();
                sockets.add(socket);
                connections.incrementAndGet();
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException over) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            var in = new BufferedInputStream(socket.getInputStream());
            while (!socket.isClosed()) {
                var request = read(in);
                if (request == null) return;
                requests.add(request);
                var page = pages.getOrDefault(request.path(), status(404));
                var out = socket.getOutputStream();
                page.answer(request, out, socket);
                out.flush();
            }
        } catch (IOException | InterruptedException over) {
            // The client has left, or the test is over.
        }
    }

    private static @Nullable Request read(InputStream in) throws IOException {
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int c = in.read();
            if (c < 0) return null;
            head.append((char) c);
        }
        var lines = head.toString().split("\r\n", -1);
        var headers = new TreeMap<String, String>();
        for (int i = 1; !lines[i].isEmpty(); i++) {
            int colon = lines[i].indexOf(':');
            headers.put(
                    lines[i].substring(0, colon).toLowerCase(Locale.ROOT),
                    lines[i].substring(colon + 1).strip());
        }
        return new Request(lines[0].split(" ", 3)[1], headers);
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            server.close();
            for (var socket : sockets) socket.close();
        } catch (IOException over) {
            throw new UncheckedIOException(over);
        }
    }
}
