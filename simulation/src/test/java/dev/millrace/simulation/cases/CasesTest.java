package dev.millrace.simulation.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class CasesTest {

    private static List<Integer> numbers(Choices choices) {
        return choices.list(20, c -> c.below(1_000));
    }

    @Test
    void a_case_that_breaks_the_property_is_made_as_simple_as_can_be() {
        assertThatThrownBy(() -> tries(100)
                        .hold(
                                CasesTest::numbers,
                                numbers -> assertThat(sum(numbers)).isLessThan(700)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("[700]")
                .hasMessageMatching("(?s).*Again: -Dmillrace.cases=1 -Dmillrace.cases.from=\\d+");
        assertThatThrownBy(() -> tries(100).hold(Hostile::text, text -> {
                    if (text.contains("\0")) throw new IllegalStateException("a zero");
                }))
                .hasMessageContaining("\"\\u0000\"")
                .hasMessageContaining("a zero")
                .hasCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_case_stays_broken_in_the_way_that_was_found() {
        assertThatThrownBy(() -> tries(100).hold(CasesTest::numbers, numbers -> {
                    if (sum(numbers) > 2_000) throw new IllegalStateException("too much");
                    if (numbers.size() == 1) throw new ArithmeticException("another flaw, which simpler cases have");
                }))
                .hasCauseInstanceOf(IllegalStateException.class)
                .hasMessageContaining("too much");
    }

    @Test
    void every_build_tries_the_same_cases_and_a_case_can_be_tried_alone() {
        var once = drawn(1, 50);

        assertThat(drawn(1, 50)).isEqualTo(once);
        assertThat(Set.copyOf(once)).hasSizeGreaterThan(20);
        assertThat(drawn(37, 1)).containsExactly(once.get(36));
    }

    @Test
    void a_case_that_does_not_end_is_told_with_where_it_stands() {
        var never = new CountDownLatch(1);

        assertThatThrownBy(() -> new Cases(1, 10, Duration.ofMillis(50)).hold(c -> "the case", text -> never.await()))
                .hasMessageContaining("Case 1 has not ended")
                .hasMessageContaining("\"the case\"")
                .cause()
                .hasStackTraceContaining("CountDownLatch");
    }

    @Test
    void what_is_drawn_stays_in_its_bounds() {
        tries(500).hold(c -> List.of(c.between(-5, 5), c.between(0, Long.MAX_VALUE - 1), (long) c.below(3)), drawn -> {
            assertThat(drawn.get(0)).isBetween(-5L, 5L);
            assertThat(drawn.get(1)).isNotNegative();
            assertThat(drawn.get(2)).isBetween(0L, 2L);
        });
    }

    private static Cases tries(int count) {
        return new Cases(1, count, Duration.ofSeconds(20));
    }

    private static List<String> drawn(long from, int count) {
        var drawn = new ArrayList<String>();
        new Cases(from, count, Duration.ofSeconds(20)).hold(Hostile::json, drawn::add);
        return drawn;
    }

    private static int sum(List<Integer> numbers) {
        return numbers.stream().mapToInt(Integer::intValue).sum();
    }
}
