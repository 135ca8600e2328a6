package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Finding;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.http.ProblemNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the guide lists is all there is. */
class GuideTest {

    private static String operations() throws IOException {
        return guide("operations.md");
    }

    private static String guide(String name) throws IOException {
        var root = Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
                .filter(folder -> Files.isRegularFile(folder.resolve("millrace")))
                .findFirst()
                .orElseThrow();
        return Files.readString(root.resolve("docs/guides").resolve(name));
    }

    @Test
    void it_has_every_exit_code() throws IOException {
        var guide = operations().replace("`", "");

        assertThat(Arrays.stream(ExitCode.values())
                        .filter(code -> !guide.contains("| %d | %s".formatted(code.number(), code.meaning()))))
                .isEmpty();
    }

    @Test
    void it_has_every_kind_of_problem_with_its_status() throws IOException {
        var guide = operations();

        assertThat(ProblemNames.withStatus().entrySet())
                .isNotEmpty()
                .allSatisfy(problem ->
                        assertThat(guide).contains("| `%s` | %d |".formatted(problem.getKey(), problem.getValue())));
    }

    @Test
    void it_has_all_that_the_doctor_looks_at() throws IOException {
        var guide = guide("doctor.md");

        assertThat(Finding.Type.values())
                .allSatisfy(type -> assertThat(guide).contains("| `%s` |".formatted(type.wireName())));
        assertThat(Finding.Severity.values())
                .allSatisfy(severity -> assertThat(guide).contains("| `%s` |".formatted(severity.wireName())));
    }
}
