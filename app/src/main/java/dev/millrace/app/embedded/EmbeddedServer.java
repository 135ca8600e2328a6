package dev.millrace.app.embedded;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A real PostgreSQL server that belongs to one data directory and to the one process that holds it.
 *
 * <p><b>Durable.</b> Its settings are a production server's ({@code fsync}, {@code synchronous_commit} and
 * {@code full_page_writes} are forced to on, pages have checksums). The data is kept from start to start.
 *
 * <p><b>Exclusive.</b> The directory is locked by the operating system for the life of the process. A second process
 * gets {@link EmbeddedServerException.Reason#IN_USE}. Whoever opened the directory knows that every earlier owner is
 * dead, and {@link #previousNode()} says which node of the engine died with it: it can be deposed at once.
 *
 * <p><b>Killed at any moment, it is found again.</b> Programs are unpacked and clusters are made under another name and
 * renamed when they are whole. A server whose parent was killed goes on running; the next owner adopts it (its port and
 * password are the same, sessions of the dead process are ended), or stops it if it can't be used, and never starts a
 * second one beside it.
 *
 * <p><b>Supervised.</b> A server that dies under a living process is started again on the same port. At the third death
 * without a minute of life in between it stays down, and {@link EmbeddedServerEvent.GivenUp} says so. While the disk is full it is tried
 * again and again.
 *
 * <p>Its weaknesses: it is stopped only by {@link #close()}, so the caller needs a shutdown hook (without one, nothing
 * is lost, but the server goes on running until the next start; so it does if the process is ended while it still
 * opens). A directory must not be shared by containers with separate process numbers, unless a container takes its
 * processes along when it ends (they do). Not tried on macOS and Windows.
 *
 * <p>Thread-safe.
 */
public final class EmbeddedServer implements AutoCloseable {

    /** A stop takes about 0.1 s, unless there is much to write; then it goes on without us. */
    private static final Duration STOP_LIMIT = Duration.ofMillis(1500);

    private static final Duration SUPERVISOR_LIMIT = Duration.ofMillis(400);

    private final Layout layout;
    private final DirectoryLock directoryLock;
    private final Cluster cluster;
    private final Launcher launcher;
    private final Supervisor supervisor;
    private final boolean adopted;
    private final ReentrantLock closing = new ReentrantLock();
    private boolean closed;

    private EmbeddedServer(
            Layout layout,
            DirectoryLock directoryLock,
            Cluster cluster,
            Launcher launcher,
            Supervisor supervisor,
            boolean adopted) {
        this.layout = layout;
        this.directoryLock = directoryLock;
        this.cluster = cluster;
        this.launcher = launcher;
        this.supervisor = supervisor;
        this.adopted = adopted;
    }

    /** Whether a server was ever opened in a data directory: else opening it makes one. Changes nothing. */
    public static boolean isIn(Path dataDirectory) {
        return Layout.isTaken(dataDirectory);
    }

    /** Opens a data directory with the defaults. */
    public static EmbeddedServer open(Path dataDirectory) {
        return open(EmbeddedServerConfig.at(dataDirectory));
    }

    /**
     * Opens a data directory: makes what is missing, and returns when the server answers. The first time takes a few
     * seconds, later times a fraction of one; after a crash it takes as long as the log's replay.
     *
     * @throws EmbeddedServerException if there is no server to be had; nothing is held then
     */
    public static EmbeddedServer open(EmbeddedServerConfig config) {
        return open(config, Machine.real());
    }

    static EmbeddedServer open(EmbeddedServerConfig config, Machine machine) {
        var layout = Layout.prepare(config.dataDirectory());
        var lock = DirectoryLock.acquire(layout, config.command(), machine.time());
        try {
            return open(config.events(quietly(config.events())), machine, layout, lock);
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    private static EmbeddedServer open(
            EmbeddedServerConfig config, Machine machine, Layout layout, DirectoryLock lock) {
        var events = config.events();
        Cluster.refuseUnusable(layout.cluster());
        try {
            layout.makeServerDirectories();
        } catch (IOException e) {
            throw Diagnosis.of("Preparing the server's directory", layout.data(), e);
        }
        var home = config.binaries() == null
                ? layout.postgres()
                : config.binaries().toAbsolutePath();
        var binaries = Binaries.unpacked(home, machine, events);
        var account = Account.choose(layout, binaries, machine);
        var programs = new Programs(account, layout.postgres(), binaries);
        var cluster = Cluster.openOrMake(layout, programs, machine.time(), events);
        var log = new ServerLog(layout.log());
        var launcher = new Launcher(cluster, programs, log, machine, config);
        var running = launcher.bringUp();
        var supervisor = new Supervisor(running, launcher, log, machine.time(), events);
        supervisor.start();
        return new EmbeddedServer(layout, lock, cluster, launcher, supervisor, running.adopted());
    }

    /** A listener's failure must not take the server down. */
    private static Consumer<EmbeddedServerEvent> quietly(Consumer<EmbeddedServerEvent> listener) {
        return event -> {
            try {
                listener.accept(event);
            } catch (RuntimeException e) {
                System.getLogger(EmbeddedServer.class.getName())
                        .log(Level.WARNING, "A listener failed on %s".formatted(event), e);
            }
        };
    }

    /** Where the database is; without user and password. Good for as long as this server is open, restarts included. */
    public String jdbcUrl() {
        return Probe.url(port(), Probe.DATABASE);
    }

    /** The user that owns the database. */
    public String user() {
        return Cluster.USER;
    }

    /** That user's password; kept in a file of the data directory that only its owner can read. */
    public String password() {
        return cluster.password();
    }

    /** The port on 127.0.0.1. */
    public int port() {
        return supervisor.running().port();
    }

    /** The process number of the server that runs now, or ran last. */
    public long pid() {
        return supervisor.running().process().pid();
    }

    /** Whether the server was found running when the directory was opened. */
    public boolean adopted() {
        return adopted;
    }

    /** The directory that was opened, without symbolic links. */
    public Path dataDirectory() {
        return layout.data();
    }

    /** Where the server's log files are. */
    public Path logDirectory() {
        return layout.log();
    }

    /** Whether the last process that held this directory ended without {@link #close()}. */
    public boolean previousOwnerDied() {
        return directoryLock.previousOwnerDied();
    }

    /**
     * The node that {@link #recordNode} recorded last, in whatever process. That process is dead, so the node can be
     * deposed without waiting for its lease. Present also after an orderly end, and after owners that recorded nothing.
     */
    public Optional<UUID> previousNode() {
        return directoryLock.previousNode();
    }

    /**
     * Records, durably, which node of the engine works on this directory from now on. Depose {@link #previousNode()}
     * first: its record is replaced. Then record the new node, and only then let it register.
     *
     * @throws EmbeddedServerException if it can't be written
     */
    public void recordNode(UUID node) {
        directoryLock.recordNode(node);
    }

    /**
     * Stops the server in order and gives the directory back; takes about 0.1 s, two at most. A server that has so much
     * to write that it needs longer ends by itself, and a next start waits for it. Idempotent; a second thread waits
     * for the first. Meant to be called from a shutdown hook.
     */
    @Override
    public void close() {
        var interrupted = Thread.interrupted(); // an interrupted thread still stops its server
        closing.lock();
        try {
            if (!closed) {
                closed = true;
                stop();
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            closing.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void stop() throws InterruptedException {
        try (directoryLock) {
            supervisor.stop(SUPERVISOR_LIMIT);
            launcher.stopQuickly(STOP_LIMIT);
        }
    }
}
