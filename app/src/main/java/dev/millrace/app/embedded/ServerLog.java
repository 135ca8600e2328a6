package dev.millrace.app.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the server says: {@code start.log} until its own log is open, then {@code server-TIME.log}, begun anew every 10
 * MB. The newest five are kept.
 */
final class ServerLog {

    static final int FILES = 5;
    private static final int TAIL_BYTES = 64 * 1024;

    private final Path directory;

    ServerLog(Path directory) {
        this.directory = directory;
    }

    /** Where the start tool and the server speak at first; empty, and not a file that an earlier server still holds. */
    Path newStartFile() throws IOException {
        var start = directory.resolve("start.log");
        Disk.replace(start, "");
        return start;
    }

    /** How much was said so far, by file. */
    Map<Path, Long> mark() throws IOException {
        var sizes = new HashMap<Path, Long>();
        for (var file : serverFiles()) {
            sizes.put(file, Files.size(file));
        }
        return sizes;
    }

    /** What was said since, the start file included; cut to its end if it is long. */
    String since(Map<Path, Long> mark) {
        var said = new StringBuilder();
        try {
            said.append(read(directory.resolve("start.log"), 0));
            for (var file : serverFiles()) {
                said.append(read(file, mark.getOrDefault(file, 0L)));
            }
        } catch (IOException e) {
            said.append("(the log can't be read: ").append(e.getMessage()).append(')');
        }
        return said.toString();
    }

    /** The last lines, for a person. */
    String tail(int lines) {
        var all = since(Map.of()).lines().toList();
        return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
    }

    /** Deletes all but the newest files. */
    void prune() throws IOException {
        var files = serverFiles();
        for (var old : files.subList(0, Math.max(0, files.size() - FILES))) {
            Files.deleteIfExists(old);
        }
    }

    private List<Path> serverFiles() throws IOException {
        var files = new ArrayList<Path>();
        try (var found = Files.newDirectoryStream(directory, "server-*.log")) {
            found.forEach(files::add);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        files.sort(null); // their names are times
        return files;
    }

    private static String read(Path file, long from) throws IOException {
        if (!Files.exists(file)) {
            return "";
        }
        try (var in = new RandomAccessFile(file.toFile(), "r")) {
            var start = Math.max(from, in.length() - TAIL_BYTES);
            var bytes = new byte[(int) Math.max(0, in.length() - start)];
            in.seek(start);
            in.readFully(bytes);
            return new String(bytes, UTF_8);
        }
    }
}
