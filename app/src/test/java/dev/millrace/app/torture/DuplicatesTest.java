package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.torture.Timeline.Cause;
import dev.millrace.app.torture.Timeline.Silence;
import dev.millrace.app.torture.TortureLedger.Repeated;
import dev.millrace.world.SystemWorld;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DuplicatesTest {

    private static final String DEAD = "0190f3a2-0000-7000-8000-000000000001";
    private static final String HEALTHY = "0190f3a2-0000-7000-8000-000000000002";

    private final Timeline timeline = new Timeline();

    @BeforeEach
    void one_node() {
        timeline.born("one", 0, 0);
    }

    private Map<String, Long> count(Repeated... effects) {
        var silences = Map.of(DEAD, new Silence(Cause.FROZEN, 1_000), HEALTHY, new Silence(null, 1_000));
        var counted = new TreeMap<>(
                new Duplicates(timeline, new RunClock(new SystemWorld()), silences).count(List.of(effects)));
        counted.values().removeIf(count -> count == 0);
        return counted;
    }

    private static Repeated done(int n, long seq) {
        return new Repeated(n, "two", 20_000, seq, "done", null, 20_100);
    }

    private static Repeated rescued(int n, long seq, String node) {
        return new Repeated(n, "one", 5_000, seq, "rescued", "node " + node + " died", 19_000);
    }

    private static Repeated failed(int n, long seq) {
        return new Repeated(n, "one", 5_000, seq, "retry", null, 5_300);
    }

    @Test
    void an_effect_before_a_rescue_is_explained_by_what_silenced_its_node() {
        assertThat(count(rescued(1, 10, DEAD), done(1, 11))).isEqualTo(Map.of("frozen", 1L));
    }

    @Test
    void a_node_that_nothing_had_been_done_to_explains_nothing() {
        assertThat(count(rescued(1, 10, HEALTHY), done(1, 11))).isEqualTo(Map.of("unexplained", 1L));
    }

    @Test
    void an_effect_whose_answer_was_lost_needs_something_that_broke_the_connection() {
        timeline.happened(FaultKind.RESET, 0, 5_200, 5_200);

        assertThat(count(failed(1, 10), done(1, 11))).isEqualTo(Map.of("connectionLost", 1L));
        assertThat(new DuplicatesTest().count(failed(1, 10), done(1, 11))).isEqualTo(Map.of("unexplained", 1L));
    }

    @Test
    void a_server_that_went_down_meanwhile_explains_it_as_well() {
        timeline.serverDown(5_100, 6_000);

        assertThat(count(failed(1, 10), done(1, 11))).isEqualTo(Map.of("serverRestart", 1L));
    }

    @Test
    void two_effects_of_one_delivery_are_never_explained() {
        assertThat(count(done(1, 10), done(1, 10))).isEqualTo(Map.of("unexplained", 1L));
    }

    @Test
    void two_deliveries_that_both_completed_the_job_are_never_explained() {
        assertThat(count(done(1, 10), done(1, 11))).isEqualTo(Map.of("unexplained", 1L));
    }

    @Test
    void each_job_is_counted_by_itself() {
        assertThat(count(rescued(1, 10, DEAD), done(1, 11), rescued(2, 20, DEAD), rescued(2, 21, DEAD), done(2, 22)))
                .isEqualTo(Map.of("frozen", 3L));
    }
}
