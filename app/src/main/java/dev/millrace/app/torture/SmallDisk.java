package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A file system of its own in memory (tmpfs), which can be made full and given room again by changing its size: no ballast is written,
 * and no real disk is touched. Needs Linux, and root.
 */
final class SmallDisk {

    private static final long PAGE = 64 * 1024;

    private final Path directory;
    private final long bytes;

    private SmallDisk(Path directory, long bytes) {
        this.directory = directory;
        this.bytes = bytes;
    }

    /** Mounts one on a new directory, for this user; empty if that is not possible here. */
    static Optional<SmallDisk> mounted(Path directory, long bytes, int user, int group) throws IOException {
        Files.createDirectory(directory);
        var options = "size=%d,mode=0700,uid=%d,gid=%d".formatted(bytes, user, group);
        if (ran("mount", "-t", "tmpfs", "-o", options, "millrace-torture", directory.toString()))
            return Optional.of(new SmallDisk(directory, bytes));
        Files.delete(directory);
        return Optional.empty();
    }

    Path directory() {
        return directory;
    }

    /** From now on not a byte more can be written. */
    void fill() {
        for (int tries = 0; tries < 20; tries++) {
            if (resized(used() + tries * PAGE)) return;
        }
        throw new MillraceException("The file system on %s could not be made full.".formatted(directory));
    }

    void makeRoom() {
        if (!resized(bytes))
            throw new MillraceException("The file system on %s could not be given room again.".formatted(directory));
    }

    private boolean resized(long size) {
        return ran("mount", "-o", "remount,size=" + size, directory.toString());
    }

    private long used() {
        try {
            var store = Files.getFileStore(directory);
            return Math.max(PAGE, store.getTotalSpace() - store.getUnallocatedSpace());
        } catch (IOException e) {
            throw new MillraceException("The file system on %s does not say how full it is.".formatted(directory), e);
        }
    }

    void unmount() {
        if (!ran("umount", directory.toString())) ran("umount", "--lazy", directory.toString());
    }

    private static boolean ran(String... command) {
        try {
            var process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (process.waitFor(10, TimeUnit.SECONDS)) return process.exitValue() == 0;
            process.destroyForcibly();
            return false;
        } catch (IOException noSuchCommand) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
