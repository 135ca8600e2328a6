package dev.millrace.benchmarks.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Where a value lies on an axis. */
class ScaleTest {

    private static final Offset<Double> CLOSE = within(1e-9);

    @Test
    void an_axis_begins_at_zero_and_ends_at_a_round_value() {
        var scale = Scale.linear(List.of(4_870.0, 12.0));

        assertThat(scale).isEqualTo(new Scale(0, 5_000, false));
        assertThat(scale.ticks()).containsExactly(0.0, 1_000.0, 2_000.0, 3_000.0, 4_000.0, 5_000.0);
        assertThat(scale.share(1_250)).isCloseTo(0.25, CLOSE);
    }

    @Test
    void values_that_are_twenty_times_apart_are_linear_and_beyond_that_logarithmic() {
        assertThat(Scale.of(List.of(5.0, 100.0)).logarithmic()).isFalse();
        assertThat(Scale.of(List.of(5.0, 101.0))).isEqualTo(new Scale(1, 1_000, true));
    }

    @Test
    void powers_of_ten_are_equally_far_apart() {
        var scale = Scale.of(List.of(700.0, 160_000.0));

        assertThat(scale.ticks()).containsExactly(100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0);
        assertThat(scale.share(1_000)).isCloseTo(0.25, CLOSE);
        assertThat(scale.share(0)).isZero();
        assertThat(scale.share(1e9)).isEqualTo(1);
    }

    @Test
    void the_least_of_a_logarithmic_axis_can_be_seen() {
        assertThat(Scale.of(List.of(10.0, 1_000.0)).share(10)).isGreaterThan(0.1);
    }

    @Test
    void zero_has_no_power_of_ten() {
        assertThat(Scale.of(List.of(0.0, 1_000.0)).logarithmic()).isFalse();
    }

    @Test
    void without_a_value_and_with_zeros_alone_there_is_an_axis_still() {
        assertThat(Scale.linear(List.of())).isEqualTo(new Scale(0, 1, false));
        assertThat(Scale.of(List.of(0.0, 0.0)).share(0)).isZero();
    }

    @Test
    void ticks_are_written_short() {
        assertThat(List.of(0.0, 0.30000000000000004, 2.5, 10.0, 1_000_000.0))
                .extracting(Scale::words)
                .containsExactly("0", "0.3", "2.5", "10", "1,000,000");
    }

    @Test
    void bytes_are_shown_in_the_unit_that_makes_them_short() {
        assertThat(Unit.of("bytes", 500)).isEqualTo(new Unit("bytes", 1));
        assertThat(Unit.of("bytes", 20_000)).isEqualTo(new Unit("KB", 1_024));
        assertThat(Unit.of("bytes", 200e6)).isEqualTo(new Unit("MB", 1_024 * 1_024));
        assertThat(Unit.of("jobs/s", 200e6)).isEqualTo(new Unit("jobs/s", 1));
    }
}
