package dev.millrace.app.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How to open an {@link EmbeddedServer}.
 *
 * @param dataDirectory where everything is kept; made if it does not exist
 * @param command what this process calls itself, as a second process on the directory will read it, such as
 *     {@code millrace up}
 * @param port the port on 127.0.0.1; 0 (default) takes a free one, which stays the same from start to start if it can
 * @param binaries where the server's programs are unpacked (60 MB); by default below the data directory, elsewhere if
 *     several data directories are to share them
 * @param startLimit how long a start may take before it is called failed; generous (5 minutes), because a server that
 *     replays its log after a crash is slow, not broken
 * @param events who hears what happens
 */
public record EmbeddedServerConfig(
        Path dataDirectory,
        String command,
        int port,
        @Nullable Path binaries,
        Duration startLimit,
        Consumer<EmbeddedServerEvent> events) {

    /** Checks the ranges. */
    public EmbeddedServerConfig {
        Objects.requireNonNull(dataDirectory, "dataDirectory");
        Objects.requireNonNull(events, "events");
        if (command.isBlank() || command.lines().count() > 1) {
            throw new IllegalArgumentException(
                    "command is \"%s\", but must be one line that says who uses the data directory, such as \"millrace up\"."
                            .formatted(command));
        }
        if (port != 0 && (port < 1024 || port > 65_535)) {
            throw new IllegalArgumentException(
                    "port is %d, but must be 0 (any free port) or in 1024..65535.".formatted(port));
        }
        if (startLimit.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("startLimit is %s, but must be 1 s or more.".formatted(startLimit));
        }
    }

    /** The defaults: any free port, binaries below the data directory, nobody listens. */
    public static EmbeddedServerConfig at(Path dataDirectory) {
        return new EmbeddedServerConfig(dataDirectory, "millrace", 0, null, Duration.ofMinutes(5), event -> {});
    }

    /** This, with the name under which a second process on the directory will read about this one. */
    public EmbeddedServerConfig command(String command) {
        return new EmbeddedServerConfig(dataDirectory, command, port, binaries, startLimit, events);
    }

    /** This, on a fixed port. */
    public EmbeddedServerConfig port(int port) {
        return new EmbeddedServerConfig(dataDirectory, command, port, binaries, startLimit, events);
    }

    /** This, with the programs unpacked to a directory that others may share. */
    public EmbeddedServerConfig binaries(Path binaries) {
        return new EmbeddedServerConfig(dataDirectory, command, port, binaries, startLimit, events);
    }

    /** This, with a listener in place of the earlier one. */
    public EmbeddedServerConfig events(Consumer<EmbeddedServerEvent> events) {
        return new EmbeddedServerConfig(dataDirectory, command, port, binaries, startLimit, events);
    }
}
