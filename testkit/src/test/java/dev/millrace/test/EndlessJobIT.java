package dev.millrace.test;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.test.Shop.Remind;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Runs until the test kit gives up, which takes it some seconds. */
class EndlessJobIT {

    @Test
    void a_job_that_enqueues_itself_for_ever_is_told_from_one_that_ends() {
        try (var millrace = TestMillrace.with()) {
            millrace.node()
                    .handle(Remind.class, (job, attempt) -> {
                        attempt.enqueue(new Remind(job.order() + 1));
                    })
                    .start();
            millrace.enqueue(new Remind(1));

            assertThatThrownBy(() -> millrace.advance(Duration.ofDays(1)))
                    .hasMessageContaining("does a job enqueue itself again and again?");
        }
    }
}
