package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.NewJob;
import dev.millrace.store.Promoted;
import java.time.Duration;
import java.util.ArrayList;
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
        var job = node.send("work", plain -> dueIn(plain, Duration.ofMillis(1_300)));

        node.pass(Duration.ofMillis(1_290));
        assertThat(node.runs(job)).isFalse();
        node.pass(Duration.ofMillis(30));
        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void where_more_is_due_than_a_step_takes_the_next_takes_more() {
        var node = new OneNode();
        node.settle();
        for (int i = 0; i < 9_500; i++) node.send("work", plain -> dueIn(plain, Duration.ofSeconds(2)));
        var steps = new ArrayList<Integer>();
        for (int i = 0; i < 100; i++)
            node.wire.changes("promote", answer -> {
                int count = ((Promoted) answer).count();
                if (count > 0) steps.add(count);
                return answer;
            });

        node.pass(Duration.ofSeconds(3));

        assertThat(steps).containsExactly(1_000, 4_000, 4_000, 500);
    }

    private static NewJob dueIn(NewJob plain, Duration delay) {
        return new NewJob(
                plain.id(),
                plain.queue(),
                plain.priority(),
                plain.spread(),
                plain.kind(),
                1,
                plain.payload(),
                plain.headers(),
                new NewJob.Due.In(delay),
                null,
                null);
    }
}
