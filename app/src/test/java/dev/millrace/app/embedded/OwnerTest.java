package dev.millrace.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnerTest {

    @TempDir
    Path directory;

    @Test
    void what_is_written_is_read() throws IOException {
        var file = directory.resolve("owner");
        var owner = new Owner(12, "millrace up --port 8080", Instant.parse("2026-11-22T10:00:00Z"), null, false);

        owner.write(file);
        assertThat(Owner.read(file)).isEqualTo(owner);

        owner.withNode(new UUID(1, 2)).left().write(file);
        assertThat(Owner.read(file)).isEqualTo(owner.withNode(new UUID(1, 2)).left());
    }

    @Test
    void what_cannot_be_read_is_nobody() throws IOException {
        var file = directory.resolve("owner");

        assertThat(Owner.read(file)).isNull();
        for (var garbage :
                new String[] {"", "pid=", "pid=1\nsince=yesterday", "pid=1\nsince=2026-11-22T10:00:00Z\nnode=x"}) {
            Files.writeString(file, garbage);
            assertThat(Owner.read(file)).as(garbage).isNull();
        }
    }

    @Test
    void a_record_of_our_own_number_is_an_earlier_processs() {
        var since = Instant.parse("2026-11-22T10:00:00Z");
        var self = ProcessHandle.current();

        assertThat(new Owner(self.pid(), "millrace up", since, null, false).mayLive())
                .isFalse();
        self.parent().ifPresent(parent -> {
            var owner = new Owner(parent.pid(), "millrace up", since, null, false);
            assertThat(owner.mayLive()).isTrue();
            assertThat(owner.left().mayLive()).isFalse();
        });
    }
}
