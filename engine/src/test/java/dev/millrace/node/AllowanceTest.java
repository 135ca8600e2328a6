package dev.millrace.node;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.Line.Rate;
import dev.millrace.store.Ownership.Grant;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A rate for one key, on a clock of numbers. */
class AllowanceTest {

    private static final long SECOND = ofSeconds(1).toNanos();

    /** Long before: whatever another node had started is made up for. */
    private static final long LONG_AGO = -1_000_000 * SECOND;

    private static final Rate TEN_A_SECOND = new Rate(10, ofSeconds(1), 1);
    private static final Rate IN_BURSTS = new Rate(10, ofSeconds(1), 5);
    private static final Rate HOURLY = new Rate(1, ofHours(1), 1);

    /** How many of one weight start from a moment on, for so long, where somebody looks each millisecond. */
    private static int starts(Allowance allowance, int weight, long from, Duration time) {
        int starts = 0;
        for (long now = from; now < from + time.toNanos(); now += 1_000_000) {
            while (allowance.waitNanos(weight, now) == 0) {
                allowance.spend(weight, now, now);
                starts++;
            }
        }
        return starts;
    }

    private static Allowance idle(Rate rate) {
        return new Allowance(rate, LONG_AGO, 0);
    }

    @Test
    void starts_are_evenly_spread_and_never_more_than_the_rate_in_any_period() {
        var allowance = idle(TEN_A_SECOND);

        assertThat(starts(allowance, 1, 0, ofMillis(1))).isEqualTo(1);
        assertThat(allowance.waitNanos(1, 0)).isEqualTo(SECOND / 10);
        assertThat(starts(allowance, 1, 0, ofSeconds(3))).isEqualTo(29);
    }

    @Test
    void after_a_pause_a_burst_starts_at_once_and_is_made_up_for() {
        var allowance = idle(IN_BURSTS);

        assertThat(starts(allowance, 1, 0, ofMillis(1))).isEqualTo(5);
        assertThat(starts(allowance, 1, SECOND / 1000, ofSeconds(1))).isEqualTo(10);
        assertThat(starts(allowance, 1, 3 * SECOND, ofMillis(1)))
                .as("no more is saved up than the burst")
                .isEqualTo(5);
    }

    @Test
    void one_that_weighs_more_takes_more() {
        var allowance = idle(IN_BURSTS);

        assertThat(starts(allowance, 5, 0, ofSeconds(1))).isEqualTo(2);
        assertThat(starts(allowance, 2, SECOND, ofSeconds(10)))
                .as("a burst, and what ten seconds bring")
                .isEqualTo((5 + 100) / 2);
    }

    @Test
    void what_weighs_more_than_a_burst_takes_a_whole_one() {
        assertThat(starts(idle(TEN_A_SECOND), 50, 0, ofSeconds(2))).isEqualTo(20);
    }

    @Test
    void who_begins_to_count_has_nothing_saved_up() {
        var allowance = new Allowance(IN_BURSTS, 0, 0);

        assertThat(allowance.waitNanos(1, 0)).isEqualTo(SECOND / 10);
        assertThat(starts(allowance, 1, 0, ofMillis(450))).isEqualTo(4);
    }

    @Test
    void what_starts_a_little_late_does_not_slow_down_those_behind_it_and_much_is_lost() {
        var allowance = idle(TEN_A_SECOND);
        allowance.spend(1, 0, 0);

        allowance.spend(1, 0, SECOND * 14 / 100);
        assertThat(allowance.waitNanos(1, SECOND * 14 / 100)).isEqualTo(SECOND * 6 / 100);

        allowance.spend(1, 0, 10 * SECOND);
        assertThat(allowance.waitNanos(1, 10 * SECOND)).isEqualTo(SECOND * 5 / 100);
    }

    @Test
    void what_has_only_just_come_is_not_late() {
        var allowance = idle(TEN_A_SECOND);

        allowance.spend(1, SECOND, SECOND);

        assertThat(allowance.waitNanos(1, SECOND)).isEqualTo(SECOND / 10);
    }

    @Test
    void other_numbers_forget_nothing_and_give_nothing_away() {
        var allowance = idle(IN_BURSTS);
        starts(allowance, 1, 0, ofMillis(1));

        allowance.follow(TEN_A_SECOND, 0);
        assertThat(allowance.waitNanos(1, 0)).isEqualTo(SECOND / 10);
        for (int i = 0; i < 10; i++) {
            allowance.follow(IN_BURSTS, SECOND / 20);
            allowance.follow(TEN_A_SECOND, SECOND / 20);
        }
        assertThat(allowance.waitNanos(1, SECOND / 10)).as("to and fro").isZero();
    }

    @Test
    void of_a_slow_rate_the_store_is_asked_for_each_start() {
        var allowance = idle(HOURLY);
        assertThat(allowance.waitNanos(1, 0)).isEqualTo(Allowance.ASK);

        allowance.answered(allowance.wish("q", "k", 1, 0), new Grant(true, Duration.ZERO, ofHours(1)), 0);

        assertThat(allowance.waitNanos(1, 0)).isZero();
        allowance.spend(1, 0, 0);
        assertThat(allowance.waitNanos(1, 0)).isEqualTo(Allowance.ASK);
        assertThat(allowance.isFull(0)).as("the store remembers it").isTrue();
    }

    @Test
    void who_was_refused_asks_again_when_it_is_time_and_each_three_seconds() {
        var allowance = idle(HOURLY);

        allowance.answered(allowance.wish("q", "k", 1, 0), new Grant(false, ofSeconds(2), ofHours(1)), 0);
        assertThat(allowance.waitNanos(1, 0)).isEqualTo(2 * SECOND);
        assertThat(allowance.waitNanos(1, 2 * SECOND)).isEqualTo(Allowance.ASK);

        allowance.answered(allowance.wish("q", "k", 1, 0), new Grant(false, ofHours(1), ofHours(1)), 0);
        assertThat(allowance.waitNanos(1, 0)).isEqualTo(3 * SECOND);
        assertThat(allowance.untilGranted(0)).isEqualTo(3600 * SECOND);
    }

    @Test
    void a_rate_that_becomes_slow_takes_along_what_was_used() {
        var allowance = idle(IN_BURSTS);
        starts(allowance, 1, 0, ofMillis(1));

        allowance.follow(HOURLY, 0);

        assertThat(allowance.wish("q", "k", 1, 0).owed()).isEqualTo(ofMillis(500));
        allowance.answered(allowance.wish("q", "k", 1, 0), new Grant(false, ofSeconds(1), ofHours(1)), 0);
        assertThat(allowance.wish("q", "k", 1, 0).owed()).isZero();
    }

    @Test
    void and_one_that_becomes_fast_what_the_store_had_counted() {
        var allowance = idle(HOURLY);
        allowance.answered(allowance.wish("q", "k", 1, 0), new Grant(true, Duration.ZERO, ofHours(1)), 0);
        allowance.spend(1, 0, 0);

        allowance.follow(IN_BURSTS, 0);

        assertThat(allowance.waitNanos(1, 0)).isEqualTo(SECOND / 10);
    }
}
