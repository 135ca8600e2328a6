package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.NewJob;
import dev.millrace.store.Promoted;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PromoterTest {

    @Test
    void what_is_due_and_in_another_nodes_hands_is_not_asked_for_all_the_time() {
        var node = new OneNode();
        node.settle();
        long before = node.wire.asked("promote");
        for (int i = 0; i < 100; i++) node.wire.changes("promote", nothing -> new Promoted(0, Duration.ZERO));

        node.pass(Duration.ofSeconds(2));

        assertThat(node.wire.asked("promote") - before).isBetween(10L, 60L);
    }

    @Test
    void what_is_due_soon_is_promoted_when_it_is() {
        var node = new OneNode();
        node.settle();
        var job = node.send(
                "work",
                plain -> new NewJob(
                        plain.id(),
                        plain.queue(),
                        plain.priority(),
                        plain.spread(),
                        plain.kind(),
                        1,
                        plain.payload(),
                        plain.headers(),
                        new NewJob.Due.In(Duration.ofMillis(1_300)),
                        null,
                        null));

        node.pass(Duration.ofMillis(1_290));
        assertThat(node.runs(job)).isFalse();
        node.pass(Duration.ofMillis(30));
        assertThat(node.runs(job)).isTrue();
    }
}
