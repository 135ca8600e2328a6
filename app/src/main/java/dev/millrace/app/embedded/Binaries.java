package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.EmbeddedServerException.Reason.UNSUPPORTED_PLATFORM;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * The server's programs, unpacked once per version.
 *
 * <p>They are unpacked into a sibling and renamed, under a lock that processes with different data directories may
 * share. Files of this size are not worth a thousand syncs: instead, a note written last says how many files and bytes
 * there are, and whoever finds less (after a power cut) unpacks again.
 */
final class Binaries {

    /** Of the archives on the class path; the archive's hash follows in the directory's name, so a slip is harmless. */
    static final String VERSION = "18.6";

    static final String MAJOR = VERSION.substring(0, VERSION.indexOf('.'));

    private static final String NOTE = ".unpacked";

    private final Path home;
    private final Platform platform;

    private Binaries(Path home, Platform platform) {
        this.home = home;
        this.platform = platform;
    }

    /** Tells versions and builds apart. */
    String id() {
        return home.getFileName().toString();
    }

    String program(String name) {
        return home.resolve("bin")
                .resolve(platform.windows() ? name + ".exe" : name)
                .toString();
    }

    static Binaries unpacked(Path parent, Machine machine, Consumer<EmbeddedServerEvent> events) {
        var platform = machine.platform();
        try {
            var id = "bin-%s-%s-%s".formatted(VERSION, platform, hashOf(platform));
            var home = parent.resolve(id);
            if (!isWhole(home)) {
                Files.createDirectories(parent);
                unpackAlone(home, machine, events);
            }
            return new Binaries(home, platform);
        } catch (IOException e) {
            throw Diagnosis.of("Unpacking PostgreSQL", parent, e);
        } catch (InterruptedException e) {
            throw EmbeddedServerException.interrupted("Unpacking PostgreSQL to " + parent, e);
        }
    }

    private static void unpackAlone(Path home, Machine machine, Consumer<EmbeddedServerEvent> events)
            throws IOException, InterruptedException {
        var unfinished = home.getFileName() + ".unpacking-";
        var lock = home.resolveSibling(home.getFileName() + ".lock");
        try (var channel = FileChannel.open(lock, CREATE, WRITE)) {
            Disk.giveToTheOwnerOfItsDirectory(lock);
            while (tryLock(channel) == null) {
                machine.time().sleep(Duration.ofMillis(50));
            }
            if (isWhole(home)) {
                return; // another process was faster
            }
            events.accept(new EmbeddedServerEvent.Unpacking(home));
            Disk.sweep(
                    Disk.directoryOf(home),
                    unfinished); // under this lock nobody else unpacks: whoever left them is dead
            Disk.deleteTree(home);
            var next = home.resolveSibling(unfinished + ProcessHandle.current().pid() + "-"
                    + machine.time().nanoTime());
            try {
                Files.createDirectory(next);
                unpack(machine.platform(), next);
                Files.writeString(next.resolve(NOTE), Extent.of(next).toString());
                Disk.giveTreeToTheOwnerOfItsDirectory(next);
                Disk.rename(next, home);
            } catch (IOException e) {
                Disk.sweep(Disk.directoryOf(home), unfinished); // a full disk gets its space back
                throw e;
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // another thread of this JVM unpacks
        }
    }

    private static void unpack(Platform platform, Path target) throws IOException {
        try (var tar = new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(archive(platform))))) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                unpack(tar, entry, target);
            }
        }
    }

    private static void unpack(InputStream content, TarArchiveEntry entry, Path target) throws IOException {
        var path = target.resolve(entry.getName()).normalize();
        if (!path.startsWith(target)) {
            throw new FileSystemException(entry.getName(), null, "the archive reaches out of its directory");
        }
        if (entry.isDirectory()) {
            Files.createDirectories(path);
            return;
        }
        Files.createDirectories(path.getParent());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else if (entry.isLink()) {
            Files.createLink(path, target.resolve(entry.getLinkName()));
        } else {
            Files.copy(content, path);
            if ((entry.getMode() & 0111) != 0 && Disk.posix(path)) {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
    }

    private static boolean isWhole(Path home) throws IOException {
        var note = home.resolve(NOTE);
        return Files.exists(note)
                && Files.readString(note).equals(Extent.of(home).toString());
    }

    private static String hashOf(Platform platform) throws IOException {
        try (var in = archive(platform)) {
            var digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest(), 0, 4);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private static InputStream archive(Platform platform) {
        var in = Binaries.class.getResourceAsStream("/" + platform.archive());
        if (in == null) {
            throw new EmbeddedServerException(UNSUPPORTED_PLATFORM, """
                    This build of Millrace brings no PostgreSQL for %s (no %s on its class path). Use a PostgreSQL of \
                    your own with --database jdbc:postgresql://…, or a build that was made for this platform.\
                    """.formatted(platform, platform.archive()));
        }
        return in;
    }

    /** How much there is below a directory. */
    private record Extent(long files, long bytes) {

        static Extent of(Path directory) throws IOException {
            var files = 0L;
            var bytes = 0L;
            try (var found = Files.find(directory, Integer.MAX_VALUE, (path, a) -> counts(path, a))) {
                for (var path : (Iterable<Path>) found::iterator) {
                    files++;
                    bytes += Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .size();
                }
            }
            return new Extent(files, bytes);
        }

        private static boolean counts(Path path, BasicFileAttributes attributes) {
            return attributes.isRegularFile() && !path.endsWith(NOTE);
        }
    }
}
