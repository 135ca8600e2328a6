package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.torture.Recoveries.Recovery;
import dev.millrace.app.torture.TortureLedger.Joined;
import dev.millrace.app.torture.TortureLedger.Rescue;
import dev.millrace.world.SystemWorld;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Node A in seat 0 was killed at 10 s, node B in seat 1 at 18 s; node C lives in seat 2. */
class RecoveriesTest {

    private final Timeline timeline = new Timeline();
    private final RunClock clock = new RunClock(new SystemWorld());
    private final Map<String, Joined> nodes = Map.of(
            "a", new Joined("a", "one", 0, 9_000),
            "b", new Joined("b", "two", 0, 17_500),
            "c", new Joined("c", "three", 0, 90_000));

    @BeforeEach
    void two_deaths() {
        for (long at = 0; at <= 100_000; at += 100) traces.beat(at);
        timeline.born("one", 0, 0);
        timeline.born("two", 1, 0);
        timeline.born("three", 2, 0);
        for (var name : List.of("one", "two", "three")) timeline.joined(name, 0);
        timeline.died("one", 10_000, true);
        timeline.died("two", 18_000, true);
    }

    private final Traces traces = new Traces();

    /** A delivery of this job was taken back then. */
    private static Rescue rescue(String job, String node, long at) {
        return new Rescue(job, node, at, null);
    }

    private List<Recovery> of(Rescue... rescues) {
        return Recoveries.of(List.of(rescues), traces, nodes, timeline, timeline.outages(100_000, traces), clock)
                .all();
    }

    @Test
    void it_is_from_the_death_to_the_next_start() {
        traces.started("job", 2_000);
        traces.started("job", 21_000);

        assertThat(of(rescue("job", "a", 20_500)))
                .containsExactly(new Recovery("job", "a", 10_000, 11_000, 11_000, -1));
    }

    @Test
    void what_nobody_could_have_done_does_not_count_net() {
        traces.started("job", 24_000);
        timeline.serverDown(12_000, 15_000);

        assertThat(of(rescue("job", "a", 23_500)))
                .containsExactly(new Recovery("job", "a", 10_000, 14_000, 11_000, -1));
    }

    @Test
    void a_next_node_that_dies_first_begins_another_recovery() {
        traces.started("job", 29_500);

        assertThat(of(rescue("job", "a", 17_000), rescue("job", "b", 29_000)))
                .containsExactly(
                        new Recovery("job", "a", 10_000, 8_000, 8_000, -1),
                        new Recovery("job", "b", 18_000, 11_500, 11_500, -1));
    }

    @Test
    void a_job_that_waits_for_its_kinds_turn_has_been_recovered() {
        traces.started("job", 60_000);

        assertThat(of(new Rescue("job", "a", 20_500, 20_900L)))
                .containsExactly(new Recovery("job", "a", 10_000, 10_900, 10_900, -1));
    }

    @Test
    void a_job_that_is_charged_with_a_death_has_been_recovered_when_it_waits_among_others() {
        traces.charged("job", 21_000);
        traces.started("job", 31_000);

        assertThat(of(rescue("job", "a", 20_500)))
                .containsExactly(new Recovery("job", "a", 10_000, 11_000, 11_000, 21_000));
    }

    @Test
    void a_job_that_ended_without_another_start_was_not_to_be_recovered() {
        assertThat(of(rescue("job", "a", 20_500))).isEmpty();
    }

    @Test
    void the_histogram_counts_each_once() {
        traces.started("x", 21_000);
        traces.started("y", 25_001);
        var recoveries = Recoveries.of(
                List.of(rescue("x", "a", 20_500), rescue("y", "a", 20_500)),
                traces,
                nodes,
                timeline,
                Spans.NEVER,
                clock);

        assertThat(recoveries.histogram(Recovery::net)).isEqualTo(Map.of("<=11", 1L, "<=20", 1L));
        assertThat(recoveries.slowest(Recovery::net)).isEqualTo(15_001);
        assertThat(recoveries.median(Recovery::net)).isEqualTo(11_000);
    }
}
