package dev.millrace.app.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The server that another living process runs on a data directory, for whoever wants to be its guest: how to reach it, and whose it is.
 * Read from the files there; nothing is locked. The owner may be gone a moment later, and after a crash its number may be another
 * process's by now: only the lock of the directory tells for certain.
 *
 * @param owner the process that holds the directory
 * @param command what that process calls itself
 */
public record RunningServer(long owner, String command, String jdbcUrl, String user, String password) {

    /** The server, if somebody holds the directory and its server listens already. */
    public static Optional<RunningServer> find(Path dataDirectory) {
        var layout = new Layout(dataDirectory.toAbsolutePath().normalize());
        var owner = Owner.read(layout.owner());
        if (owner == null || !owner.mayLive()) return Optional.empty();
        return PidFile.read(layout.cluster())
                .filter(file -> file.port() != 0 && !file.stopping())
                .flatMap(file -> passwordOf(layout)
                        .map(password -> new RunningServer(
                                owner.pid(),
                                owner.command(),
                                Probe.url(file.port(), Probe.DATABASE),
                                Cluster.USER,
                                password)));
    }

    /** Who holds the directory, whether or not its server listens; empty if nobody that lives. */
    public static Optional<String> holder(Path dataDirectory) {
        var owner = Owner.read(new Layout(dataDirectory.toAbsolutePath().normalize()).owner());
        return owner == null || !owner.mayLive() ? Optional.empty() : Optional.of(owner.command());
    }

    private static Optional<String> passwordOf(Layout layout) {
        var file = layout.cluster().resolve(Cluster.PASSWORD);
        try {
            return Optional.of(Files.readString(file).strip());
        } catch (java.nio.file.AccessDeniedException denied) {
            throw new EmbeddedServerException(
                    EmbeddedServerException.Reason.PERMISSION_DENIED,
                    "The database in %s belongs to another user of this machine: %s can't be read. Run this as that user, or use a directory of your own with --data."
                            .formatted(layout.data(), file),
                    "",
                    denied);
        } catch (IOException notThere) {
            return Optional.empty();
        }
    }
}
