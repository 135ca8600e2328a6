package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.NodeView.Stuck;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class NodeViewTest {

    private static final JobId JOB = JobId.of("01932c07-209c-7fff-8a5c-3a1f8b2d9e10");

    @Test
    void a_stuck_handler_is_stuck_for_longer_as_time_goes_by_and_never_for_less_when_a_clock_is_set_back() {
        var told = new Stuck(1, JOB, Duration.ofSeconds(2));

        assertThat(told.after(Duration.ofSeconds(3)).lasts()).isEqualTo(Duration.ofSeconds(5));
        assertThat(told.after(Duration.ofSeconds(-3))).isEqualTo(told);
    }

    @Test
    void none_is_no_number_of_stuck_handlers() {
        assertThatThrownBy(() -> new Stuck(0, JOB, Duration.ZERO))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("0 handlers");
    }
}
