package dev.millrace.app.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.EncryptionKey;
import dev.millrace.KeyRing;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.TextCodec;
import dev.millrace.app.console.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Commands over encrypted payloads, and the file of keys. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the permissions are those of POSIX")
class PayloadKeysTest {

    private static final String SECRET =
            Base64.getEncoder().encodeToString("0123456789abcdef0123456789abcdef".getBytes(US_ASCII));

    @TempDir
    Path folder;

    private final MemoryStore encrypted =
            new MemoryStore(new TextCodec().encrypted(KeyRing.writing(EncryptionKey.of("2025-11", SECRET))));

    private Path file(String text, String permissions) throws IOException {
        var file = folder.resolve("keys");
        Files.writeString(file, text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }

    /** The gate that reads the keys as the real one does, and leads into memory. */
    private CommandLineFixture line() {
        return new CommandLineFixture((options, command, console) ->
                new Gate.Visit(Millrace.on(encrypted.withCodec(options.codec())), () -> {}));
    }

    private String enqueued() {
        try (var millrace = Millrace.on(encrypted)) {
            return millrace.operations("mara")
                    .enqueue("pay", 1, "{\"card\":\"4111\"}", o -> o)
                    .id()
                    .toString();
        }
    }

    @Test
    void a_job_is_shown_with_the_keys_and_a_note_without_them() throws IOException {
        var job = enqueued();
        var keys = file("2025-11 " + SECRET, "rw-------");

        var with = line().run("job", job, "--payload-key-file", keys.toString());
        var without = line().run("job", job);
        var json = line().run("job", job, "--json");

        assertThat(with.out()).contains("{\"card\":\"4111\"}");
        assertThat(without.out())
                .contains("encrypted with key 2025-11, 15 bytes")
                .doesNotContain("4111");
        assertThat(json.out()).contains("\"payload\":{\"$millrace\":\"encrypted with key 2025-11, 15 bytes\"}");
    }

    @Test
    void what_is_enqueued_with_the_keys_is_encrypted() throws IOException {
        var keys = file("2025-11 " + SECRET, "r--r-----");

        var ran = line().run("enqueue", "pay", "{\"card\":\"4222\"}", "--payload-key-file", keys.toString());

        assertThat(ran.exit()).isZero();
        assertThat(line().run("job", ran.out().strip().split("\\s", -1)[0]).out())
                .contains("encrypted with key 2025-11")
                .doesNotContain("4222");
    }

    @Test
    void a_file_that_others_can_read_is_refused() throws IOException {
        for (var permissions : new String[] {"rw-r--r--", "rw-rw----", "rw-----w-"}) {
            var keys = file("2025-11 " + SECRET, permissions);

            var ran = line().run("jobs", "--payload-key-file", keys.toString());

            assertThat(ran.exit()).isEqualTo(ExitCode.USAGE.number());
            assertThat(ran.err())
                    .contains(
                            "may be read or changed by others (" + permissions + "). Keep it to its owner: chmod 600 ");
        }
    }

    @Test
    void a_file_that_holds_no_keys_says_so_and_tells_nothing_of_what_it_holds() throws IOException {
        var keys = file(SECRET + " 2025-11", "rw-------");

        var swapped = line().run("jobs", "--payload-key-file", keys.toString());
        var missing =
                line().run("jobs", "--payload-key-file", folder.resolve("none").toString());

        assertThat(swapped.exit()).isEqualTo(ExitCode.USAGE.number());
        assertThat(swapped.err())
                .contains("can't be used. Line 1 of the encryption keys")
                .doesNotContain(SECRET.substring(0, 10));
        assertThat(missing.err()).contains("does not exist");
    }

    @Test
    void what_is_no_file_is_said_to_be_none() {
        var directory = line().run("jobs", "--payload-key-file", folder.toString());
        var empty = line().run("jobs", "--payload-key-file", "");

        assertThat(directory.exit()).isEqualTo(ExitCode.USAGE.number());
        assertThat(directory.err())
                .contains("is a directory. Name the file in it.")
                .doesNotContain("chmod");
        assertThat(empty.exit()).isEqualTo(ExitCode.USAGE.number());
        assertThat(empty.err())
                .contains("The payload key file has an empty name.")
                .contains("unset that variable");
    }
}
