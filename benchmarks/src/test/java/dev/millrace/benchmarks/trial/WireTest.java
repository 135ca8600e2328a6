package dev.millrace.benchmarks.trial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.contender.Ground;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** What parent and child say to each other. */
class WireTest {

    private final JsonMapper json = new JsonMapper();

    @Test
    void an_order_arrives_as_it_was_given_in_one_line() {
        var order = new Order(
                Regime.HELD_HORIZON,
                "db-scheduler",
                true,
                Regime.HELD_HORIZON.sizes(),
                new Ground("jdbc:postgresql://h/d", "me", "a \"secret\"\nof two lines", "bench_1"),
                new Ground("jdbc:postgresql://h/d", "", "", "bench_2"));

        var said = json.writeValueAsString(order);

        assertThat(said.lines()).hasSize(1);
        assertThat(json.readValue(said, Order.class)).isEqualTo(order);
    }

    @Test
    void findings_arrive_as_they_were_found() {
        var findings = Findings.of(
                Map.of(Metric.RUN, 12.5, Metric.WAL_BYTES, 363.0), new Card("1.2", Map.of("slots", "7")), "a note");

        assertThat(json.readValue(json.writeValueAsString(findings), Findings.class))
                .isEqualTo(findings);
    }

    @Test
    void a_series_arrives_as_it_was_sampled_without_what_could_not_be_measured() {
        var samples = List.of(
                new Sample(10.02, 10.02, false, Map.of(Gauge.RUN, 5_000.0, Gauge.HEAP, Double.NaN)),
                new Sample(20, 9.98, true, Map.of(Gauge.RUN, 4_999.5, Gauge.WAL_BYTES, Double.POSITIVE_INFINITY)));
        var findings = new Findings(Map.of(), null, List.of(), null, samples);

        var said = json.writeValueAsString(findings);

        assertThat(said).doesNotContain("NaN", "Infinity", "heapAfterCollectionBytes", "walBytesPerJob");
        assertThat(json.readValue(said, Findings.class)).isEqualTo(findings);
    }

    @Test
    void findings_of_nothing_say_why() {
        var none = Findings.none("no Node");

        assertThat(json.readValue(json.writeValueAsString(none), Findings.class))
                .isEqualTo(none);
        assertThat(none.notMeasured()).isEqualTo("no Node");
    }

    @Test
    void no_two_measures_and_no_two_regimes_have_one_name() {
        assertThat(Arrays.stream(Metric.values()).map(Metric::wireName)).doesNotHaveDuplicates();
        assertThat(Arrays.stream(Metric.values()).map(Metric::words)).doesNotHaveDuplicates();
        assertThat(Arrays.stream(Gauge.values()).map(Gauge::wireName)).doesNotHaveDuplicates();
        for (var regime : Regime.values())
            assertThat(Regime.of(regime.wireName())).isEqualTo(regime);
    }

    @Test
    void a_regime_that_is_none_is_answered_with_all_there_are() {
        assertThatThrownBy(() -> Regime.of("burn-up"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("burn-down, enqueue, sustained");
    }

    @Test
    void a_warm_up_is_never_larger_than_what_is_measured_and_keeps_its_form() {
        for (var regime : Regime.values()) {
            var sizes = regime.sizes();
            var warm = sizes.warmUp();

            assertThat(warm.jobs()).isBetween(1L, sizes.jobs());
            assertThat(warm.seconds()).isBetween(1, sizes.seconds());
            assertThat(warm.heldSeconds()).isBetween(0, sizes.heldSeconds());
            assertThat(warm.limitSeconds()).isLessThan(sizes.limitSeconds());
            assertThat(warm.callers()).isEqualTo(sizes.callers());
            assertThat(warm.slots()).isEqualTo(sizes.slots());
            assertThat(List.of(sizes, sizes.brief())).allMatch(each -> each.slots() > 0 && each.callers() > 0);
        }
    }
}
