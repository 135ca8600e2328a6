package dev.millrace.app.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who holds a data directory, or held it last: a few lines of text beside the lock.
 *
 * @param node the engine's node that worked on it last, whoever recorded it; kept from owner to owner until another one
 *     is recorded
 * @param closed whether the owner left in order
 */
record Owner(
        long pid, String command, Instant since, @Nullable UUID node, boolean closed) {

    /**
     * Whether the owner may still be there: it did not leave, and there is a process of its number, which may be another one's by now. A
     * record of our own number is an earlier process's: in a container everyone is number 7.
     */
    boolean mayLive() {
        return !closed
                && pid != ProcessHandle.current().pid()
                && ProcessHandle.of(pid).isPresent();
    }

    Owner withNode(UUID node) {
        return new Owner(pid, command, since, node, closed);
    }

    Owner left() {
        return new Owner(pid, command, since, node, true);
    }

    void write(Path file) throws IOException {
        Disk.replace(file, """
                pid=%d
                command=%s
                since=%s
                node=%s
                closed=%s
                """.formatted(pid, command, since, node == null ? "" : node, closed));
    }

    /** Null if nobody was recorded, or nothing that can be read. */
    static @Nullable Owner read(Path file) {
        var values = new HashMap<String, String>();
        try {
            for (var line : Files.readAllLines(file)) {
                var at = line.indexOf('=');
                if (at > 0) {
                    values.put(line.substring(0, at), line.substring(at + 1));
                }
            }
            var node = values.getOrDefault("node", "");
            return new Owner(
                    Long.parseLong(values.getOrDefault("pid", "")),
                    values.getOrDefault("command", ""),
                    Instant.parse(values.getOrDefault("since", "")),
                    node.isEmpty() ? null : UUID.fromString(node),
                    Boolean.parseBoolean(values.get("closed")));
        } catch (IOException | IllegalArgumentException | DateTimeException e) {
            return null; // only a message and a shortcut hang on it: never a reason not to start
        }
    }
}
