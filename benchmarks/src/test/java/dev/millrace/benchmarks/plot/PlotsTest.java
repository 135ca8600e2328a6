package dev.millrace.benchmarks.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

/** Reports as images. */
class PlotsTest {

    @TempDir
    Path folder;

    private Path report(String name, String json) throws IOException {
        return Files.writeString(folder.resolve(name), json);
    }

    private Map<String, String> drawn(String json) throws IOException {
        return Plots.of(List.of(report("report.json", json)));
    }

    private static String image(Map<String, String> images, String name) {
        return Objects.requireNonNull(images.get(name));
    }

    /** What an image says, and that it is XML. */
    private static List<String> texts(String svg) throws Exception {
        var nodes = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(svg)))
                .getElementsByTagName("text");
        var texts = new ArrayList<String>();
        for (int i = 0; i < nodes.getLength(); i++) texts.add(nodes.item(i).getTextContent());
        return texts;
    }

    private static String regime(String name, String rows) {
        return "{\"regime\": \"%s\", \"rounds\": 3, \"contenders\": {%s}}".formatted(name, rows);
    }

    private static String row(String label, String metric, double least, double median, double most) {
        return "\"%s\": {\"contender\": \"%s\", \"notMeasured\": null, \"values\": {\"%s\": {\"min\": %s, \"median\": %s, \"max\": %s}}}"
                .formatted(label, label, metric, least, median, most);
    }

    /** Six seconds, the third and the fourth of them held; the fifth has no pick-up. */
    private static String soak() {
        var samples = new ArrayList<String>();
        for (int at = 1; at <= 6; at++)
            samples.add("""
                    {"atSeconds": %d.0, "seconds": 1.0, "held": %s, "values": {"enqueuedPerSecond": 500.0, "runPerSecond": %d.0%s}}""".formatted(
                            at,
                            at == 3 || at == 4,
                            490 + at,
                            at == 5 ? "" : ", \"pickUpP99Millis\": 2.5, \"fromTheFuture\": 1"));
        return "{\"regime\": \"soak\", \"rounds\": 1, \"sizes\": {\"perSecond\": 500}, \"contenders\": {\"millrace\": {\"series\": [%s]}}}"
                .formatted(samples);
    }

    @Test
    void a_regime_has_a_bar_for_each_who_was_measured_and_a_word_for_who_was_not() throws Exception {
        var images = drawn(regime(
                "burn-down",
                String.join(
                        ", ",
                        row("millrace", "runPerSecond", 150_000, 160_000, 170_000),
                        row("raw", "rawLimitPerSecond", 300_000, 310_000, 320_000),
                        row("quartz", "runPerSecond", 700, 800, 900),
                        "\"dbos\": {\"contender\": \"dbos\", \"notMeasured\": \"no <such> thing\", \"values\": {}}")));

        assertThat(images).containsOnlyKeys("burn-down.svg");
        assertThat(texts(image(images, "burn-down.svg")))
                .contains(
                        "Millrace",
                        "160,000",
                        "raw limit",
                        "310,000",
                        "quartz",
                        "800",
                        "dbos",
                        "not measured",
                        "run (more is better), jobs/s, logarithmic",
                        "3 rounds: a bar is the median, its whisker goes from the least to the most");
    }

    @Test
    void values_that_are_near_have_a_linear_axis_and_one_round_has_no_whiskers() throws Exception {
        var near = image(
                drawn(regime(
                        "timers",
                        String.join(
                                ", ",
                                row("millrace", "timersPerSecond", 9, 10, 11),
                                row("millrace, held snapshot", "timersPerSecond", 9, 9, 9)))),
                "timers.svg");

        assertThat(texts(near))
                .contains("enqueued and done (more is better), jobs/s", "Millrace, held snapshot")
                .doesNotContain("logarithmic");
        assertThat(near.lines().filter(line -> line.contains("stroke-width=\"1.2\"")))
                .as("one whisker, of three lines")
                .hasSize(3);
    }

    @Test
    void measures_of_one_row_are_bars_with_their_own_names() throws Exception {
        var images = drawn(regime("handlers", """
                "millrace": {"contender": "millrace", "values": {
                    "busyPercent1ms": {"min": 90, "median": 91, "max": 92}, "busyPercent50ms": {"min": 97, "median": 98, "max": 99}}}"""));

        assertThat(texts(image(images, "handlers.svg")))
                .contains("slot time busy, 1 ms handlers", "91", "slot time busy, 50 ms handlers", "98");
    }

    @Test
    void all_regimes_of_one_report_have_an_image_each() throws IOException {
        var images = drawn("{\"regimes\": {\"burn-down\": %s, \"timers\": %s}}"
                .formatted(
                        regime("burn-down", row("millrace", "walBytesPerJob", 300, 301, 302)),
                        regime("timers", row("millrace", "timersPerSecond", 9, 10, 11))));

        assertThat(images.keySet()).containsExactly("burn-down.svg", "timers.svg");
    }

    @Test
    void a_soak_has_its_series_shaded_where_a_snapshot_was_held() throws Exception {
        var images = drawn(soak());

        assertThat(images.keySet())
                .containsExactly(
                        "soak-throughput.svg", "soak-latency.svg", "soak-sizes.svg", "soak-wal.svg", "soak-memory.svg");
        for (var image : images.values()) {
            assertThat(texts(image)).contains("a snapshot is held");
            assertThat(image)
                    .contains("<rect x=\"330.7\"")
                    .contains("width=\"254.7\""); // a third of the time, from a third on
        }
        assertThat(texts(image(images, "soak-throughput.svg"))).contains("enqueued", "run", "time, s");
    }

    @Test
    void what_was_not_measured_interrupts_the_line_and_is_no_zero() throws Exception {
        var images = drawn(soak());

        var latency = image(images, "soak-latency.svg");
        assertThat(latency.lines().filter(line -> line.startsWith("<polyline"))).hasSize(1);
        assertThat(latency.lines().filter(line -> line.startsWith("<circle")))
                .as("the sample behind the gap")
                .hasSize(1);
        assertThat(texts(image(images, "soak-memory.svg"))).contains("not measured");
    }

    @Test
    void the_same_report_makes_the_same_bytes() throws IOException {
        assertThat(drawn(soak())).isEqualTo(drawn(soak()));
    }

    @Test
    void two_rounds_of_a_soak_do_not_lie_on_each_other() throws IOException {
        var two = soak().replace(
                        "\"series\": [[", "\"series\": [[{\"atSeconds\": 1, \"seconds\": 1, \"held\": false}], [");

        assertThat(drawn(two)).hasSize(10).containsKeys("soak-wal.svg", "soak-round-2-wal.svg");
    }

    @Test
    void what_is_no_report_is_refused_with_what_would_be_one() {
        for (var bad : Map.of(
                        "Dear Ada,", "can't be read as a report: ",
                        "", "no object of JSON",
                        "[1]", "no object of JSON",
                        "{}", "has neither \"regimes\" nor \"contenders\"",
                        "{\"runPerSecond\": 7}", "has neither \"regimes\" nor \"contenders\"")
                .entrySet())
            assertThatThrownBy(() -> drawn(bad.getKey()))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("report.json")
                    .hasMessageContaining(bad.getValue())
                    .hasMessageContaining("A report is what bench --json prints");
        assertThatThrownBy(() -> Plots.of(List.of(folder.resolve("none.json"))))
                .hasMessageContaining("There is no")
                .hasMessageContaining("none.json");
    }

    @Test
    void a_soak_without_a_series_is_refused() {
        assertThatThrownBy(() -> drawn(regime("soak", row("millrace", "beforeRunPerSecond", 1, 2, 3))))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("has no series")
                .hasMessageContaining("bench soak --json");
        assertThatThrownBy(() -> drawn(soak().replace("atSeconds", "at")))
                .hasMessageContaining("sample 1 of its series does not say when");
    }

    @Test
    void what_measured_nothing_and_what_nobody_knows_is_refused() {
        assertThatThrownBy(() -> drawn(regime("timers", ""))).hasMessageContaining("nothing was measured");
        assertThatThrownBy(() -> drawn(regime("burn-up", row("millrace", "runPerSecond", 1, 2, 3))))
                .hasMessageContaining("\"burn-up\", which this build does not know");
    }

    @Test
    void two_reports_of_one_regime_do_not_overwrite_each_other() throws IOException {
        var one = report("one.json", regime("timers", row("millrace", "timersPerSecond", 1, 2, 3)));
        var two = report("two.json", regime("timers", row("millrace", "timersPerSecond", 4, 5, 6)));

        assertThatThrownBy(() -> Plots.of(List.of(one, two)))
                .hasMessageContaining("one.json")
                .hasMessageContaining("two.json")
                .hasMessageContaining("a folder of its own");
    }
}
