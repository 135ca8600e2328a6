package dev.millrace.benchmarks.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a soak comes to. */
class ThirdsTest {

    private static Sample sample(int at, boolean held, Map<Gauge, Double> values) {
        return new Sample(at, 1, held, values);
    }

    private static Sample run(int at, boolean held, double perSecond) {
        return sample(at, held, Map.of(Gauge.RUN, perSecond));
    }

    @Test
    void each_third_has_the_median_of_its_samples_and_the_ratio_is_while_over_before() {
        var thirds = Thirds.of(List.of(
                run(1, false, 100),
                run(2, false, 900),
                run(3, false, 200),
                run(4, true, 150),
                run(5, true, 50),
                run(6, false, 300)));

        assertThat(thirds)
                .isEqualTo(Map.of(
                        Metric.BEFORE_RUN, 200.0,
                        Metric.WHILE_RUN, 100.0,
                        Metric.AFTER_RUN, 300.0,
                        Metric.RUN_RATIO, 0.5));
    }

    @Test
    void what_one_third_lacks_is_absent_there_and_has_no_ratio() {
        var thirds = Thirds.of(List.of(
                sample(1, false, Map.of(Gauge.RUN, 10.0)),
                sample(2, true, Map.of(Gauge.RUN, 10.0, Gauge.HEAP, 5e6)),
                sample(3, false, Map.of(Gauge.RUN, 10.0, Gauge.HEAP, 6e6))));

        assertThat(thirds)
                .containsEntry(Metric.RUN_RATIO, 1.0)
                .containsEntry(Metric.WHILE_HEAP, 5e6)
                .containsEntry(Metric.AFTER_HEAP, 6e6)
                .doesNotContainKeys(Metric.BEFORE_HEAP, Metric.HEAP_RATIO, Metric.BEFORE_P99, Metric.P99_RATIO);
    }

    @Test
    void where_none_was_held_all_is_before() {
        assertThat(Thirds.of(List.of(run(1, false, 10), run(2, false, 30)))).isEqualTo(Map.of(Metric.BEFORE_RUN, 20.0));
    }

    @Test
    void a_median_of_none_makes_no_ratio() {
        assertThat(Thirds.of(List.of(run(1, false, 0), run(2, true, 30)))).doesNotContainKey(Metric.RUN_RATIO);
    }
}
