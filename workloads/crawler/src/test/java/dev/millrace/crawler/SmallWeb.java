package dev.millrace.crawler;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A web server of a test, with pages made of code. It remembers who asked for what, and when. */
final class SmallWeb implements AutoCloseable {

    /** What a path answers. */
    @FunctionalInterface
    interface Answer {
        void to(HttpExchange exchange) throws IOException, InterruptedException;
    }

    /** A request that was answered. */
    record Request(String path, long begin, long end) {}

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, Answer> answers = new ConcurrentHashMap<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger busy = new AtomicInteger();
    private final AtomicInteger mostAtOnce = new AtomicInteger();

    SmallWeb() {
        try {
            server = HttpServer.create(new InetSocketAddress("0.0.0.0", 0), 100);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        long begin = System.nanoTime();
        mostAtOnce.accumulateAndGet(busy.incrementAndGet(), Math::max);
        var path = exchange.getRequestURI().toString();
        try (exchange) {
            answers.getOrDefault(path, other -> send(other, 404, "text/html", "<p>nothing here"))
                    .to(exchange);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            busy.decrementAndGet();
            requests.add(new Request(path, begin, System.nanoTime()));
        }
    }

    static void send(HttpExchange exchange, int status, String type, String body) throws IOException {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) exchange.getResponseBody().write(bytes);
    }

    SmallWeb on(String path, Answer answer) {
        answers.put(path, answer);
        return this;
    }

    SmallWeb page(String path, String... links) {
        var html = new StringBuilder("<!doctype html><title>Page " + path + "</title><p>This is " + path + ".");
        for (var link : links)
            html.append("\n<a href=\"")
                    .append(link)
                    .append("\">to ")
                    .append(link)
                    .append("</a>");
        var text = html.toString();
        return on(path, exchange -> send(exchange, 200, "text/html; charset=utf-8", text));
    }

    SmallWeb redirect(String path, String to) {
        return on(path, exchange -> {
            exchange.getResponseHeaders().add("Location", to);
            exchange.sendResponseHeaders(301, -1);
        });
    }

    SmallWeb status(String path, int status) {
        return on(path, exchange -> send(exchange, status, "text/html", "<p>status " + status));
    }

    SmallWeb robots(String text) {
        return on("/robots.txt", exchange -> send(exchange, 200, "text/plain", text));
    }

    int port() {
        return server.getAddress().getPort();
    }

    /** The URL of a path on one of the many addresses of this machine: to a crawler each is a host of its own. */
    String at(int host, String path) {
        return "http://127.0.0." + host + ":" + port() + path;
    }

    /** The URL of a path, on the address or under the name of this machine. */
    String at(String path) {
        return "http://127.0.0.1:" + port() + path;
    }

    List<Request> requests() {
        return List.copyOf(requests);
    }

    long requestsFor(String path) {
        return requests.stream().filter(request -> request.path().equals(path)).count();
    }

    int mostAtOnce() {
        return mostAtOnce.get();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
