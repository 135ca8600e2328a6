package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.torture.Spans.Span;
import dev.millrace.app.torture.Timeline.Cause;
import dev.millrace.app.torture.Timeline.Silence;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes, "one" in seat 0 and "two" in seat 1, that have joined after a second. */
class TimelineTest {

    private final Timeline timeline = new Timeline();
    private final Traces traces = new Traces();

    @BeforeEach
    void two_nodes() {
        for (long at = 0; at <= 40_000; at += 100) traces.beat(at);
        timeline.born("one", 0, 0);
        timeline.born("two", 1, 0);
        timeline.joined("one", 1_000);
        timeline.joined("two", 900);
    }

    private List<Span> outages() {
        return timeline.outages(100_000, traces).spans();
    }

    @Test
    void before_the_first_has_joined_nobody_can_reach_the_database() {
        assertThat(outages()).containsExactly(new Span(0, 900));
    }

    @Test
    void while_the_server_is_down_or_its_disk_full_nobody_can() {
        timeline.serverDown(5_000, 6_000);
        timeline.happened(FaultKind.DISK, 8_000, 9_500);

        assertThat(outages()).containsExactly(new Span(0, 900), new Span(5_000, 6_000), new Span(8_000, 9_500));
    }

    @Test
    void an_outage_lasts_until_a_beat_goes_through_again() {
        timeline.serverDown(40_050, 45_000);
        traces.beat(46_700);
        timeline.serverDown(60_000, 62_000);

        assertThat(outages()).containsExactly(new Span(0, 900), new Span(40_050, 46_700), new Span(60_000, 67_000));
    }

    @Test
    void one_node_that_can_reach_it_is_enough() {
        timeline.happened(FaultKind.BLACK_HOLE, 0, 10_000, 20_000);

        assertThat(outages()).containsExactly(new Span(0, 900));
    }

    @Test
    void when_each_has_another_reason_nobody_can() {
        timeline.happened(FaultKind.BLACK_HOLE, 0, 10_000, 20_000);
        timeline.happened(FaultKind.FREEZE, 1, 12_000, 30_000);

        assertThat(outages()).containsExactly(new Span(0, 900), new Span(12_000, 20_000));
    }

    @Test
    void a_dead_node_can_not_until_its_heir_has_joined() {
        timeline.happened(FaultKind.FREEZE, 1, 10_000, 30_000);
        timeline.died("one", 15_000, true);
        timeline.born("heir", 0, 15_000);
        timeline.joined("heir", 17_000);

        assertThat(outages()).containsExactly(new Span(0, 900), new Span(15_000, 17_000));
    }

    @Test
    void an_heir_that_dies_before_it_has_joined_ends_no_outage() {
        timeline.happened(FaultKind.FREEZE, 1, 10_000, 30_000);
        timeline.died("one", 15_000, true);
        timeline.born("heir", 0, 15_000);
        timeline.died("heir", 16_000, true);
        timeline.born("next", 0, 16_000);
        timeline.joined("next", 18_000);

        assertThat(outages()).contains(new Span(15_000, 18_000));
    }

    @Test
    void what_is_slow_or_can_connect_again_is_no_outage() {
        timeline.happened(FaultKind.DELAY, 5_000, 15_000);
        timeline.happened(FaultKind.RESET, 20_000, 20_000);

        assertThat(outages()).containsExactly(new Span(0, 900));
    }

    @Test
    void a_killed_node_is_silent_since_its_death_though_a_connection_broke_just_before() {
        timeline.happened(FaultKind.CUT, 0, 39_000, 39_000);
        timeline.died("one", 40_000, true);

        assertThat(timeline.silence("one", 39_500, 50_000)).isEqualTo(new Silence(Cause.KILLED, 40_000));
    }

    @Test
    void a_node_that_fell_silent_long_before_it_was_killed_is_silent_since_then() {
        timeline.happened(FaultKind.BLACK_HOLE, 0, 31_000, 45_000);
        timeline.died("one", 40_000, true);

        assertThat(timeline.silence("one", 30_500, 41_000)).isEqualTo(new Silence(Cause.CONNECTION_LOST, 31_000));
    }

    @Test
    void a_node_whose_connections_break_again_and_again_is_silent_since_its_last_sign_of_life() {
        timeline.happened(FaultKind.RESET, 0, 29_000, 29_000);
        timeline.happened(FaultKind.CUT_AFTER, 0, 33_000, 33_000);

        assertThat(timeline.silence("one", 30_000, 41_000)).isEqualTo(new Silence(Cause.CONNECTION_LOST, 30_000));
    }

    @Test
    void what_happened_to_others_or_long_before_explains_nothing() {
        timeline.happened(FaultKind.FREEZE, 1, 29_000, 45_000);
        timeline.happened(FaultKind.RESET, 0, 20_000, 20_000);
        timeline.happened(FaultKind.CLOCK, 0, 30_000, 30_000);

        assertThat(timeline.silence("one", 30_000, 41_000)).isEqualTo(new Silence(null, 30_000));
    }
}
