package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Ending;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class StarterTest {

    private static long strangers;

    /** Another node claims these jobs, perhaps starts them, and dies. */
    private static void diesWith(OneNode node, int jobs, boolean marked) {
        var id = ++strangers;
        var lease = node.store.join(OneNode.stranger(id));
        int left = jobs;
        for (var stream : node.store.streams(List.of("default"))) {
            if (left == 0) break;
            var token = new ClaimToken(new UUID(id, stream.id()));
            var claim = node.store.take(lease, stream.id(), left, stream.id(), token);
            left -= claim.places().size();
            if (marked && !claim.places().isEmpty()) node.store.mark(lease, claim.places());
        }
        var dead = node.store.census(node.node.lease()).stream()
                .filter(peer -> peer.id().equals(lease.node()))
                .findFirst()
                .orElseThrow();
        node.store.depose(node.node.lease(), dead);
        while (!node.store.rescue(node.node.lease(), lease.node(), 100).isEmpty()) {
            // until nothing comes back
        }
    }

    private static List<JobId> sendUnseen(OneNode node, int count) {
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < count; i++) jobs.add(node.send());
        return jobs;
    }

    @Test
    void what_found_no_slot_within_a_second_goes_back_and_is_not_claimed_again_at_once() {
        var node = new OneNode();
        var jobs = node.send(60);
        for (int i = 0; i < 8; i++) {
            for (var handler : List.copyOf(node.handlers.values()))
                if (!handler.ended) handler.ends(new Ending.Done(null));
            node.pass(Duration.ofMillis(2));
        }
        assertThat(node.status().buffered()).isPositive();

        node.pass(Duration.ofSeconds(10)); // now nothing ends any more

        assertThat(node.status().buffered()).isZero();
        assertThat(jobs).allMatch(job -> node.outcomes(job).size() <= 2);
        assertThat(node.status().counters().lostOutcomes()).isZero();
    }

    @Test
    void a_rescued_delivery_is_marked_before_its_handler_starts() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, false);
        node.wire.fails("mark", new StoreException.CommitUnknown("lost"));

        node.pass(Duration.ofMillis(50));
        assertThat(node.runs(job)).isFalse();

        node.pass(Duration.ofSeconds(1));
        assertThat(node.runs(job)).isTrue();
        assertThat(node.wire.asked("mark")).isEqualTo(2);
    }

    @Test
    void an_ordinary_delivery_is_not_marked() {
        var node = new OneNode();
        node.send();

        node.pass(Duration.ofSeconds(1));

        assertThat(node.wire.asked("mark")).isZero();
    }

    @Test
    void a_mark_that_was_answered_too_late_to_be_believed_starts_nothing() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, false);
        node.turn("controller");
        node.turn("claimer");
        node.turn("starter");

        node.freeze(Duration.ofSeconds(30));
        node.turn("marker");

        assertThat(node.runs(job)).isFalse();
    }

    @Test
    void what_has_killed_a_node_runs_alone_at_first() {
        var node = new OneNode();
        var suspect = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, true); // charged or not: this was the first death under a mark
        node.pass(Duration.ofMillis(50));
        assertThat(node.runs(suspect)).isTrue();

        var others = node.send(3);
        node.pass(Duration.ofSeconds(4));
        assertThat(others).noneMatch(node::runs);

        node.pass(Duration.ofSeconds(2));
        assertThat(others).allMatch(node::runs);
    }

    @Test
    void when_it_has_ended_the_others_need_not_wait() {
        var node = new OneNode();
        var suspect = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, true);
        node.pass(Duration.ofMillis(50));
        var other = node.send();

        node.done(suspect);
        node.pass(Duration.ofMillis(200));

        assertThat(node.runs(other)).isTrue();
    }

    @Test
    void two_that_have_killed_a_node_do_not_run_at_the_same_time() {
        var node = new OneNode();
        var suspects = sendUnseen(node, 2);
        diesWith(node, 2, true);

        node.pass(Duration.ofMillis(500));
        assertThat(suspects).filteredOn(node::runs).hasSize(1);

        node.pass(Duration.ofSeconds(12));
        assertThat(suspects).allMatch(node::runs);
    }

    @Test
    void the_third_marked_start_that_kills_is_the_last() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();

        for (int death = 0; death < 3; death++) diesWith(node, 1, true);

        assertThat(node.state(job)).isEqualTo(State.DISCARDED);
        node.pass(Duration.ofSeconds(2));
        assertThat(node.handlers).isEmpty();
    }

    @Test
    void a_job_cancelled_while_it_waited_for_its_slot_never_starts() {
        var node = new OneNode();
        node.turn("controller");
        var job = node.send();
        node.turn("claimer");
        node.store.cancel(job, "changed my mind", "mara");
        node.turn("controller");

        node.pass(Duration.ofSeconds(1));

        assertThat(node.handlers).isEmpty();
        assertThat(node.node.open()).isZero();
    }
}
