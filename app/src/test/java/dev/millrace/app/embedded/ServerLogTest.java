package dev.millrace.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerLogTest {

    @TempDir
    Path directory;

    @Test
    void only_the_newest_files_are_kept() throws IOException {
        for (var day = 1; day <= 9; day++) {
            Files.writeString(directory.resolve("server-2026010%d-000000.log".formatted(day)), "");
        }

        new ServerLog(directory).prune();

        try (var files = Files.list(directory)) {
            assertThat(files)
                    .hasSize(ServerLog.FILES)
                    .contains(directory.resolve("server-20260109-000000.log"))
                    .doesNotContain(directory.resolve("server-20260104-000000.log"));
        }
    }

    @Test
    void what_was_said_since_a_mark_is_found_again() throws IOException {
        var log = new ServerLog(directory);
        var old = Files.writeString(directory.resolve("server-20260101-000000.log"), "before\n");
        var mark = log.mark();

        log.newStartFile();
        Files.writeString(old, "before\nafter\n");
        Files.writeString(directory.resolve("server-20260102-000000.log"), "later\n");

        assertThat(log.since(mark)).isEqualTo("after\nlater\n");
        assertThat(log.tail(2)).isEqualTo("after\nlater");
    }
}
