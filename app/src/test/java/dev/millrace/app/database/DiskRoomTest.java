package dev.millrace.app.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Checkup;
import dev.millrace.Finding;
import dev.millrace.Finding.Severity;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Room on the disk of an embedded database. */
class DiskRoomTest {

    private static final Path DATA = Path.of("/data");
    private static final Checkup NOTHING =
            new Checkup(Instant.EPOCH, List.of(), List.of(Finding.Type.NO_NODE), Map.of());

    private static long gb(long gigabytes) {
        return gigabytes << 30;
    }

    @Test
    void enough_is_not_told() {
        assertThat(DiskRoom.judge(DATA, gb(2), gb(20))).isEmpty();
        assertThat(DiskRoom.judge(DATA, gb(20), gb(1_000))).isEmpty();
    }

    @Test
    void a_disk_that_fills_up_is_a_warning_and_a_full_one_is_critical() {
        assertThat(DiskRoom.judge(DATA, gb(2) - 1, gb(20)))
                .extracting(Finding::severity)
                .containsExactly(Severity.WARNING);
        assertThat(DiskRoom.judge(DATA, gb(19), gb(1_000)))
                .extracting(Finding::severity)
                .containsExactly(Severity.WARNING);
        assertThat(DiskRoom.judge(DATA, 400L << 20, gb(20))).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(Severity.CRITICAL);
            assertThat(finding.text())
                    .isEqualTo("The disk of the embedded database, in /data, has 400 MB left of 20,480 MB.");
            assertThat(finding.facts()).containsEntry("usableBytes", 400L << 20);
        });
    }

    @Test
    void the_disk_counts_as_looked_at_where_there_is_one(@TempDir Path data) {
        assertThat(DiskRoom.addedTo(NOTHING, data).lookedAt()).contains(Finding.Type.DISK);
        assertThat(DiskRoom.addedTo(NOTHING, null)).isEqualTo(NOTHING);
        assertThat(DiskRoom.addedTo(NOTHING, data.resolve("none"))).isEqualTo(NOTHING);
    }
}
