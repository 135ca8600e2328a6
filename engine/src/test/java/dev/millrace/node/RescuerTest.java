package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobEvent;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Lease;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RescuerTest {

    /** Joins, claims a job, and gives no sign of life any more. */
    private static Lease silent(OneNode node, JobId job) {
        var lease = node.store.join(OneNode.stranger(1));
        for (var stream : node.store.streams(List.of("default")))
            node.store.take(lease, stream.id(), 1, 1, new ClaimToken(new UUID(3, stream.id())));
        assertThat(node.state(job)).isEqualTo(State.RUNNING);
        return lease;
    }

    @Test
    void a_silent_nodes_work_runs_here_within_its_lease_and_a_moment() {
        var node = new OneNode();
        var job = node.send();
        silent(node, job);

        node.pass(Duration.ofSeconds(9));
        assertThat(node.outcomes(job)).containsExactly((String) null);

        node.pass(Duration.ofSeconds(3));
        assertThat(node.runs(job)).isTrue();
        assertThat(node.status().counters().deposed()).isEqualTo(1);
        assertThat(node.events).anyMatch(event -> event instanceof JobEvent.Rescued);
    }

    @Test
    void a_node_that_beats_is_left_alone() {
        var node = new OneNode();
        var job = node.send();
        var lease = silent(node, job);

        for (int i = 0; i < 20; i++) {
            node.pass(Duration.ofSeconds(5));
            node.store.beat(lease);
        }

        assertThat(node.status().counters().deposed()).isZero();
    }

    @Test
    void nobody_is_deposed_while_the_store_stalls_for_all() {
        var node = new OneNode();
        var job = node.send();
        var lease = silent(node, job);
        node.pass(Duration.ofSeconds(2)); // the rest of a living node between two beats

        node.wire.isDown("beat", new StoreException.Unavailable("stalled"));
        node.wire.isDown("census", new StoreException.Unavailable("stalled"));
        node.pass(Duration.ofSeconds(20));
        node.wire.isUp("census");
        node.wire.isUp("beat");
        node.pass(Duration.ofSeconds(4));
        node.store.beat(lease); // it could not do so earlier
        node.pass(Duration.ofSeconds(8));

        assertThat(node.status().counters().deposed()).isZero();
    }

    @Test
    void a_rescuer_that_was_frozen_itself_deposes_nobody_when_it_wakes() {
        var node = new OneNode();
        var job = node.send();
        silent(node, job);
        node.pass(Duration.ofSeconds(2));

        node.freeze(Duration.ofSeconds(60));
        node.turn("rescuer");
        assertThat(node.wire.asked("depose")).isZero();

        node.pass(Duration.ofSeconds(7));
        assertThat(node.wire.asked("depose")).isZero();
    }

    @Test
    void what_was_watched_before_a_stall_counts_after_it() {
        var node = new OneNode();
        silent(node, node.send());
        node.pass(Duration.ofSeconds(8));

        stallFor(node, Duration.ofSeconds(20));
        assertThat(node.status().counters().deposed()).isZero(); // of the stall nothing counts

        node.pass(Duration.ofSeconds(7));
        assertThat(node.status().counters().deposed()).isEqualTo(1);
    }

    @Test
    void what_was_watched_between_many_stalls_adds_up() {
        var node = new OneNode();
        silent(node, node.send());

        for (int i = 0; i < 6; i++) {
            node.pass(Duration.ofSeconds(5));
            stallFor(node, Duration.ofSeconds(6));
        }

        assertThat(node.status().counters().deposed()).isEqualTo(1);
    }

    @Test
    void a_node_that_beats_between_stalls_is_left_alone() {
        var node = new OneNode();
        var lease = silent(node, node.send());

        for (int i = 0; i < 20; i++) {
            node.pass(Duration.ofSeconds(5));
            node.store.beat(lease);
            stallFor(node, Duration.ofSeconds(6));
        }

        assertThat(node.status().counters().deposed()).isZero();
    }

    /** The store answers nobody for so long, and a moment later everybody again. */
    private static void stallFor(OneNode node, Duration time) {
        node.wire.isDown("beat", new StoreException.Unavailable("stalled"));
        node.wire.isDown("census", new StoreException.Unavailable("stalled"));
        node.pass(time);
        node.wire.isUp("census");
        node.wire.isUp("beat");
    }

    @Test
    void a_silence_is_written_down_for_whoever_watches_next() {
        var node = new OneNode();
        var silent = silent(node, node.send());

        node.pass(Duration.ofSeconds(8));

        assertThat(node.peer(silent).witnessed()).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(8));
    }

    @Test
    void who_comes_late_goes_on_where_a_dead_watcher_stopped() {
        var node = new OneNode();
        var silent = silent(node, node.send());
        node.store.witness(node.store.join(OneNode.stranger(2)), node.peer(silent), Duration.ofMillis(9_500));

        node.pass(Duration.ofMillis(1_500));
        assertThat(node.status().counters().deposed()).isZero(); // a beat of its own has to go through first

        node.pass(Duration.ofSeconds(3));
        assertThat(node.status().counters().deposed()).isEqualTo(1);
    }

    @Test
    void what_another_watches_at_the_same_time_is_not_added() {
        var node = new OneNode();
        var silent = silent(node, node.send());
        var other = node.store.join(OneNode.stranger(2));
        node.pass(Duration.ofSeconds(4));
        node.store.beat(other);

        node.store.witness(other, node.peer(silent), Duration.ofSeconds(4));
        node.pass(Duration.ofSeconds(4));
        node.store.beat(other);

        assertThat(node.status().counters().deposed()).isZero();
    }

    @Test
    void who_has_watched_longer_is_believed_even_if_both_watched_at_the_same_time() {
        var node = new OneNode();
        var silent = silent(node, node.send());
        var other = node.store.join(OneNode.stranger(2));
        node.pass(Duration.ofSeconds(3));
        node.store.beat(other);

        node.store.witness(other, node.peer(silent), Duration.ofSeconds(7)); // and dies
        node.pass(Duration.ofSeconds(2));
        assertThat(node.status().counters().deposed()).isZero();

        node.pass(Duration.ofSeconds(3));
        assertThat(node.status().counters().deposed()).isEqualTo(1);
    }

    @Test
    void who_is_known_to_be_dead_is_deposed_at_once() {
        var node = new OneNode();
        node.settle();
        var job = node.send();
        var lease = silent(node, job);

        node.node.deposeAtOnce(lease.node());
        node.pass(Duration.ofMillis(100));

        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void a_node_that_was_deposed_by_another_is_finished_by_whoever_is_left() {
        var node = new OneNode();
        node.settle();
        var job = node.send();
        var lease = silent(node, job);
        node.store.leave(lease);

        node.pass(Duration.ofSeconds(5));

        assertThat(node.runs(job)).isTrue();
        assertThat(node.status().counters().deposed()).isZero();
    }
}
