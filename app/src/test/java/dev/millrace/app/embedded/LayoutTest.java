package dev.millrace.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.app.embedded.EmbeddedServerException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutTest {

    @TempDir
    Path directory;

    @Test
    void a_missing_directory_is_made_for_its_owner_only() throws IOException {
        var data = directory.resolve("a/b");

        Layout.prepare(data);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data)))
                .isEqualTo("rwx------");
    }

    @Test
    void a_directory_that_holds_something_else_is_refused_and_left_alone() throws IOException {
        Files.writeString(directory.resolve("thesis.tex"), "years of work");

        refused(directory, Reason.FOREIGN_DIRECTORY, "thesis.tex", "Nothing was changed", "--data");

        assertThat(directory).isDirectoryContaining("glob:**thesis.tex");
        try (var files = Files.list(directory)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void the_root_of_a_fresh_file_system_is_empty_enough() throws IOException {
        Files.createDirectory(directory.resolve("lost+found"));

        assertThat(Layout.prepare(directory).data()).isEqualTo(directory.toRealPath());
    }

    @Test
    void a_path_below_a_file_is_explained() throws IOException {
        var file = Files.writeString(directory.resolve("notes.txt"), "");

        refused(file, Reason.UNUSABLE_PATH, "notes.txt");
        refused(file.resolve("data"), Reason.UNUSABLE_PATH, "notes.txt", "--data");
    }

    @Test
    void a_name_that_the_start_tool_would_misread_is_refused() {
        refused(directory.resolve("a$HOME"), Reason.UNUSABLE_PATH, "character $");
        refused(directory.resolve("a\"b"), Reason.UNUSABLE_PATH, "character \"");
        refused(directory.resolve("a\nb"), Reason.UNUSABLE_PATH, "character U+000A");
        assertThat(directory.resolve("a$HOME")).doesNotExist();
    }

    private static void refused(Path data, Reason reason, String... words) {
        assertThatExceptionOfType(EmbeddedServerException.class)
                .isThrownBy(() -> Layout.prepare(data))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason))
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
    }
}
