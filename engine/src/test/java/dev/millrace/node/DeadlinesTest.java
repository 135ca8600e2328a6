package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.JobEvent;
import dev.millrace.NodeView;
import dev.millrace.State;
import dev.millrace.store.Ending;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DeadlinesTest {

    @Test
    void an_attempt_past_its_deadline_is_ended_and_its_slot_is_free_though_its_thread_goes_on() {
        var node = new OneNode(OneNode.LIMITS.withSlots(1));
        var late = node.send();
        node.settle();
        var next = node.send();

        node.pass(OneNode.DEADLINE.minusMillis(1));
        assertThat(node.state(late)).isEqualTo(State.RUNNING);
        node.pass(Duration.ofMillis(200));

        assertThat(node.state(late)).isEqualTo(State.RETRYABLE);
        assertThat(node.handler(late).interrupts).isEqualTo(1);
        assertThat(node.runs(next)).isTrue();
        assertThat(node.status().stuckThreads()).isEqualTo(1);
        assertThat(node.events).anyMatch(event -> event instanceof JobEvent.TimedOut);
    }

    @Test
    void a_handler_that_comes_back_after_its_deadline_changes_nothing() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.pass(OneNode.DEADLINE.plusSeconds(1));

        node.done(job);

        assertThat(node.outcomes(job)).containsExactly("timed_out");
        assertThat(node.status().counters().completed()).isZero();
        assertThat(node.status().stuckThreads()).isZero();
    }

    @Test
    void a_node_tells_of_a_handler_that_does_not_end_until_it_does() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        assertThat(told(node)).isNull();
        node.pass(OneNode.DEADLINE.plusSeconds(10));

        var stuck = Objects.requireNonNull(told(node));
        assertThat(stuck.handlers()).isEqualTo(1);
        assertThat(stuck.oldest()).isEqualTo(job);
        assertThat(stuck.lasts()).isBetween(Duration.ofSeconds(8), Duration.ofSeconds(12));

        node.done(job);
        node.pass(Duration.ofSeconds(5));
        assertThat(told(node)).isNull();
    }

    private static NodeView.@Nullable Stuck told(OneNode node) {
        return node.store.nodes().getFirst().stuck();
    }

    @Test
    void a_heartbeat_starts_the_deadline_anew() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.pass(OneNode.DEADLINE.minusSeconds(1));

        node.handler(job).held().heartbeat();
        node.pass(OneNode.DEADLINE.minusSeconds(1));
        assertThat(node.state(job)).isEqualTo(State.RUNNING);

        node.pass(Duration.ofSeconds(2));
        assertThat(node.state(job)).isEqualTo(State.RETRYABLE);
    }

    @Test
    void what_was_taken_away_can_write_nothing_any_more() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        var held = node.handler(job).held();
        node.pass(OneNode.DEADLINE.plusSeconds(1));

        assertThat(held.cancelled()).isTrue();
        assertThatThrownBy(() -> held.checkpoint(new Payload.Text("3")))
                .isInstanceOf(StoreException.Fenced.class)
                .hasMessageContaining("deadline");
    }

    @Test
    void the_last_attempt_that_is_too_slow_discards_its_job_if_the_policy_says_so() {
        var node = new OneNode();
        var job = node.send();
        node.settle();

        node.pass(OneNode.DEADLINE.plusSeconds(1));
        assertThat(node.job(job).failure()).isNotNull();
        node.ends(job, new Ending.Done(null)); // too late
        node.pass(Duration.ofMinutes(2));

        assertThat(node.handler(job).delivery.attempt()).isEqualTo(2);
    }
}
