package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobEvent;
import dev.millrace.State;
import dev.millrace.store.StoreException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ControllerTest {

    @Test
    void a_running_handler_is_told_of_its_cancel_and_left_alone_for_a_while() {
        var node = new OneNode();
        var job = node.send();
        node.settle();

        node.store.cancel(job, "changed my mind", "mara");
        node.pass(Duration.ofMillis(1_500));
        assertThat(node.handler(job).held().cancelled()).isTrue();
        assertThat(node.handler(job).interrupts).isZero();

        node.pass(Duration.ofSeconds(2));
        assertThat(node.handler(job).interrupts).isEqualTo(1);
        assertThat(node.status().running()).isZero();
        assertThat(node.node.open()).isZero();
    }

    @Test
    void a_hint_is_heard_at_once() {
        var node = new OneNode();
        var job = node.send();
        node.settle();

        node.store.cancel(job, "changed my mind", "mara");
        node.node.command();
        node.settle();

        assertThat(node.handler(job).held().cancelled()).isTrue();
    }

    @Test
    void a_handler_that_heeds_its_cancel_frees_its_slot_and_its_listeners_hear_that_the_job_was_cancelled() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.store.cancel(job, "changed my mind", "mara");
        node.node.command();
        node.settle();

        node.done(job);

        assertThat(node.status().running()).isZero();
        assertThat(node.status().counters().lostOutcomes()).isZero();
        assertThat(node.events)
                .last()
                .isInstanceOfSatisfying(
                        JobEvent.Ended.class, ended -> assertThat(ended.state()).isEqualTo(State.CANCELLED));
    }

    @Test
    void what_operators_said_while_the_store_was_away_is_heard_afterwards() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.wire.isDown("control", new StoreException.Unavailable("away"));
        node.store.cancel(job, "changed my mind", "mara");
        node.pass(Duration.ofSeconds(5));
        assertThat(node.handler(job).held().cancelled()).isFalse();

        node.wire.isUp("control");
        node.pass(Duration.ofSeconds(10));

        assertThat(node.handler(job).held().cancelled()).isTrue();
    }
}
