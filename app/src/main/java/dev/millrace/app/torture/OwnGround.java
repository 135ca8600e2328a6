package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import dev.millrace.app.embedded.EmbeddedServer;
import dev.millrace.app.embedded.EmbeddedServerConfig;
import dev.millrace.app.embedded.EmbeddedServerEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A server of our own, with a cluster made for this run: whatever is done to it, no other database notices. Its tables lie in a
 * tablespace on a {@link SmallDisk}, where one can be had; its log of writes does not, since a server that can't write that stops itself.
 */
final class OwnGround implements Ground {

    private final Path folder;
    private final Path logs;
    private final EmbeddedServer server;
    private final Login login;
    private final @Nullable SmallDisk disk;
    private final Thread atExit;
    private final AtomicBoolean closed = new AtomicBoolean();
    private boolean kept;

    private OwnGround(Path folder, Path logs, EmbeddedServer server, @Nullable SmallDisk disk) {
        this.folder = folder;
        this.logs = logs;
        this.server = server;
        this.disk = disk;
        this.login = new Login(server.jdbcUrl(), server.user(), server.password());
        this.atExit = Thread.ofPlatform().name("torture-exit").unstarted(this::end);
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * Makes a cluster below this data directory, without touching what else is in it.
     *
     * @param name unique among the runs there
     * @param diskBytes how large the small disk is; 0 for none
     * @param events hears of the server's ups and downs
     */
    static OwnGround below(Path dataDirectory, String name, long diskBytes, Consumer<EmbeddedServerEvent> events)
            throws IOException {
        var torture = dataDirectory.resolve("torture");
        var folder = torture.resolve(name);
        var programs = dataDirectory.resolve("postgres");
        var logs = Files.createDirectories(folder.resolve("logs"));
        var server = EmbeddedServer.open(EmbeddedServerConfig.at(folder.resolve("data"))
                .command("millrace torture")
                .binaries(Files.isDirectory(programs) ? programs : torture)
                .events(events));
        var cluster = server.dataDirectory().resolve("postgres").resolve("cluster");
        var disk = smallDisk(folder.resolve("disk"), diskBytes, cluster);
        var ground = new OwnGround(folder, logs, server, disk.orElse(null));
        try {
            ground.useDisk();
        } catch (RuntimeException e) {
            ground.discard();
            ground.close();
            throw e;
        }
        return ground;
    }

    /** For whoever owns the cluster's files. */
    private static Optional<SmallDisk> smallDisk(Path directory, long bytes, Path cluster) throws IOException {
        if (bytes == 0 || !cluster.getFileSystem().supportedFileAttributeViews().contains("unix"))
            return Optional.empty();
        return SmallDisk.mounted(
                directory, bytes, (int) Files.getAttribute(cluster, "unix:uid", LinkOption.NOFOLLOW_LINKS), (int)
                        Files.getAttribute(cluster, "unix:gid", LinkOption.NOFOLLOW_LINKS));
    }

    private void useDisk() {
        if (disk == null) return;
        tell("CREATE TABLESPACE torture_disk LOCATION '%s'".formatted(disk.directory()));
        tell("ALTER DATABASE \"%s\" SET default_tablespace = torture_disk".formatted(database()));
    }

    private String database() {
        return login.url().replaceAll("[?].*", "").replaceAll(".*/", "");
    }

    private void tell(String sql) {
        try (var connection = login.connect("torture");
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new MillraceException(
                    "The torture's own server refused \"%s\": %s.".formatted(sql, e.getMessage()), e);
        }
    }

    @Override
    public Login login() {
        return login;
    }

    /** The default one, so that every command finds it on a data directory that was kept. */
    @Override
    public String schema() {
        return "millrace";
    }

    @Override
    public Path logs() {
        return logs;
    }

    @Override
    public boolean bears(FaultKind kind) {
        return kind != FaultKind.DISK || disk != null;
    }

    @Override
    public void stopServer(Fault.Restart.How how) {
        Signals.send(how == Fault.Restart.How.IMMEDIATE ? "QUIT" : "KILL", server.pid());
    }

    @Override
    public void fillDisk() {
        if (disk != null) disk.fill();
    }

    @Override
    public void makeRoom() {
        if (disk != null) disk.makeRoom();
    }

    @Override
    public String keep() {
        kept = true;
        if (disk != null) {
            tell("ALTER TABLE ALL IN TABLESPACE torture_disk SET TABLESPACE pg_default");
            tell("ALTER INDEX ALL IN TABLESPACE torture_disk SET TABLESPACE pg_default");
            tell("ALTER DATABASE \"%s\" RESET default_tablespace".formatted(database()));
            tell("DROP TABLESPACE torture_disk");
        }
        return "The database and the logs are kept for a look: millrace jobs --data %s, and %s."
                .formatted(server.dataDirectory(), logs);
    }

    @Override
    public void discard() {
        kept = false;
    }

    /** Ends the server, and deletes what is not kept. */
    private void end() {
        if (!closed.compareAndSet(false, true)) return;
        server.close();
        if (disk != null) disk.unmount();
        if (!kept) Trees.delete(folder);
    }

    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException exiting) {
            // the hook finds it closed
        }
    }
}
