package dev.millrace.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DataHomeTest {

    private static final Path HOME = Path.of("/home/ada");

    @Test
    void linux_follows_the_xdg_specification() {
        assertThat(DataHome.of("Linux", HOME, Map.of())).isEqualTo(HOME.resolve(".local/share/millrace"));
        assertThat(DataHome.of("Linux", HOME, Map.of("XDG_DATA_HOME", "/srv/data")))
                .isEqualTo(Path.of("/srv/data/millrace"));
    }

    @Test
    void an_empty_or_relative_xdg_directory_is_ignored() {
        assertThat(DataHome.of("Linux", HOME, Map.of("XDG_DATA_HOME", "")))
                .isEqualTo(HOME.resolve(".local/share/millrace"));
        assertThat(DataHome.of("Linux", HOME, Map.of("XDG_DATA_HOME", "data")))
                .isEqualTo(HOME.resolve(".local/share/millrace"));
    }

    @Test
    void macos_and_windows_have_places_of_their_own() {
        assertThat(DataHome.of("Mac OS X", HOME, Map.of("XDG_DATA_HOME", "/srv")))
                .isEqualTo(HOME.resolve("Library/Application Support/millrace"));
        assertThat(DataHome.of("Windows 11", HOME, Map.of())).isEqualTo(HOME.resolve("AppData/Local/millrace"));
        assertThat(DataHome.of("Windows 11", HOME, Map.of("LOCALAPPDATA", "/local")))
                .isEqualTo(Path.of("/local/millrace"));
    }
}
