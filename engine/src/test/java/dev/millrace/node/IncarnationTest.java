package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.LogLevel;
import dev.millrace.State;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.Place;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class IncarnationTest {

    private static void depose(OneNode node) {
        var by = node.store.join(OneNode.stranger(9));
        var me = node.store.census(by).stream()
                .filter(peer -> peer.id().equals(node.node.lease().node()))
                .findFirst()
                .orElseThrow();
        assertThat(node.store.depose(by, me)).isTrue();
    }

    // ---- the end

    @Test
    void housekeeping_has_a_thread_of_its_own() {
        var node = new OneNode();

        assertThat(node.node.duties())
                .filteredOn(duty -> duty.seat() == Duty.Seat.KEEP)
                .extracting(Duty::name)
                .containsExactly("keeper");
    }

    @Test
    void a_deposed_node_throws_everything_away_and_tells_its_handlers() {
        var node = new OneNode();
        var jobs = node.send(2);
        node.settle();
        depose(node);

        node.pass(Duration.ofSeconds(3));

        assertThat(node.node.over()).isTrue();
        assertThat(jobs).allMatch(job -> node.handler(job).interrupts == 1);
        assertThat(jobs).allMatch(job -> node.handler(job).held().cancelled());
        assertThat(node.status().counters().refusedWrites()).isEqualTo(1);
    }

    @Test
    void nothing_of_it_is_written_afterwards() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        depose(node);
        node.pass(Duration.ofSeconds(3));
        long flushes = node.wire.asked("flush");

        node.done(job);
        node.pass(Duration.ofSeconds(1));

        assertThat(node.wire.asked("flush")).isEqualTo(flushes);
        assertThat(node.state(job)).isEqualTo(State.RUNNING); // until somebody rescues it
    }

    @Test
    void a_node_that_wakes_from_a_long_sleep_starts_nothing_that_it_had_in_hand() {
        var node = new OneNode();
        node.turn("controller");
        var job = node.send();
        node.turn("claimer");

        node.freeze(Duration.ofMinutes(1));
        node.turn("starter");

        assertThat(node.handlers).doesNotContainKey(job);
    }

    // ---- closing

    @Test
    void a_closing_node_claims_nothing_and_lets_its_handlers_end() {
        var node = new OneNode();
        var running = node.send();
        node.settle();
        node.node.close(Duration.ofSeconds(10));
        var later = node.send();
        node.pass(Duration.ofSeconds(5));
        assertThat(node.node.over()).isFalse();
        assertThat(node.handler(running).interrupts).isZero();

        node.done(running);
        node.pass(Duration.ofMillis(100));

        assertThat(node.node.over()).isTrue();
        assertThat(node.node.leftClean()).isTrue();
        assertThat(node.state(running)).isEqualTo(State.COMPLETED);
        assertThat(node.state(later)).isEqualTo(State.AVAILABLE);
    }

    @Test
    void what_never_started_goes_back_at_once() {
        var node = new OneNode();
        node.turn("controller");
        var job = node.send();
        node.turn("claimer"); // claimed and read, not started

        node.node.close(Duration.ofSeconds(10));
        node.pass(Duration.ofMillis(100));

        assertThat(node.outcomes(job).getFirst()).isEqualTo("handed_back");
        assertThat(node.node.leftClean()).isTrue();
    }

    @Test
    void who_does_not_end_within_the_grace_is_interrupted_and_runs_again_elsewhere_at_no_cost() {
        var node = new OneNode();
        var obeys = node.send();
        var ignores = node.send();
        node.settle();
        node.node.close(Duration.ofSeconds(10));
        node.pass(Duration.ofMillis(10_100));
        assertThat(node.handler(obeys).interrupts).isEqualTo(1);

        node.handler(obeys).obeys();
        node.pass(Duration.ofSeconds(3));

        assertThat(node.node.over()).isTrue();
        assertThat(node.node.leftClean()).isFalse();
        assertThat(node.state(obeys)).isEqualTo(State.SCHEDULED);
        assertThat(node.state(ignores)).isEqualTo(State.SCHEDULED);
        assertThat(node.job(obeys).attempt()).isEqualTo(1);
    }

    @Test
    void a_handler_that_stopped_half_way_because_the_node_closes_has_not_completed_its_job() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.node.close(Duration.ZERO);
        node.pass(Duration.ofMillis(50));
        assertThat(node.handler(job).held().cancelled()).isTrue();

        node.done(job); // it looked at cancelled(), and returned what it had

        assertThat(node.state(job)).isEqualTo(State.SCHEDULED);
    }

    @Test
    void a_node_closes_in_bounded_time_even_if_the_store_is_away() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        for (var step : new String[] {"flush", "leave", "beat", "control"})
            node.wire.isDown(step, new StoreException.Unavailable("away"));
        node.done(job);

        node.node.close(Duration.ZERO);
        node.pass(Duration.ofSeconds(15));

        assertThat(node.node.over()).isTrue();
        assertThat(node.node.leftClean()).isFalse();
    }

    // ---- what it says about itself

    @Test
    void a_manifest_names_what_is_open_and_is_written_only_when_that_changed() {
        var node = new OneNode();
        node.send(2);
        node.settle();
        node.pass(Duration.ofSeconds(4));
        assertThat(node.wire.asked("manifest")).isEqualTo(1);
        var open = new ArrayList<Place>();
        node.node.copyOpen(open);
        assertThat(open).hasSize(2);

        node.pass(Duration.ofSeconds(20));

        assertThat(node.wire.asked("manifest")).isEqualTo(1);
    }

    @Test
    void a_manifest_never_covers_a_claim_that_is_not_resolved() {
        var node = new OneNode();
        node.send();
        node.wire.doesAndFails("take", new StoreException.CommitUnknown("lost"));
        node.wire.isDown("resolve", new StoreException.Unavailable("away"));

        node.pass(Duration.ofSeconds(4));
        assertThat(node.node.settledOrdinal()).isZero();

        node.wire.isUp("resolve");
        node.pass(Duration.ofSeconds(6));
        assertThat(node.node.settledOrdinal()).isEqualTo(1);
    }

    @Test
    void what_handlers_tell_is_written_once_a_second_and_bounded() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        var held = node.handler(job).held();

        for (int i = 0; i < 2_000; i++) {
            held.log(LogLevel.INFO, "line " + i + "x".repeat(3_000));
            held.progress(i, 2_000);
        }
        node.pass(Duration.ofSeconds(3));

        var history = node.store.history(job).orElseThrow();
        assertThat(history.log()).hasSize(NodePlan.Limits.LOG_LINES);
        assertThat(history.log().getLast().text()).contains("ends here");
        assertThat(history.log().getFirst().text()).hasSize(NodePlan.Limits.LOG_LINE);
        assertThat(history.job().progress()).isNotNull();
        assertThat(node.wire.asked("note")).isLessThanOrEqualTo(3);
    }

    @Test
    void notes_are_kept_while_the_store_is_away() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.wire.isDown("note", new StoreException.Unavailable("away"));
        node.handler(job).held().log(LogLevel.INFO, "something happened");
        node.pass(Duration.ofSeconds(5));

        node.wire.isUp("note");
        node.pass(Duration.ofSeconds(10));

        assertThat(node.store.history(job).orElseThrow().log()).hasSize(1);
    }

    @Test
    void a_failing_duty_backs_off_and_never_ends() {
        var node = new OneNode();
        node.settle();
        node.wire.isDown("promote", new StoreException.Unavailable("away"));

        node.pass(Duration.ofMinutes(1));

        assertThat(node.wire.asked("promote")).isBetween(12L, 40L);
        node.wire.isUp("promote");
        var job = node.send();
        node.pass(Duration.ofSeconds(1));
        node.ends(job, new dev.millrace.store.Ending.Snoozed(Duration.ofSeconds(1), "later"));
        node.pass(Duration.ofSeconds(10));
        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void an_idle_node_hardly_talks() {
        var node = new OneNode();
        node.pass(Duration.ofSeconds(10));
        int before = node.wire.asked().size();

        node.pass(Duration.ofSeconds(60));

        assertThat((node.wire.asked().size() - before) / 60.0).isLessThan(9);
    }

    @Test
    void its_identity_is_that_of_its_card() {
        var node = new OneNode();

        assertThat(node.status().id()).isEqualTo(new NodeId(new java.util.UUID(1, 1)));
        assertThat(node.node.lease().epoch().value()).isEqualTo(1);
        assertThat(new Payload.Text("1").bytes()).isEqualTo(1);
    }
}
