package dev.millrace.benchmarks.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What two readings make of the time between them. */
class CountsTest {

    private static final Counts BEFORE = new Counts(5_000_000_000L, 1_000, 900, 70_000, 1_000_000_000L);

    private static Map<Gauge, Double> told(Counts now) {
        return new Sample(0, 0, false, now.since(BEFORE)).values();
    }

    @Test
    void rates_are_of_the_interval_and_the_backlog_is_of_its_end() {
        var now = new Counts(9_000_000_000L, 21_000, 18_900, 7_270_000, 2_000_000_000L);

        assertThat(now.secondsSince(BEFORE)).isEqualTo(4);
        assertThat(told(now))
                .isEqualTo(Map.of(
                        Gauge.ENQUEUED, 5_000.0,
                        Gauge.RUN, 4_500.0,
                        Gauge.BACKLOG, 2_100.0,
                        Gauge.WAL_BYTES, 400.0,
                        Gauge.CPU, 25.0));
    }

    @Test
    void where_nothing_ran_that_is_a_rate_of_none_but_no_cost_per_job() {
        assertThat(told(new Counts(6_000_000_000L, 1_000, 900, 80_000, 1_000_000_000L)))
                .containsEntry(Gauge.RUN, 0.0)
                .doesNotContainKey(Gauge.WAL_BYTES);
    }

    @Test
    void what_was_not_read_is_absent_and_spoils_nothing_else() {
        assertThat(told(new Counts(6_000_000_000L, 2_000, 1_900, Double.NaN, -1)))
                .containsEntry(Gauge.RUN, 1_000.0)
                .doesNotContainKeys(Gauge.WAL_BYTES, Gauge.CPU);
    }

    @Test
    void a_job_that_ended_before_its_enqueue_returned_is_no_debt() {
        assertThat(told(new Counts(6_000_000_000L, 1_000, 1_010, 80_000, 0))).containsEntry(Gauge.BACKLOG, 0.0);
    }
}
