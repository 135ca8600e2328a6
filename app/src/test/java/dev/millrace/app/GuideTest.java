package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Finding;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.http.ProblemNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the guide lists is all there is. */
class GuideTest {

    private static String operations() throws IOException {
        return guide("operations.md");
    }

    private static final Path ROOT = Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
            .filter(folder -> Files.isRegularFile(folder.resolve("millrace")))
            .findFirst()
            .orElseThrow();

    private static String guide(String name) throws IOException {
        return Files.readString(ROOT.resolve("docs/guides").resolve(name));
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

    // ---- links

    private static final Pattern LINK = Pattern.compile("\\[(?<text>[^\\]\\[]*)]\\((?<to>[^)\\s]+)\\)");
    private static final Pattern ELSEWHERE = Pattern.compile("[a-z][a-z+.-]*:.*");

    /** A link, and the page that it stands on. */
    private record Link(Path page, String text, String to) {

        boolean leadsElsewhere() {
            return ELSEWHERE.matcher(to).matches();
        }

        Path file() {
            var path = to.replaceFirst("#.*", "");
            return path.isEmpty() ? page : page.resolveSibling(path).normalize();
        }

        /** Null if it leads to a page as a whole. */
        @Nullable
        String anchor() {
            int at = to.indexOf('#');
            return at < 0 ? null : to.substring(at + 1);
        }

        @Override
        public String toString() {
            return ROOT.relativize(page) + ": [" + text + "](" + to + ")";
        }
    }

    private static List<Path> pages() throws IOException {
        var all = new ArrayList<Path>();
        try (var root = Files.list(ROOT);
                var docs = Files.walk(ROOT.resolve("docs"));
                var examples = Files.walk(ROOT.resolve("examples"))) {
            Stream.of(root, docs, examples)
                    .flatMap(files -> files)
                    .filter(file -> file.toString().endsWith(".md"))
                    .filter(file -> !file.toString().contains("/target/"))
                    .forEach(all::add);
        }
        return all;
    }

    /** The lines of a page that are text, and not a block of code. */
    private static List<String> prose(Path page) throws IOException {
        var lines = new ArrayList<String>();
        boolean code = false;
        for (var line : Files.readAllLines(page)) {
            if (line.strip().startsWith("```")) code = !code;
            else if (!code) lines.add(line);
        }
        return lines;
    }

    private static List<Link> links(Path page) throws IOException {
        var found = new ArrayList<Link>();
        for (var line : prose(page)) found.addAll(links(page, line));
        return found;
    }

    private static List<Link> links(Path page, String text) {
        return LINK.matcher(text.replaceAll("!\\[", "[").replaceAll("`[^`]*`", "code"))
                .results()
                .map(match -> new Link(page, match.group(1), match.group(2)))
                .toList();
    }

    /** What headings are called in an address, as code hosts make it. */
    private static Set<String> anchors(Path page) throws IOException {
        var anchors = new HashSet<String>();
        for (var line : prose(page)) {
            if (!line.matches("#{1,6} .*")) continue;
            var anchor = line.replaceFirst("#+ ", "")
                    .strip()
                    .replaceAll("\\[([^\\]]*)]\\([^)]*\\)", "$1")
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-');
            var unique = anchor;
            for (int again = 1; !anchors.add(unique); again++) unique = anchor + "-" + again;
        }
        return anchors;
    }

    private static boolean leadsToSomething(Link link) {
        var file = link.file();
        if (!file.startsWith(ROOT) || !Files.exists(file)) return false;
        var anchor = link.anchor();
        if (anchor == null) return true;
        try {
            return file.toString().endsWith(".md") && anchors(file).contains(anchor);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void every_link_of_every_page_leads_to_a_file_and_a_heading_that_exist() throws IOException {
        var links = new ArrayList<Link>();
        for (var page : pages()) links.addAll(links(page));

        assertThat(links).hasSizeGreaterThan(300);
        assertThat(links.stream().filter(link -> !link.leadsElsewhere() && !leadsToSomething(link)))
                .isEmpty();
    }

    @Test
    void every_feature_that_is_said_to_be_there_has_a_guide_and_a_test() throws IOException {
        var page = ROOT.resolve("docs/features.md");
        var rows = prose(page).stream()
                .filter(line -> line.startsWith("| "))
                .skip(1)
                .filter(line -> !line.startsWith("| ---") && !line.startsWith("|---"))
                .toList();

        assertThat(rows).hasSizeGreaterThan(40).allSatisfy(row -> {
            var links = links(page, row.split("\\|", -1)[2]);
            assertThat(links)
                    .as(row)
                    .anySatisfy(link -> {
                        assertThat(link.text()).isEqualTo("guide");
                        assertThat(link.file().getParent()).isEqualTo(ROOT.resolve("docs/guides"));
                    })
                    .anySatisfy(link -> {
                        assertThat(link.text()).isEqualTo("test");
                        assertThat(Files.readString(link.file())).contains("Test\n    ");
                    });
        });
    }
}
