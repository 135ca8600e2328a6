package dev.millrace.benchmarks.trial;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class LatenciesTest {

    private static final Percentage ONE_PERCENT = Percentage.withPercentage(1);

    private final Latencies latencies = new Latencies();

    @Test
    void shares_are_exact_to_a_hundredth_from_microseconds_to_minutes() {
        for (double scale : new double[] {1e3, 1e6, 1e9, 60e9}) {
            var scaled = new Latencies();
            for (int n = 1; n <= 1_000; n++) scaled.add((long) (n * scale / 100));

            assertThat(scaled.count()).isEqualTo(1_000);
            assertThat(scaled.millis(0.5)).isCloseTo(500 * scale / 100 / 1e6, ONE_PERCENT);
            assertThat(scaled.millis(0.99)).isCloseTo(990 * scale / 100 / 1e6, ONE_PERCENT);
            assertThat(scaled.millis(1)).isCloseTo(1_000 * scale / 100 / 1e6, ONE_PERCENT);
        }
    }

    @Test
    void the_longest_is_kept_as_it_was_and_nothing_is_longer() {
        latencies.add(1_000_000_001);

        assertThat(latencies.longestMillis()).isEqualTo(1_000.000001);
        assertThat(latencies.millis(0.99)).isLessThanOrEqualTo(latencies.longestMillis());
    }

    @Test
    void a_start_before_the_enqueue_returned_took_no_time() {
        latencies.add(-5);
        latencies.add(-5);
        latencies.add(2_000_000);

        assertThat(latencies.millis(0.5)).isZero();
        assertThat(latencies.longestMillis()).isEqualTo(2);
    }

    @Test
    void of_none_there_is_no_share() {
        assertThat(latencies.millis(0.5)).isNaN();
    }
}
