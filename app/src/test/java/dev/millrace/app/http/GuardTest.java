package dev.millrace.app.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.TextCodec;
import dev.millrace.app.cli.TryOut;
import dev.millrace.app.http.HttpServer.Address;
import dev.millrace.world.SystemWorld;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Under which names a server answers. */
class GuardTest {

    private final SystemWorld world = new SystemWorld();
    private final Millrace millrace = Millrace.on(new MemoryStore(new TextCodec()));

    @AfterEach
    void close() {
        millrace.close();
    }

    private HttpServer server(String host, String... names) {
        CommandLineFixture.quiet();
        var node = millrace.node().with(new TryOut(world)).start();
        return HttpServer.start(new Address(host, 0, List.of(names)), millrace, node::status, world, "memory");
    }

    /** The status of a request under this name; clients set the header themselves, hence by hand. */
    private static int asked(HttpServer server, String name) throws IOException {
        var url = URI.create(server.url());
        var to = url.getHost().equals("0.0.0.0") ? "127.0.0.1" : url.getHost();
        try (var socket = new Socket(to, url.getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write("GET /health/live HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n"
                            .formatted(name, url.getPort())
                            .getBytes(US_ASCII));
            var status = new String(socket.getInputStream().readNBytes(12), US_ASCII);
            return Integer.parseInt(status.substring(9));
        }
    }

    @Test
    void it_answers_under_the_address_it_was_told_to_listen_on() throws IOException {
        try (var server = server("127.0.0.2")) {
            assertThat(asked(server, "127.0.0.2")).isEqualTo(200);
            assertThat(asked(server, "localhost")).isEqualTo(200);
            assertThat(asked(server, "192.0.2.7")).isEqualTo(421);
            assertThat(asked(server, "rebound.example")).isEqualTo(421);
        }
    }

    @Test
    void one_for_everybody_answers_under_addresses_and_the_names_it_was_given() throws IOException {
        try (var server = server("0.0.0.0", "Jobs.example")) {
            assertThat(asked(server, "192.0.2.7")).isEqualTo(200);
            assertThat(asked(server, "[2001:db8::7]")).isEqualTo(200);
            assertThat(asked(server, "jobs.example")).isEqualTo(200);
            assertThat(asked(server, "rebound.example")).isEqualTo(421);
            assertThat(asked(server, "192.0.2.7.rebound.example")).isEqualTo(421);
        }
    }
}
