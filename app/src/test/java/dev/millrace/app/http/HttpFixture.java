package dev.millrace.app.http;

import dev.millrace.Codec;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.TextCodec;
import dev.millrace.app.cli.TryOut;
import dev.millrace.world.SystemWorld;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server over a store in memory, with a node that runs echo and sleep. */
public final class HttpFixture implements AutoCloseable {

    private final SystemWorld world = new SystemWorld();
    private final Millrace millrace;
    private final Node node;
    private final HttpClient client = HttpClient.newHttpClient();
    private final HttpServer server;

    /** What the server sees may be another engine than the real one. */
    public HttpFixture(Function<Millrace, Millrace> seen) {
        this(new TextCodec(), seen);
    }

    /** Over a store that keeps its texts in this way. */
    public HttpFixture(Codec codec) {
        this(codec, Function.identity());
    }

    private HttpFixture(Codec codec, Function<Millrace, Millrace> seen) {
        CommandLineFixture.quiet();
        millrace = Millrace.on(new MemoryStore(codec));
        node = millrace.node().name("here").with(new TryOut(world)).start();
        server = HttpServer.start(
                new HttpServer.Address("127.0.0.1", 0), seen.apply(millrace), node::status, world, "memory");
    }

    public HttpFixture() {
        this(Function.identity());
    }

    /** What came back. */
    public record Answer(HttpResponse<String> response) {
        public int status() {
            return response.statusCode();
        }

        public String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        public JsonNode json() {
            return new JsonMapper().readTree(response.body());
        }

        public String text() {
            return response.body();
        }
    }

    public Answer get(String path, String... headers) {
        return send(request(path, headers).GET());
    }

    public Answer post(String path, String body, String... headers) {
        return send(request(path, headers)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    }

    public Answer put(String path, String body) {
        return send(request(path).header("Content-Type", "application/json").PUT(BodyPublishers.ofString(body)));
    }

    /** Any bytes, said to be JSON. */
    public Answer post(String path, byte[] body) {
        return send(request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofByteArray(body)));
    }

    public Answer send(String method, String path) {
        return send(request(path).method(method, BodyPublishers.noBody()));
    }

    private HttpRequest.Builder request(String path, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(server.url() + path)).timeout(Duration.ofSeconds(30));
        return headers.length == 0 ? request : request.headers(headers);
    }

    private Answer send(HttpRequest.Builder request) {
        try {
            return new Answer(client.send(request.build(), BodyHandlers.ofString()));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public HttpServer server() {
        return server;
    }

    @Override
    public void close() {
        server.close();
        millrace.close();
        client.close();
    }
}
