package dev.millrace.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.embedded.EmbeddedServerException.Reason;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiagnosisTest {

    private static final Path HERE = Path.of("/");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        DISK_FULL         | FATAL:  could not write lock file "postmaster.pid": No space left on device
        DISK_FULL         | PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device
        DISK_FULL         | initdb: error: could not write file: Disk quota exceeded
        MEMORY            | FATAL:  could not resize shared memory segment "/PostgreSQL.1" to 1048576 bytes: No space left on device
        MEMORY            | FATAL:  could not map anonymous shared memory: Cannot allocate memory
        MEMORY            | FATAL:  could not create semaphores: No space left on device
        READ_ONLY         | FATAL:  could not create lock file "postmaster.pid": Read-only file system
        PERMISSION_DENIED | initdb: error: could not access directory "/x": Permission denied
        PERMISSION_DENIED | unshare: failed to execute /x/bin/initdb: Permission denied
        PORT_TAKEN        | LOG:  could not bind IPv4 address "127.0.0.1": Address already in use
        STILL_RUNNING     | FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use
        STILL_RUNNING     | FATAL:  lock file "postmaster.pid" already exists
        ROOT_REFUSED      | initdb: error: cannot be run as root
        MISSING_LIBRARY   | initdb: error while loading shared libraries: libstdc++.so.6: cannot open shared object file
        DAMAGED           | PANIC:  could not locate a valid checkpoint record at 0/1
        DAMAGED           | Expected to find it in the directory "/x", but could not open file "/x/global/pg_control": No such file or directory
        WRONG_VERSION     | FATAL:  database files are incompatible with server
        START_FAILED      | FATAL:  something that nobody has ever seen
        """)
    void what_the_server_says_has_one_reason(Reason reason, String said) {
        assertThat(Diagnosis.ofServer("Starting", HERE, said).reason()).isEqualTo(reason);
    }

    @Test
    void what_the_system_says_has_one_reason_too() {
        assertThat(reasonOf(new AccessDeniedException("/x"))).isEqualTo(Reason.PERMISSION_DENIED);
        assertThat(reasonOf(new IOException("No space left on device"))).isEqualTo(Reason.DISK_FULL);
        assertThat(reasonOf(new FileSystemException("/x", null, "Read-only file system")))
                .isEqualTo(Reason.READ_ONLY);
        assertThat(reasonOf(new FileSystemException("/x/y", null, "Not a directory")))
                .isEqualTo(Reason.UNUSABLE_PATH);
    }

    @Test
    void every_message_says_what_why_and_what_to_do() {
        var failure = Diagnosis.ofServer("Starting PostgreSQL", HERE, """
                2026-11-22 10:00:00.000 UTC [12] LOG:  starting PostgreSQL 18.6
                2026-11-22 10:00:00.000 UTC [12] FATAL:  could not create shared memory segment: Invalid argument
                """);

        assertThat(failure)
                .hasMessageStartingWith("Starting PostgreSQL failed: the system refused the server its memory")
                .hasMessageContaining("(FATAL:  could not create shared memory segment: Invalid argument)")
                .hasMessageContaining("--shm-size");
        assertThat(failure.logTail()).get().asString().contains("starting PostgreSQL 18.6");
    }

    private static Reason reasonOf(IOException e) {
        return Diagnosis.of("Doing", HERE, e).reason();
    }
}
