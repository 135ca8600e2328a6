package dev.millrace.app.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What a server writes about itself into {@code postmaster.pid}; it stays behind when the server is killed. */
record PidFile(long pid, int port, String status) {

    static Path in(Path cluster) {
        return cluster.resolve("postmaster.pid");
    }

    /** Empty if there is none, or if it was written only in part: a server that has just begun, or a power cut. */
    static Optional<PidFile> read(Path cluster) {
        try {
            var lines = Files.readAllLines(in(cluster));
            return Optional.of(new PidFile(
                    Long.parseLong(line(lines, 0)),
                    line(lines, 3).isEmpty() ? 0 : Integer.parseInt(line(lines, 3)),
                    line(lines, 7)));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    boolean stopping() {
        return status.equals("stopping");
    }

    private static String line(List<String> lines, int index) {
        return index < lines.size() ? lines.get(index).strip() : "";
    }
}
