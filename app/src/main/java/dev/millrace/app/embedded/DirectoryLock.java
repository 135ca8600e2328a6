package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.EmbeddedServerException.Reason.IN_USE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The exclusive use of a data directory by one process.
 *
 * <p>It is a lock of the operating system: it ends with the process, however that ends. So whoever holds it knows that
 * every earlier owner is dead, not only silent.
 */
final class DirectoryLock implements AutoCloseable {

    /**
     * The directories that this JVM holds. Static, because the lock is state of the process: POSIX drops all locks on a
     * file when the process closes <em>any</em> descriptor of it, so a second attempt must be refused before it opens
     * the file.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    /** A process that was just killed may need a moment until the system has taken its locks. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final Layout layout;
    private final FileChannel channel;
    private final @Nullable Owner previous;
    private Owner current;

    private DirectoryLock(Layout layout, FileChannel channel, @Nullable Owner previous, Owner current) {
        this.layout = layout;
        this.channel = channel;
        this.previous = previous;
        this.current = current;
    }

    static DirectoryLock acquire(Layout layout, String command, Time time) {
        if (!HELD.add(layout.data())) {
            throw inUse(layout, null);
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(
                    layout.lock(), Set.of(CREATE, WRITE), Disk.onlyForTheOwner(layout.lock(), "rw-------"));
            lock(channel, layout, time);
            Disk.giveToTheOwnerOfItsDirectory(layout.lock());
            var previous = Owner.read(layout.owner());
            var current = new Owner(
                    ProcessHandle.current().pid(),
                    command,
                    time.now().truncatedTo(ChronoUnit.SECONDS),
                    previous == null ? null : previous.node(),
                    false);
            current.write(layout.owner());
            return new DirectoryLock(layout, channel, previous, current);
        } catch (IOException e) {
            release(layout, channel);
            throw Diagnosis.of("Locking the data directory", layout.data(), e);
        } catch (InterruptedException e) {
            release(layout, channel);
            throw EmbeddedServerException.interrupted("Locking the data directory " + layout.data(), e);
        } catch (RuntimeException e) {
            release(layout, channel);
            throw e;
        }
    }

    private static void lock(FileChannel channel, Layout layout, Time time) throws IOException, InterruptedException {
        var patience = Deadline.in(PATIENCE, time);
        try {
            while (channel.tryLock() == null) {
                if (!patience.sleep(Duration.ofMillis(50))) {
                    throw inUse(layout, null);
                }
            }
        } catch (OverlappingFileLockException e) {
            throw inUse(layout, e); // held through another class loader, which has another HELD
        }
    }

    private static EmbeddedServerException inUse(Layout layout, @Nullable Throwable cause) {
        var owner = Owner.read(layout.owner());
        var by =
                owner == null || owner.closed() || ProcessHandle.of(owner.pid()).isEmpty()
                        ? "another process"
                        : "process %d (%s, since %s)".formatted(owner.pid(), owner.command(), owner.since());
        return new EmbeddedServerException(
                IN_USE,
                "The data directory %s is in use by %s. Use another one with --data, or stop that process first."
                        .formatted(layout.data(), by),
                "",
                cause);
    }

    /** Whether the last owner ended without {@link #close()}. */
    boolean previousOwnerDied() {
        return previous != null && !previous.closed();
    }

    Optional<UUID> previousNode() {
        return previous == null ? Optional.empty() : Optional.ofNullable(previous.node());
    }

    synchronized void recordNode(UUID node) {
        write(current.withNode(node));
    }

    private void write(Owner owner) {
        try {
            owner.write(layout.owner());
            current = owner;
        } catch (IOException e) {
            throw Diagnosis.of("Recording the owner of the data directory", layout.data(), e);
        }
    }

    /** Leaves in order. A record that can't be written (a full disk) does not keep the lock. */
    @Override
    public synchronized void close() {
        try {
            write(current.left());
        } catch (EmbeddedServerException e) {
            System.getLogger(DirectoryLock.class.getName())
                    .log(System.Logger.Level.DEBUG, "The owner's record could not be closed", e);
        } finally {
            release(layout, channel);
        }
    }

    private static void release(Layout layout, @Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            System.getLogger(DirectoryLock.class.getName())
                    .log(System.Logger.Level.DEBUG, "The lock file could not be closed", e);
        } finally {
            HELD.remove(layout.data());
        }
    }
}
