package dev.millrace.app.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What this package does to files, so that a crash at any moment leaves the old state or the new one.
 *
 * <p>What root makes belongs to the owner of the directory it is made in: a later start by that owner must be able to
 * go on, and a server that runs as somebody else must be able to read it.
 */
final class Disk {

    private static final FileAttribute<?>[] NOTHING = {};

    private Disk() {}

    static boolean posix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** The directory that something lies in; nothing here is ever done to a root. */
    static Path directoryOf(Path path) {
        return Objects.requireNonNull(path.toAbsolutePath().getParent(), "a file system's root has no directory");
    }

    static boolean thisProcessIsRoot() {
        try {
            return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return "root".equals(System.getProperty("user.name"));
        }
    }

    static int userOf(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:uid");
    }

    static int groupOf(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:gid");
    }

    /** A directory only for its owner; an existing one is left as it is. */
    static void makeDirectory(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Files.createDirectory(directory, onlyForTheOwner(directory, "rwx------"));
        giveToTheOwnerOfItsDirectory(directory);
    }

    /** Replaces a whole small file. Whoever reads it, at any time and after any crash, sees the old text or the new. */
    static void replace(Path file, String text) throws IOException {
        var next = file.resolveSibling(file.getFileName() + ".new");
        var permissions = onlyForTheOwner(file, "rw-------");
        try (var channel = FileChannel.open(next, Set.of(CREATE, WRITE, TRUNCATE_EXISTING), permissions)) {
            var bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        giveToTheOwnerOfItsDirectory(next);
        rename(next, file);
    }

    /** Renames within one directory, and makes the new name durable. */
    static void rename(Path from, Path to) throws IOException {
        Files.move(from, to, ATOMIC_MOVE, REPLACE_EXISTING);
        syncDirectory(directoryOf(to));
    }

    static FileAttribute<?>[] onlyForTheOwner(Path path, String permissions) {
        return posix(path)
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : NOTHING;
    }

    static void giveToTheOwnerOfItsDirectory(Path path) throws IOException {
        if (!posix(path) || !thisProcessIsRoot()) {
            return;
        }
        var directory = directoryOf(path);
        give(path, userOf(directory), groupOf(directory));
    }

    static void giveTreeToTheOwnerOfItsDirectory(Path tree) throws IOException {
        if (posix(tree) && thisProcessIsRoot()) {
            var directory = directoryOf(tree);
            giveTree(tree, userOf(directory), groupOf(directory));
        }
    }

    /** Changes the owner of a whole tree. */
    static void giveTree(Path tree, int user, int group) throws IOException {
        try (var paths = Files.walk(tree)) {
            for (var path : (Iterable<Path>) paths::iterator) {
                give(path, user, group);
            }
        }
    }

    private static void give(Path path, int user, int group) throws IOException {
        if ((int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS) != user) {
            Files.setAttribute(path, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
            Files.setAttribute(path, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
        }
    }

    /** Deletes a tree; what another process deletes at the same time is no error. */
    static void deleteTree(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Deletes what an earlier process left half-made. What can't be deleted now stays for the next start. */
    static void sweep(Path directory, String prefix) throws IOException {
        try (var entries = Files.newDirectoryStream(directory, prefix + "*")) {
            for (var entry : entries) {
                try {
                    deleteTree(entry);
                } catch (IOException e) {
                    // A program that outlived its killed parent may still write there. It is in nobody's way.
                }
            }
        }
    }

    private static void syncDirectory(Path directory) throws IOException {
        if (posix(directory)) { // Windows can't open a directory, and needs no such thing
            try (var channel = FileChannel.open(directory, READ)) {
                channel.force(true);
            }
        }
    }
}
