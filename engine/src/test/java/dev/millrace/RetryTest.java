package dev.millrace;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RetryTest {

    private final RandomGenerator random = new SplittableRandom(1);

    @Test
    void the_ceiling_of_the_back_off_doubles_up_to_its_maximum() {
        var policy = Retry.exponential(ofSeconds(2)).atMost(ofSeconds(10));

        assertThat(longest(policy, 1)).isBetween(ofMillis(1_900), ofSeconds(2));
        assertThat(longest(policy, 2)).isBetween(ofMillis(3_900), ofSeconds(4));
        assertThat(longest(policy, 3)).isBetween(ofMillis(7_800), ofSeconds(8));
        assertThat(longest(policy, 4)).isBetween(ofMillis(9_800), ofSeconds(10));
        assertThat(longest(policy, 1_000)).isBetween(ofMillis(9_800), ofSeconds(10));
    }

    @Test
    void jitter_is_full_jobs_that_failed_together_come_back_all_over_the_time() {
        var policy = Retry.exponential(ofSeconds(10));

        var rests = rests(policy, 1).map(Duration::toMillis).sorted().toList();

        assertThat(rests.get(0)).isPositive().isLessThan(100);
        assertThat(rests.get(rests.size() / 2)).isBetween(4_500L, 5_500L);
    }

    @Test
    void a_fixed_back_off_is_never_shorter_and_up_to_a_tenth_longer() {
        assertThat(rests(Retry.fixed(ofSeconds(10)), 3))
                .allMatch(rest -> rest.compareTo(ofSeconds(10)) >= 0 && rest.compareTo(ofSeconds(11)) <= 0);
    }

    @Test
    void the_first_back_off_may_be_longer_than_an_hour() {
        assertThat(longest(Retry.exponential(ofHours(3)), 1)).isBetween(ofHours(2), ofHours(3));
    }

    @Test
    void the_longest_back_off_holds_for_what_is_random_about_a_fixed_one() {
        var policy = Retry.fixed(ofSeconds(10)).atMost(ofMillis(10_500));

        assertThat(longest(policy, 1)).isBetween(ofMillis(10_400), ofMillis(10_500));
        assertThat(rests(policy, 1).distinct().count()).isGreaterThan(100);
        assertThat(longest(Retry.fixed(ofMillis(1)).atMost(ofMillis(1)), 1)).isEqualTo(ofMillis(1));
    }

    @Test
    void a_longest_back_off_that_is_shorter_than_the_first_is_refused() {
        assertThatThrownBy(() -> Retry.exponential(ofMinutes(10)).atMost(ofSeconds(1)))
                .isInstanceOf(MillraceException.class)
                .hasMessage(
                        "A job can't rest for 10 min at first and for 1 s at most: the longest back-off is not shorter than the first. Say atMost(10 min) or more, or begin with 1 s.");
        assertThatThrownBy(() -> Retry.fixed(ofSeconds(10)).atMost(ofSeconds(5)))
                .hasMessageContaining("rest for 10 s at first and for 5 s at most");
    }

    @Test
    void attempts_count_the_first_one() {
        assertThat(Retry.none().grantsAnother(1)).isFalse();
        assertThat(Retry.none().attempts(3).grantsAnother(2)).isTrue();
        assertThat(Retry.none().attempts(3).grantsAnother(3)).isFalse();
    }

    @Test
    void the_default_spans_hours_not_minutes_and_not_days() {
        var total = IntStream.range(1, 15)
                .mapToObj(attempt -> longest(Retry.DEFAULT, attempt))
                .reduce(Duration.ZERO, Duration::plus);

        assertThat(total).isBetween(ofHours(3), ofHours(5));
        assertThat(Retry.DEFAULT.grantsAnother(14)).isTrue();
        assertThat(Retry.DEFAULT.grantsAnother(15)).isFalse();
    }

    @Test
    void the_closest_class_wins_whatever_the_order() {
        var oneWay = Retry.none()
                .on(IOException.class, e -> snooze("io"))
                .on(FileNotFoundException.class, e -> snooze("file"));
        var other = Retry.none()
                .on(FileNotFoundException.class, e -> snooze("file"))
                .on(IOException.class, e -> snooze("io"));

        for (var policy : new Retry[] {oneWay, other}) {
            assertThat(judged(policy, new FileNotFoundException())).isEqualTo(snooze("file"));
            assertThat(judged(policy, new IOException())).isEqualTo(snooze("io"));
        }
    }

    @Test
    void causes_are_looked_through() {
        var policy = Retry.none()
                .on(FileNotFoundException.class, e -> snooze(String.valueOf(e.getMessage())))
                .never(Exception.class);

        var thrown = new CompletionException(new IllegalStateException(new FileNotFoundException("a.txt")));

        assertThat(judged(policy, thrown)).isEqualTo(snooze("a.txt"));
        assertThat(policy.judge(new CompletionException(new IOException()))).isEqualTo(new Retry.Verdict.Never());
    }

    @Test
    void of_rules_that_fit_equally_the_one_for_what_was_thrown_wins() {
        var policy = Retry.none()
                .on(IllegalStateException.class, e -> snooze("outer"))
                .on(IOException.class, e -> snooze("inner"));

        assertThat(judged(policy, new IllegalStateException(new IOException()))).isEqualTo(snooze("outer"));
    }

    @Test
    void a_rule_that_fits_twice_gets_what_was_thrown() {
        var policy = Retry.none().on(Exception.class, e -> snooze(String.valueOf(e.getMessage())));

        assertThat(judged(policy, new IOException("outer", new Exception("inner"))))
                .isEqualTo(snooze("outer"));
    }

    @Test
    void an_exception_that_causes_itself_ends_the_search() {
        var first = new Exception("first");
        first.initCause(new Exception("second", first));

        assertThat(Retry.DEFAULT.judge(first)).isEqualTo(new Retry.Verdict.BackOff());
    }

    @Test
    void a_second_rule_for_a_class_replaces_the_first() {
        var policy = Retry.none().never(IOException.class).on(IOException.class, e -> snooze("later"));

        assertThat(judged(policy, new IOException())).isEqualTo(snooze("later"));
    }

    @Test
    void changing_a_policy_gives_another_one() {
        var before = Retry.exponential(ofSeconds(1));

        before.attempts(1).never(IOException.class);

        assertThat(before.grantsAnother(1)).isTrue();
        assertThat(before.judge(new IOException())).isEqualTo(new Retry.Verdict.BackOff());
    }

    @Test
    void numbers_that_make_no_sense_are_refused_with_their_range() {
        assertThatThrownBy(() -> Retry.none().attempts(0))
                .isInstanceOf(MillraceException.class)
                .hasMessage("The number of attempts can't be 0. It is 1 to 1,000: 1 would do.");
        assertThatThrownBy(() -> Retry.exponential(Duration.ZERO)).hasMessageContaining("too short");
        assertThatThrownBy(() -> Retry.fixed(Duration.ofDays(4_000))).hasMessageContaining("too long");
    }

    private static Outcome<Void> snooze(String reason) {
        return Outcome.snooze(ofSeconds(1), reason);
    }

    private static Outcome<?> judged(Retry policy, Throwable thrown) {
        return ((Retry.Verdict.Decided) policy.judge(thrown)).outcome();
    }

    private Duration longest(Retry policy, int attempt) {
        return rests(policy, attempt).max(Duration::compareTo).orElseThrow();
    }

    private Stream<Duration> rests(Retry policy, int attempt) {
        return IntStream.range(0, 1_000).mapToObj(i -> policy.backOff(attempt, random));
    }
}
