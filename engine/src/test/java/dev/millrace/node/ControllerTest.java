package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobEvent;
import dev.millrace.State;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
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
    void a_cancel_that_is_heard_just_before_a_delivery_gets_its_slot_is_not_missed() {
        var node = new OneNode();
        node.settle();
        node.wire.isDown("take", new StoreException.Unavailable("the test claims by itself"));
        var job = node.send();
        var held = claim(node);
        node.store.cancel(job, "changed my mind", "mara");
        node.node.command();
        node.settle(); // heard, and it was nowhere to be found

        assertThat(node.node.seat(held)).isFalse();

        assertThat(node.node.open()).isZero();
        assertThat(node.status().running()).isZero();
        assertThat(node.node.freeSlots()).isEqualTo(4);
        assertThat(node.events).last().isInstanceOf(JobEvent.Ended.class);
    }

    private static HeldDelivery claim(OneNode node) {
        for (var stream : node.store.streams(List.of("default"))) {
            var claim = node.store.take(node.node.lease(), stream.id(), 1, 99, new ClaimToken(new UUID(9, 9)));
            if (claim.places().isEmpty()) continue;
            var delivery = node.store.read(claim.token(), claim.places(), 1).getFirst();
            return new HeldDelivery(
                    node.node, delivery, node.node.register(claim), 0, node.node.kindOf(delivery), node.nanoTime());
        }
        throw new AssertionError("nothing to claim");
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
