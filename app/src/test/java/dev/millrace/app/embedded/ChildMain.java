package dev.millrace.app.embedded;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * A process of its own that opens a data directory, says what happens, and does what it is told on its input:
 * {@code node UUID}, {@code close}. It ends when its input ends.
 */
final class ChildMain {

    static final int FAILED = 3;
    static final int GIVEN_UP = 7;

    private ChildMain() {}

    public static void main(String[] arguments) throws Exception {
        var exitWhenGivenUp = List.of(arguments).contains("exit-when-given-up");
        var config = EmbeddedServerConfig.at(Path.of(arguments[0]))
                .command("millrace child")
                .binaries(Path.of(arguments[1]))
                .events(event -> {
                    System.out.println("event " + event);
                    if (event instanceof EmbeddedServerEvent.GivenUp && exitWhenGivenUp) {
                        System.exit(GIVEN_UP);
                    }
                });
        try (var server = EmbeddedServer.open(config)) {
            Runtime.getRuntime().addShutdownHook(new Thread(server::close));
            System.out.printf("open %d %d%n", server.port(), server.pid());
            var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (var line = in.readLine(); line != null && !line.equals("close"); line = in.readLine()) {
                if (line.startsWith("node ")) {
                    server.recordNode(UUID.fromString(line.substring(5)));
                    System.out.println("recorded");
                }
            }
        } catch (EmbeddedServerException e) {
            System.out.println("failed " + e.reason() + " " + e.getMessage());
            System.exit(FAILED);
        }
        System.out.println("closed");
    }
}
