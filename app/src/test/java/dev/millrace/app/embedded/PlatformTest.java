package dev.millrace.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.app.embedded.EmbeddedServerException.Reason;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {

    @ParameterizedTest
    @CsvSource({
        "Linux,        amd64,   false, postgres-linux-x86_64.txz",
        "Linux,        aarch64, false, postgres-linux-arm_64.txz",
        "Linux,        amd64,   true,  postgres-linux-x86_64-alpine_linux.txz",
        "Mac OS X,     aarch64, false, postgres-darwin-arm_64.txz",
        "Mac OS X,     x86_64,  false, postgres-darwin-x86_64.txz",
        "Windows 11,   amd64,   false, postgres-windows-x86_64.txz",
        "Windows 11,   aarch64, false, postgres-windows-x86_64.txz",
    })
    void each_platform_has_an_archive(String os, String processor, boolean musl, String archive) {
        assertThat(Platform.of(os, processor, musl).archive()).isEqualTo(archive);
    }

    @Test
    void a_platform_without_binaries_is_named_together_with_the_way_out(@TempDir Path directory) {
        var machine = new Machine(new SystemTime(), Platform.of("Linux", "riscv64", true), true);

        assertThatExceptionOfType(EmbeddedServerException.class)
                .isThrownBy(() -> EmbeddedServer.open(EmbeddedServerConfig.at(directory), machine))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.UNSUPPORTED_PLATFORM))
                .withMessageContaining("linux-riscv64-musl")
                .withMessageContaining("--database");
    }
}
