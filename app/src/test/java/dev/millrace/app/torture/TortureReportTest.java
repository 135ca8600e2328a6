package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.torture.TortureReport.Leaders;
import dev.millrace.app.torture.TortureReport.Slots;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which count of slots and of struck leaders keeps a promise. */
class TortureReportTest {

    private static final int SECONDS = 600;

    /** A schedule that a node had brought two seconds after the beginning, and that went on for a while after the end. */
    private static Slots slots(long due, long fired, long missing) {
        return new Slots(due, fired, missing, 0, 0, SECONDS - due, 1, 4);
    }

    @Test
    void of_six_hundred_seconds_each_is_a_slot_but_for_those_before_a_node_had_brought_the_schedule() {
        assertThat(slots(598, 612, 0).kept(SECONDS)).isTrue();
        assertThat(slots(598, 598, 0).kept(SECONDS)).isTrue();
        assertThat(slots(570, 580, 0).kept(SECONDS)).isTrue();
    }

    @Test
    void one_slot_that_is_missing_is_a_broken_promise_wherever_it_is() {
        assertThat(slots(598, 612, 1).kept(SECONDS)).isFalse();
        assertThat(slots(598, 597, 0).kept(SECONDS)).isFalse();
    }

    @Test
    void a_schedule_that_came_late_or_covers_but_a_part_of_the_run_proves_too_little() {
        assertThat(slots(500, 600, 0).kept(SECONDS)).isFalse();
        assertThat(new Slots(598, 612, 0, 0, 0, 31, 1, 4).kept(SECONDS)).isFalse();
        assertThat(new Slots(0, 0, 0, 0, 0, -1, -1, 0).kept(SECONDS)).isFalse();
    }

    @Test
    void what_was_fired_twice_has_not_run_or_stood_still_at_the_end_is_a_broken_promise() {
        assertThat(new Slots(598, 612, 0, 1, 0, 2, 1, 4).kept(SECONDS)).isFalse();
        assertThat(new Slots(598, 612, 0, 0, 1, 2, 1, 4).kept(SECONDS)).isFalse();
        assertThat(new Slots(598, 612, 0, 0, 0, 2, 31, 4).kept(SECONDS)).isFalse();
    }

    @Test
    void where_most_leaders_were_not_struck_nothing_is_proven() {
        assertThat(new Leaders(0, 0, Map.of()).kept()).isTrue();
        assertThat(new Leaders(20, 10, Map.of("the run was over", 10)).kept()).isTrue();
        assertThat(new Leaders(20, 9, Map.of("nobody has brought it", 11)).kept())
                .isFalse();
        assertThat(new Leaders(1, 0, Map.of("nobody has brought it", 1)).kept()).isFalse();
    }
}
