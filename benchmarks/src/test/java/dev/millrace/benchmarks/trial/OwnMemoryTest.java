package dev.millrace.benchmarks.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnMemoryTest {

    @TempDir
    Path folder;

    @Test
    void resident_memory_is_read_from_the_status_of_the_process() throws IOException {
        var status = Files.writeString(folder.resolve("status"), "VmHWM:\t  300 kB\nVmRSS:\t  212992 kB\n");

        assertThat(OwnMemory.residentIn(status)).isEqualTo(208 * 1_024 * 1_024);
    }

    @Test
    void where_the_system_does_not_tell_it_is_not_zero_but_unknown() throws IOException {
        assertThat(OwnMemory.residentIn(folder.resolve("none"))).isNaN();
        assertThat(OwnMemory.residentIn(Files.writeString(folder.resolve("other"), "Name: java\nVmRSS:\n")))
                .isNaN();
    }
}
