package dev.millrace;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.store.Line;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimitTest {

    private static final Limit CALLS = Limit.named("calls").rate(100, ofMinutes(1));

    private static Line.Limited travelled(Limit limit) {
        var line = Line.of(new Line(null, limit.of("shop")).in(Map.of()));
        return Objects.requireNonNull(Objects.requireNonNull(line).limit());
    }

    @Test
    void what_is_said_travels_with_the_job() {
        assertThat(travelled(CALLS.concurrency(2).burst(20).weight(5)))
                .isEqualTo(
                        new Line.Limited("calls", 2, "shop", new Line.Rated(new Line.Rate(100, ofMinutes(1), 20), 5)));
        assertThat(travelled(CALLS).atOnce())
                .as("at once, if only a rate is said")
                .isEqualTo(100_000);
        assertThat(travelled(Limit.named("calls").concurrency(2)).rate()).isNull();
    }

    @Test
    void who_does_not_know_rates_keeps_the_rest_of_the_limit() {
        var headers = new Line(null, CALLS.concurrency(2).of("shop")).in(Map.of());

        assertThat(headers.get(Line.LIMIT)).isEqualTo("calls 2 shop");
    }

    @Test
    void the_limit_that_is_said_last_is_right_also_if_it_has_no_rate() {
        var options =
                JobOptions.DEFAULT.limit(CALLS, 1).limit(Limit.named("calls").concurrency(2), 1);

        assertThat(options.toString()).contains(Line.LIMIT).doesNotContain(Line.RATE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "1/2/3", "a/1000/1 1", "9999999999/1000/1 1", "1/1000/1"})
    void a_rate_that_was_written_by_hand_and_can_not_be_read_is_none(String text) {
        var line = Line.of(Map.of(Line.LIMIT, "calls 2 shop", Line.RATE, text));

        assertThat(line).isEqualTo(new Line(null, new Line.Limited("calls", 2, "shop")));
    }

    @Test
    void one_that_says_too_much_is_bounded() {
        var line =
                Line.of(Map.of(Line.LIMIT, "calls 2 shop", Line.RATE, "1/9223372036854775807/2147483647 2147483647"));

        var limit = Objects.requireNonNull(line).limit();
        var rated = Objects.requireNonNull(Objects.requireNonNull(limit).rate());
        assertThat(rated.rate().fullNanos()).isBetween(1L, ofDays(367).toNanos());
        assertThat(rated.rate().waitNanos(Long.MAX_VALUE / 4, rated.weight())).isPositive();
    }

    @Test
    void what_could_never_start_is_refused_with_what_to_do() {
        assertThatThrownBy(() -> CALLS.weight(5).of("shop"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("can never start under the limit calls")
                .hasMessageContaining(".burst(5)");
        assertThatThrownBy(() -> Limit.named("calls").concurrency(1).burst(3).of("shop"))
                .hasMessageContaining("no rate to take it from");
        assertThatThrownBy(() -> Limit.named("calls").concurrency(1).weight(3).of("shop"))
                .hasMessageContaining("a weight and no rate");
    }

    @Test
    void numbers_out_of_range_are_refused() {
        assertThatThrownBy(() -> Limit.named("calls").rate(0, ofSeconds(1))).hasMessageContaining("1 to 100,000");
        assertThatThrownBy(() -> Limit.named("calls").rate(1, Duration.ZERO)).hasMessageContaining("too short");
        assertThatThrownBy(() -> Limit.named("calls").rate(1, ofDays(32))).hasMessageContaining("It is 1 ms to 31");
        assertThatThrownBy(() -> CALLS.burst(0)).hasMessageContaining("1 to 100,000");
        assertThatThrownBy(() -> CALLS.weight(0)).hasMessageContaining("1 to 100,000");
        assertThatThrownBy(
                        () -> Limit.named("calls").rate(1, ofDays(1)).burst(32).of("shop"))
                .hasMessageContaining("longer than 31")
                .hasMessageContaining("smaller burst");
    }

    @Test
    void it_says_what_it_is() {
        assertThat(CALLS.concurrency(2).burst(20).weight(5))
                .hasToString("calls, 2 at once, 100 in 1 min, a burst of 20, weight 5");
        assertThat(CALLS)
                .isEqualTo(Limit.named("calls").rate(100, ofSeconds(60)))
                .isNotEqualTo(CALLS.burst(2));
        assertThat(CALLS.rate(1, ofMillis(1))).isNotEqualTo(CALLS);
    }
}
