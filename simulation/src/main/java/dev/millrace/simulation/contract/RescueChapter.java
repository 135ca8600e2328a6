package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.handedBack;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.LATER;

import dev.millrace.MillraceException;
import dev.millrace.NodeView;
import dev.millrace.NodeView.Life;
import dev.millrace.store.Delivery;
import dev.millrace.store.Epoch;
import dev.millrace.store.Peer;
import dev.millrace.store.Rescued;
import dev.millrace.store.StoreException.Fenced;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Nodes die: their work is taken over, once, and what kills nodes is stopped. */
abstract class RescueChapter extends Chapter {

    RescueChapter(StoreContract contract) {
        super(contract);
    }

    // ---- life

    @Test
    void a_node_joins_at_epoch_1_with_its_beat_at_0() {
        var node = given.node();

        assertThat(node.lease.epoch()).isEqualTo(new Epoch(1));
        assertThat(given.node().peer(node)).isEqualTo(new Peer(node.id(), new Epoch(1), false, 0, Duration.ZERO));
    }

    @Test
    void an_id_joins_once() {
        var node = given.node();

        assertThatThrownBy(() -> given.store.join(node.card)).isInstanceOf(MillraceException.class);
    }

    @Test
    void a_beat_raises_the_beat_by_one() {
        var node = given.node();

        given.store.beat(node.lease);
        given.store.beat(node.lease);

        assertThat(node.peer(node).beat()).isEqualTo(2);
    }

    @Test
    void a_node_that_left_holding_nothing_is_gone() {
        var node = given.node();
        var other = given.node();

        given.store.leave(node.lease);
        other.rescues(node);

        assertThat(given.store.census(other.lease)).extracting(Peer::id).doesNotContain(node.id());
        assertThat(life(node)).isEqualTo(Life.GONE);
    }

    @Test
    void what_a_leaving_node_still_held_is_rescued_at_once() {
        var job = given.job();
        var node = given.node();
        var other = given.node();
        node.claimOne();

        given.store.leave(node.lease);

        assertThat(other.peer(node).deposed()).isTrue();
        assertThat(other.rescues(node)).extracting(Rescued::job).containsExactly(job);
        assertThat(other.claimOne().job()).isEqualTo(job);
    }

    private Life life(TestNode node) {
        return given.store.nodes().stream()
                .filter(view -> view.id().equals(node.id().value()))
                .map(NodeView::life)
                .findFirst()
                .orElseThrow();
    }

    // ---- silence

    @Test
    void a_silence_that_was_witnessed_is_known_to_all() {
        var silent = given.node();
        var watcher = given.node();

        given.store.witness(watcher.lease, watcher.peer(silent), Duration.ofSeconds(7));

        assertThat(given.node().peer(silent).witnessed()).isEqualTo(Duration.ofSeconds(7));
        assertThat(given.node().peer(watcher).witnessed()).isZero();
    }

    @Test
    void of_several_witnesses_the_one_who_watched_longest_stands() {
        var silent = given.node();
        var seen = given.node().peer(silent);

        for (int seconds : List.of(4, 6, 5)) given.store.witness(given.node().lease, seen, Duration.ofSeconds(seconds));

        assertThat(given.node().peer(silent).witnessed()).isEqualTo(Duration.ofSeconds(6));
    }

    @Test
    void a_beat_ends_the_silence_and_a_late_witness_does_not_bring_it_back() {
        var node = given.node();
        var watcher = given.node();
        var seen = watcher.peer(node);
        given.store.witness(watcher.lease, seen, Duration.ofSeconds(7));

        given.store.beat(node.lease);
        assertThat(watcher.peer(node).witnessed()).isZero();

        given.store.witness(watcher.lease, seen, Duration.ofSeconds(8));
        assertThat(watcher.peer(node).witnessed()).isZero();

        given.store.witness(watcher.lease, watcher.peer(node), Duration.ofSeconds(1));
        assertThat(watcher.peer(node).witnessed()).isEqualTo(Duration.ofSeconds(1));
    }

    // ---- depose

    @Test
    void a_node_whose_beat_stood_still_can_be_deposed() {
        var node = given.node();
        var other = given.node();

        assertThat(other.deposes(node)).isTrue();

        assertThat(other.peer(node).deposed()).isTrue();
        assertThat(other.peer(node).epoch()).isEqualTo(new Epoch(2));
        assertThat(life(node)).isEqualTo(Life.DEPOSED);
    }

    @Test
    void a_node_that_has_beaten_since_can_not() {
        var node = given.node();
        var other = given.node();
        var seen = other.peer(node);
        given.store.beat(node.lease);

        assertThat(given.store.depose(other.lease, seen)).isFalse();

        given.store.beat(node.lease);
        assertThat(other.peer(node).deposed()).isFalse();
    }

    @Test
    void a_node_of_another_epoch_can_not() {
        var node = given.node();
        var other = given.node();
        var seen = other.peer(node);

        assertThat(given.store.depose(
                        other.lease, new Peer(seen.id(), new Epoch(2), false, seen.beat(), Duration.ZERO)))
                .isFalse();
        assertThat(other.peer(node).deposed()).isFalse();
    }

    @Test
    void a_node_is_deposed_once() {
        var node = given.node();
        var other = given.node();
        var seen = other.peer(node);

        assertThat(given.store.depose(other.lease, seen)).isTrue();
        assertThat(given.store.depose(given.node().lease, seen)).isFalse();
        assertThat(other.peer(node).epoch()).isEqualTo(new Epoch(2));
    }

    @Test
    void two_that_depose_each_other_do_not_both_succeed() {
        var one = given.node();
        var two = given.node();
        var oneSeen = two.peer(one);
        var twoSeen = one.peer(two);

        var deposed = Races.run(List.<Callable<Boolean>>of(() -> deposes(one, twoSeen), () -> deposes(two, oneSeen)));

        assertThat(deposed).containsOnlyOnce(true);
    }

    private boolean deposes(TestNode by, Peer dead) {
        try {
            return given.store.depose(by.lease, dead);
        } catch (Fenced beaten) {
            return false;
        }
    }

    // ---- rescue

    @Test
    void the_open_deliveries_of_a_dead_node_become_available() {
        var jobs = given.jobs(3);
        var dead = given.node();
        dead.claimAll();

        var rescued = given.node().takesOver(dead);

        assertThat(rescued)
                .containsExactlyInAnyOrderElementsOf(jobs.stream()
                        .map(job -> new Rescued(job, given.queue, given.kind, 1, 0, false))
                        .toList());
        for (var job : jobs)
            assertThat(job).isAvailable().isAtAttempt(1).wasRescued(1).wentThrough("rescued", null);
    }

    @Test
    void a_rescued_delivery_is_the_same_attempt_and_another_delivery() {
        var job = given.job();
        var dead = given.node();
        var first = dead.claimOne();
        var node = given.node();
        node.takesOver(dead);

        var second = node.claimOne();

        assertThat(second.job()).isEqualTo(job);
        assertThat(second.place()).isNotEqualTo(first.place());
        assertThat(List.of(second.run(), second.attempt(), second.no())).containsExactly(1, 1, 2);
        assertThat(List.of(second.rescues(), second.charged())).containsExactly(1, 0);
    }

    @Test
    void rescued_deliveries_are_claimed_before_those_that_wait() {
        var jobs = given.jobs(5);
        var dead = given.node();
        dead.claim(3);
        var node = given.node();
        node.takesOver(dead);

        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs);
    }

    @Test
    void what_had_ended_is_not_rescued() {
        var jobs = given.jobs(5);
        var dead = given.node();
        var claimed = dead.claimAll();
        dead.ends(claimed.get(0), done());
        dead.ends(claimed.get(1), retry(LATER));
        dead.ends(claimed.get(2), handedBack());
        given.cancel(jobs.get(3));

        var rescued = given.node().takesOver(dead);

        assertThat(rescued).extracting(Rescued::job).containsExactly(jobs.get(4));
        assertThat(jobs.get(0)).isCompleted();
        assertThat(jobs.get(1)).isRetryable().wasRescued(0);
        assertThat(jobs.get(3)).isCancelled();
    }

    @Test
    void a_living_node_is_not_rescued() {
        var job = given.job();
        var node = given.node();
        node.claimOne();

        assertThat(given.store.rescue(given.node().lease, node.id(), 10)).isEmpty();

        assertThat(job).isRunningOn(node);
    }

    @Test
    void a_rescue_can_be_repeated_and_brings_nothing_twice() {
        given.jobs(3);
        var dead = given.node();
        dead.claimAll();
        var node = given.node();
        node.takesOver(dead);

        assertThat(node.rescues(dead)).isEmpty();
        assertThat(given.node().rescues(dead)).isEmpty();

        assertThat(node.claimAll()).hasSize(3);
    }

    @Test
    void a_rescue_goes_in_pieces_and_then_the_node_is_gone() {
        given.jobs(5);
        var dead = given.node();
        dead.claimAll();
        var node = given.node();
        node.deposes(dead);

        var pieces = Stream.generate(() -> given.store.rescue(node.lease, dead.id(), 2))
                .limit(4)
                .map(List::size)
                .toList();

        assertThat(pieces).containsExactly(2, 2, 1, 0);
        assertThat(life(dead)).isEqualTo(Life.GONE);
        assertThat(given.store.census(node.lease)).extracting(Peer::id).doesNotContain(dead.id());
    }

    @Test
    void a_rescuer_that_dies_on_the_way_is_succeeded_by_any_other() {
        var jobs = given.jobs(5);
        var dead = given.node();
        dead.claimAll();
        var first = given.node();
        first.deposes(dead);
        given.store.rescue(first.lease, dead.id(), 2);

        var second = given.node();
        second.deposes(first);

        assertThat(second.peer(dead).deposed()).as("still to be found").isTrue();
        assertThat(second.rescues(dead)).hasSize(3);
        assertThat(second.rescues(first)).isEmpty();
        assertThat(second.claimAll()).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(jobs);
    }

    @Test
    void rescuers_at_once_bring_each_delivery_once() {
        var jobs = given.bulk(60, as -> as);
        var dead = given.node();
        dead.claimAll();
        var racers = new ArrayList<Callable<List<Rescued>>>();
        for (int i = 0; i < 3; i++) {
            var node = given.node();
            if (i == 0) node.deposes(dead);
            racers.add(() -> rescuesInPieces(node, dead));
        }

        var rescued = Races.run(racers).stream().flatMap(List::stream).toList();

        assertThat(rescued).extracting(Rescued::job).containsExactlyInAnyOrderElementsOf(jobs);
        assertThat(given.node().claimAll()).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(jobs);
    }

    private List<Rescued> rescuesInPieces(TestNode node, TestNode dead) {
        var all = new ArrayList<Rescued>();
        for (int turn = 0; turn < 30; turn++) all.addAll(given.store.rescue(node.lease, dead.id(), 7));
        return all;
    }

    @Test
    void a_job_may_outlive_many_nodes() {
        var job = given.job();

        for (int death = 1; death <= 5; death++) {
            var dead = given.node();
            dead.claimOne();
            given.node().takesOver(dead);
            assertThat(job).isAvailable().wasRescued(death).isAtAttempt(1);
        }

        given.node().runs(job, done());
        assertThat(job).isCompleted();
    }

    // ---- manifest

    @Test
    void a_rescue_finds_what_the_manifest_names_and_what_was_claimed_since() {
        var jobs = given.jobs(5);
        var dead = given.node();
        var early = dead.claim(3);
        dead.ends(early.get(0), done());
        dead.writesManifest(early.subList(1, 3));
        dead.claim(2);

        var rescued = given.node().takesOver(dead);

        assertThat(rescued).extracting(Rescued::job).containsExactlyInAnyOrderElementsOf(jobs.subList(1, 5));
    }

    @Test
    void a_manifest_that_names_too_much_harms_nothing() {
        var jobs = given.jobs(3);
        var dead = given.node();
        var claimed = dead.claimAll();
        dead.writesManifest(claimed);
        dead.ends(claimed.get(0), done());

        var rescued = given.node().takesOver(dead);

        assertThat(rescued).extracting(Rescued::job).containsExactlyInAnyOrderElementsOf(jobs.subList(1, 3));
        assertThat(jobs.get(0)).isCompleted();
    }

    @Test
    void the_newest_manifest_counts() {
        var jobs = given.jobs(4);
        var dead = given.node();
        var early = dead.claim(2);
        dead.writesManifest(early);
        var late = dead.claim(2);
        dead.endsAll(early, done());
        dead.writesManifest(late);

        var rescued = given.node().takesOver(dead);

        assertThat(rescued).extracting(Rescued::job).containsExactlyInAnyOrderElementsOf(jobs.subList(2, 4));
    }

    // ---- what kills nodes

    @Test
    void only_marked_starts_are_charged() {
        given.jobs(2);
        var dead = given.node();
        var claimed = dead.claimAll();
        dead.marks(claimed.getFirst());
        dead.marks(claimed.getFirst());
        var node = given.node();

        assertThat(node.takesOver(dead))
                .extracting(Rescued::job, Rescued::charged)
                .containsExactlyInAnyOrder(
                        tuple(claimed.get(0).job(), 1), tuple(claimed.get(1).job(), 0));

        assertThat(node.claimAll())
                .extracting(Delivery::job, Delivery::charged)
                .containsExactlyInAnyOrder(
                        tuple(claimed.get(0).job(), 1), tuple(claimed.get(1).job(), 0));
    }

    @Test
    void a_job_whose_third_marked_start_died_young_with_its_node_is_discarded_and_its_neighbour_is_not() {
        var poison = given.job();
        var neighbour = given.job();

        for (int death = 1; death <= 3; death++) {
            assertThat(poison).isAvailable();
            var dead = given.node();
            dead.claimAll().stream().filter(one -> one.job().equals(poison)).forEach(dead::marks);
            var rescued = given.node().takesOver(dead);
            assertThat(rescued)
                    .filteredOn(one -> one.job().equals(poison))
                    .extracting(Rescued::charged, Rescued::discarded)
                    .containsExactly(tuple(death, death == 3));
        }

        assertThat(poison)
                .isDiscarded()
                .failedWith("its worker died 3 times soon after a marked start")
                .wentThrough("rescued", "rescued", "discarded");
        assertThat(neighbour).isAvailable().wasRescued(3);
        assertThat(given.node().claimOne().job()).isEqualTo(neighbour);
    }

    @Test
    void deaths_between_marked_starts_do_not_count() {
        var job = given.job();

        for (int death = 1; death <= 4; death++) {
            var dead = given.node();
            var delivery = dead.claimOne();
            if (death % 2 == 0) dead.marks(delivery);
            given.node().takesOver(dead);
        }

        assertThat(job).isAvailable().wasRescued(4);
        assertThat(given.node().claimOne().charged()).isEqualTo(2);
    }

    @Test
    void a_start_that_outlived_its_youth_is_not_charged_and_clears_its_job_of_earlier_charges() {
        given.jobs(2);
        rescuedFrom(node -> node.claimAll().forEach(node::marks));

        var charged = rescuedFrom(node -> {
            var old = node.claimAll();
            old.forEach(node::marks);
            node.outlives(old.getFirst());
            node.outlives(old.getFirst());
        });

        assertThat(charged).extracting(Rescued::charged).containsExactlyInAnyOrder(0, 2);
        assertThat(given.node().claimAll()).extracting(Delivery::charged).containsExactlyInAnyOrder(0, 2);
    }

    @Test
    void to_outlive_means_nothing_without_a_mark() {
        given.job();

        var rescued = rescuedFrom(node -> node.outlives(node.claimOne()));

        assertThat(rescued).extracting(Rescued::charged).containsExactly(0);
    }

    @Test
    void a_deposed_node_can_not_clear_what_it_had_started() {
        given.job();
        var dead = given.node();
        var delivery = dead.claimOne();
        dead.marks(delivery);

        assertThat(given.node().takesOver(dead)).extracting(Rescued::charged).containsExactly(1);

        assertThatThrownBy(() -> dead.outlives(delivery)).isInstanceOf(Fenced.class);
    }

    @Test
    void a_run_that_died_six_times_with_its_node_is_discarded_however_old_its_starts_were() {
        var job = given.job();

        for (int death = 1; death <= 6; death++) {
            assertThat(job).isAvailable();
            var rescued = rescuedFrom(node -> {
                var delivery = node.claimOne();
                node.marks(delivery);
                node.outlives(delivery);
            });
            assertThat(rescued).extracting(Rescued::discarded).containsExactly(death == 6);
        }

        assertThat(job).isDiscarded().failedWith("its worker died 6 times while it ran");
    }

    @Test
    void it_is_discarded_as_early_if_some_of_them_were_young() {
        var job = given.job();

        for (int death = 1; death <= 6; death++) {
            boolean young = death % 3 != 0;
            assertThat(job).isAvailable();
            rescuedFrom(node -> {
                var delivery = node.claimOne();
                node.marks(delivery);
                if (!young) node.outlives(delivery);
            });
        }

        assertThat(job).isDiscarded().failedWith("its worker died 6 times while it ran");
    }

    @Test
    void a_job_that_only_waited_on_nodes_that_died_goes_on() {
        var job = given.job();

        for (int death = 1; death <= 7; death++) rescuedFrom(TestNode::claimOne);

        assertThat(job).isAvailable().wasRescued(7);
    }

    @Test
    void a_new_run_begins_without_the_deaths_of_the_last() {
        var job = given.job();
        for (int death = 1; death <= 3; death++) rescuedFrom(node -> node.marks(node.claimOne()));
        assertThat(job).isDiscarded();

        given.store.requeue(job, "it is mended", "mara");

        assertThat(given.node().claimOne().charged()).isZero();
    }

    /** A node does this, and dies. */
    private List<Rescued> rescuedFrom(Consumer<TestNode> does) {
        var dead = given.node();
        does.accept(dead);
        return given.node().takesOver(dead);
    }

    @Test
    void what_was_charged_stays_so_through_a_retry() {
        var job = given.job();
        var dead = given.node();
        dead.marks(dead.claimOne());
        var node = given.node();
        node.takesOver(dead);

        node.runs(job, retry(Duration.ZERO));
        node.promotes();

        var delivery = node.claimOne();
        assertThat(List.of(delivery.attempt(), delivery.rescues(), delivery.charged()))
                .containsExactly(2, 1, 1);
    }
}
