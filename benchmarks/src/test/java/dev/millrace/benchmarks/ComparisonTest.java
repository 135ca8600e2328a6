package dev.millrace.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.Comparison.Line;
import dev.millrace.benchmarks.Comparison.Verdict;
import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Regime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class ComparisonTest {

    private static final Comparison.Key RUN = new Comparison.Key(Regime.BURN_DOWN, Child.MILLRACE, Metric.RUN);
    private static final Comparison.Key WAL = new Comparison.Key(Regime.BURN_DOWN, Child.MILLRACE, Metric.WAL_BYTES);
    private static final Comparison.Key TAKEN = new Comparison.Key(Regime.BURN_DOWN, Child.MILLRACE, Metric.TAKEN);

    private static Line line(Comparison.Key key, List<Double> a, List<Double> b, boolean interleaved) {
        return Comparison.of("A", Map.of(key, a), "B", Map.of(key, b), interleaved)
                .lines()
                .getFirst();
    }

    @Test
    void builds_that_took_turns_are_compared_round_by_round() {
        var line = line(RUN, List.of(100.0, 50.0, 10.0), List.of(110.0, 60.0, 13.0), true);

        assertThat(line.ratio()).isCloseTo(1.2, within(1e-9));
        assertThat(line.leastRatio()).isCloseTo(1.1, within(1e-9));
        assertThat(line.mostRatio()).isCloseTo(1.3, within(1e-9));
        assertThat(line.verdict()).isEqualTo(Verdict.BETTER);
    }

    @Test
    void reports_of_different_hours_must_differ_by_more_than_they_scatter() {
        var line = line(RUN, List.of(100.0, 50.0, 10.0), List.of(110.0, 60.0, 13.0), false);

        assertThat(line.ratio()).isCloseTo(1.2, within(1e-9));
        assertThat(line.leastRatio()).isCloseTo(0.13, within(1e-9));
        assertThat(line.verdict()).isEqualTo(Verdict.UNDECIDED);
    }

    @Test
    void less_is_better_where_it_is_a_cost() {
        assertThat(line(WAL, List.of(400.0, 410.0), List.of(300.0, 310.0), true).verdict())
                .isEqualTo(Verdict.BETTER);
        assertThat(line(WAL, List.of(400.0, 410.0), List.of(500.0, 510.0), true).verdict())
                .isEqualTo(Verdict.WORSE);
    }

    @Test
    void one_round_decides_nothing() {
        assertThat(line(RUN, List.of(100.0), List.of(500.0), true).verdict()).isEqualTo(Verdict.UNDECIDED);
    }

    @Test
    void what_is_neither_better_nor_worse_is_left_out() {
        var comparison = Comparison.of(
                "A",
                Map.of(TAKEN, List.of(1.0), RUN, List.of(1.0)),
                "B",
                Map.of(TAKEN, List.of(2.0), RUN, List.of(2.0)),
                false);

        assertThat(comparison.lines()).extracting(Line::metric).containsExactly(Metric.RUN);
    }

    @Test
    void two_that_have_nothing_in_common_are_refused() {
        assertThatThrownBy(() -> Comparison.of("a.json", Map.of(RUN, List.of(1.0)), "b.json", Map.of(), false))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("a.json and b.json have no measure in common");
    }

    @Test
    void a_report_of_all_regimes_of_one_and_of_an_earlier_version_are_read() {
        var json = new JsonMapper();
        var one = """
                {"regime": "burn-down", "contenders": {"millrace": {"values": {"runPerSecond": {"median": 2, "rounds": [1, 2, 3]}, "unheardOf": {"rounds": [1]}}}}}
                """;

        assertThat(Comparison.values(json.readTree(one))).containsOnly(Map.entry(RUN, List.of(1.0, 2.0, 3.0)));
        assertThat(Comparison.values(json.readTree("{\"regimes\": {\"burn-down\": %s}}".formatted(one))))
                .containsOnly(Map.entry(RUN, List.of(1.0, 2.0, 3.0)));
        assertThat(Comparison.values(json.readTree("{\"jobs\": 7, \"runPerSecond\": 5, \"heapBytes\": 1}")))
                .containsOnly(Map.entry(RUN, List.of(5.0)));
    }
}
