package dev.millrace.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Findings;
import dev.millrace.benchmarks.trial.Gauge;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Regime;
import dev.millrace.benchmarks.trial.Sample;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How rounds become a report. */
class RegimeReportTest {

    static Findings run(double perSecond) {
        return new Findings(Map.of(Metric.RUN, perSecond), null, List.of(), null);
    }

    private static RegimeReport report(Map<String, List<Findings>> found) {
        var sizes = Regime.BURN_DOWN.sizes();
        return RegimeReport.of(
                Regime.BURN_DOWN,
                3,
                sizes,
                List.of(
                        new Heat(Child.MILLRACE, Child.MILLRACE, false, sizes, 256),
                        new Heat(Child.RAW, Child.RAW, false, sizes, 256),
                        new Heat("quartz", "quartz", false, sizes, 1_024)),
                found);
    }

    private static Value value(RegimeReport report, String label, Metric metric) {
        return Objects.requireNonNull(report.of(label).values().get(metric));
    }

    @Test
    void a_value_is_the_median_of_the_rounds_with_least_and_most_and_each_of_them() {
        var report = report(Map.of(Child.MILLRACE, List.of(run(300), run(100), run(140))));

        var value = value(report, Child.MILLRACE, Metric.RUN);
        assertThat(value).isEqualTo(new Value(100, 140, 300, "jobs/s", List.of(300.0, 100.0, 140.0), null, null));
    }

    @Test
    void of_an_even_number_of_rounds_the_median_lies_between_the_middle_ones() {
        assertThat(Value.of(List.of(1.0, 2.0, 10.0, 100.0), "").median()).isEqualTo(6);
    }

    @Test
    void the_raw_limit_of_the_same_rounds_stands_beside_who_has_an_engine() {
        var raw = new Findings(Map.of(Metric.RAW_READ_AND_COPY, 400.0), null, List.of(), null);
        var report =
                report(Map.of(Child.MILLRACE, List.of(run(100)), Child.RAW, List.of(raw), "quartz", List.of(run(4))));

        assertThat(value(report, Child.MILLRACE, Metric.RUN))
                .satisfies(value -> assertThat(value.rawLimit()).isEqualTo(400))
                .satisfies(value -> assertThat(value.ofRawLimit()).isCloseTo(0.25, within(1e-9)));
        assertThat(value(report, "quartz", Metric.RUN).ofRawLimit()).isCloseTo(0.01, within(1e-9));
        assertThat(value(report, Child.RAW, Metric.RAW_READ_AND_COPY).rawLimit())
                .isNull();
    }

    @Test
    void who_was_not_measured_has_a_reason_and_no_zero() {
        var report = report(Map.of("quartz", List.of(Findings.none("no Node"))));

        assertThat(report.of("quartz").notMeasured()).isEqualTo("no Node");
        assertThat(report.of("quartz").values()).isEmpty();
        assertThat(report.median("quartz", Metric.RUN)).isEmpty();
        assertThat(Tables.of(report)).contains("quartz: not measured: no Node");
    }

    @Test
    void a_series_is_told_of_who_has_one_and_of_nobody_else() {
        var sample = new Sample(1, 1, true, Map.of(Gauge.RUN, 7.0));
        var soaked = new Findings(Map.of(Metric.RUN, 7.0), null, List.of(), null, List.of(sample));
        var report = report(Map.of(Child.MILLRACE, List.of(soaked, soaked), "quartz", List.of(run(4))));

        assertThat(report.of(Child.MILLRACE).series()).containsExactly(List.of(sample), List.of(sample));
        JsonNode json = new JsonMapper().<JsonNode>valueToTree(report).path("contenders");
        assertThat(json.path("quartz").has("series")).isFalse();
        assertThat(json.path(Child.MILLRACE).path("series")).hasSize(2);
        assertThat(json.path(Child.MILLRACE)
                        .path("series")
                        .path(1)
                        .path(0)
                        .path("values")
                        .path("runPerSecond")
                        .doubleValue())
                .isEqualTo(7);
    }

    @Test
    void what_is_not_a_number_is_no_value() {
        var report = report(Map.of(Child.MILLRACE, List.of(run(Double.NaN), run(50))));

        assertThat(value(report, Child.MILLRACE, Metric.RUN).rounds()).containsExactly(50.0);
    }

    @Test
    void a_table_has_a_column_for_each_and_is_as_wide_in_each_line() {
        var report = report(Map.of(Child.MILLRACE, List.of(run(123_456.7), run(100))));

        var lines =
                Tables.of(report).lines().filter(line -> line.startsWith("|")).toList();
        assertThat(lines.getFirst())
                .contains("burn-down")
                .contains("millrace")
                .contains("raw")
                .contains("quartz");
        assertThat(lines).allSatisfy(line -> assertThat(line).hasSameSizeAs(lines.getFirst()));
        assertThat(lines).anyMatch(line -> line.contains("61,778 (100 to 123,457)"));
    }

    @Test
    void numbers_have_as_many_digits_as_mean_something() {
        assertThat(List.of(1234567.8, 123.45, 12.345, 0.1234, 0.0034567, 0.0, 7.0))
                .extracting(Tables::number)
                .containsExactly("1,234,568", "123", "12.3", "0.12", "0.0035", "0", "7");
    }
}
