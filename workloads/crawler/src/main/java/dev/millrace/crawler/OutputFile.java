package dev.millrace.crawler;

import dev.millrace.MillraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file for pages that this process alone writes: opened and locked, and nothing in it changed yet. */
final class OutputFile implements AutoCloseable {

    private static final int TAIL = 4_096;
    private static final byte[] OURS = "{\"url\":".getBytes(StandardCharsets.US_ASCII);

    private final Path path;
    private final FileChannel channel;
    private final FileLock lock;

    private OutputFile(Path path, FileChannel channel, FileLock lock) {
        this.path = path;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Opens and locks it. What no crawl has written is refused: a slip of the keyboard must not cost a thesis.
     *
     * @throws MillraceException if it can't be written
     */
    static OutputFile open(Path file) {
        FileChannel channel = null;
        try {
            if (Files.isDirectory(file)) throw refused(file, "it is a folder. Name a file in it");
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            var opened = new OutputFile(file.toRealPath(), channel, lock(file, channel));
            opened.refuseIfForeign();
            return opened;
        } catch (IOException | RuntimeException e) {
            try {
                if (channel != null) channel.close();
            } catch (IOException closing) {
                e.addSuppressed(closing);
            }
            if (e instanceof IOException io) throw refused(file, why(io));
            throw (RuntimeException) e;
        }
    }

    private static FileLock lock(Path file, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException byThisProcess) {
            lock = null;
        }
        if (lock == null) throw refused(file, "another crawl is writing it. Wait for its end, or name another file");
        return lock;
    }

    private void refuseIfForeign() throws IOException {
        if (channel.size() == 0) return;
        var start = ByteBuffer.allocate(OURS.length);
        channel.read(start, 0);
        if (!ByteBuffer.wrap(OURS).equals(start.flip())) {
            throw refused("it exists, and was not written by a crawl. Name another file, or remove it");
        }
    }

    Path path() {
        return path;
    }

    FileChannel channel() {
        return channel;
    }

    long size() {
        try {
            return channel.size();
        } catch (IOException e) {
            throw refused(e);
        }
    }

    /** Cuts it off behind this length. */
    void cut(long length) {
        try {
            channel.truncate(length);
        } catch (IOException e) {
            throw refused(e);
        }
    }

    /** A fingerprint of its end, where it has this length. */
    String tail(long length) {
        try {
            long from = Math.max(0, length - TAIL);
            var bytes = ByteBuffer.allocate((int) (length - from));
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, from + bytes.position()) < 0) break;
            }
            return Hashes.sha256(bytes.array());
        } catch (IOException e) {
            throw refused(e);
        }
    }

    @Override
    public void close() {
        try (channel) {
            lock.release();
        } catch (IOException e) {
            throw refused(e);
        }
    }

    MillraceException refused(IOException e) {
        return refused(path, why(e));
    }

    MillraceException refused(String why) {
        return refused(path, why);
    }

    private static MillraceException refused(Path file, String why) {
        return new MillraceException("The pages can't be written to %s: %s.".formatted(file, why));
    }

    private static String why(IOException e) {
        if (e instanceof NoSuchFileException) return "its folder does not exist. Make it first";
        if (e instanceof AccessDeniedException) return "permission is denied. Choose a place that you may write to";
        if (e instanceof FileSystemException f && f.getReason() != null) return f.getReason();
        return String.valueOf(e.getMessage());
    }
}
