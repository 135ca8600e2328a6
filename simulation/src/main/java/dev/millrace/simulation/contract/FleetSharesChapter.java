package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.parked;

import dev.millrace.store.Adjustment;
import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.Control;
import dev.millrace.store.Division;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.FleetShares.Holder;
import dev.millrace.store.FleetShares.Share;
import dev.millrace.store.FleetShares.Shared;
import dev.millrace.store.FleetShares.Use;
import dev.millrace.store.NodeId;
import dev.millrace.store.StoreException.Fenced;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How often a queue or a kind runs over all nodes together: a number, of which each node holds a share. */
abstract class FleetSharesChapter extends Chapter {

    private long no;

    FleetSharesChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    private void sets(int number) {
        assertThat(given.store.adjust(
                        new Adjustment(Of.FLEET_KIND, given.kind, number, null), "the provider allows it", "mara"))
                .isTrue();
    }

    private Share says(TestNode node, int holds, int needs) {
        return says(node, ++no, null, holds, needs);
    }

    private Share says(TestNode node, long no, @Nullable Integer coded, int holds, int needs) {
        return given.store
                .share(node.lease, no, List.of(new Use(Of.FLEET_KIND, given.kind, coded, holds, 0, needs)))
                .getFirst();
    }

    private Shared shared() {
        return given.store.shared().stream()
                .filter(one -> one.name().equals(given.kind))
                .findFirst()
                .orElseThrow();
    }

    private int held() {
        return shared().holders().stream().mapToInt(Holder::share).sum();
    }

    // ---- tests

    @Test
    void a_lone_node_has_all_there_is() {
        sets(10);

        assertThat(says(given.node(), 0, 0)).isEqualTo(new Share(10, 10, 10));
    }

    @Test
    void what_nobody_has_said_anything_of_has_no_shares() {
        var node = given.node();

        assertThat(says(node, 3, 3)).isEqualTo(Share.NONE);
        assertThat(given.store.shared()).noneMatch(one -> one.name().equals(given.kind));
    }

    @Test
    void what_one_holds_no_other_gets_before_it_has_said_that_it_holds_less() {
        sets(10);
        var one = given.node();
        var other = given.node();
        says(one, 0, 100);

        assertThat(says(other, 0, 100).share()).isZero();
        assertThat(says(one, 10, 100)).as("asked for half").isEqualTo(new Share(10, 10, 5));
        assertThat(says(other, 0, 100).share()).isZero();
        assertThat(says(one, 7, 100)).as("some still run").isEqualTo(new Share(10, 7, 5));
        assertThat(says(other, 0, 100)).isEqualTo(new Share(10, 3, 3));
        assertThat(says(one, 5, 100)).isEqualTo(new Share(10, 5, 5));
        assertThat(says(other, 3, 100)).isEqualTo(new Share(10, 5, 5));
    }

    @Test
    void nothing_is_asked_of_a_node_while_nobody_lacks_any() {
        sets(10);
        var one = given.node();
        var other = given.node();
        says(one, 0, 8);
        says(other, 0, 0);

        assertThat(says(one, 10, 2)).isEqualTo(new Share(10, 10, 10));
        assertThat(says(other, 0, 0)).isEqualTo(new Share(10, 0, 0));
    }

    @Test
    void who_needs_less_than_others_leaves_them_the_rest_and_what_nobody_needs_is_spread() {
        sets(100);
        var few = given.node();
        var many = given.node();
        says(few, 0, 10);
        says(many, 0, 70);

        var asked = says(few, 100, 10);
        var kept = says(few, asked.target(), 10);
        var got = says(many, 0, 70);

        assertThat(asked).isEqualTo(new Share(100, 100, 20));
        assertThat(kept).isEqualTo(new Share(100, 20, 20));
        assertThat(got).isEqualTo(new Share(100, 80, 80));
    }

    @Test
    void it_is_divided_as_one_function_says() {
        var random = new SplittableRandom(7);
        var nodes = List.of(given.node(), given.node(), given.node(), given.node());
        var held = new LinkedHashMap<NodeId, Division.Node>();
        int number = 0;
        for (int i = 0; i < 60; i++) {
            if (i % 10 == 0) {
                number = nodes.size() + random.nextInt(20); // enough for all: there are no turns
                sets(number);
            }
            var node = nodes.get(random.nextInt(nodes.size()));
            var before = held.remove(node.id());
            int holds = before == null ? 0 : random.nextInt(before.share() + 1);
            int needs = random.nextInt(-1, 12);
            var said = new Division.Node(node.id(), holds, needs);

            var answer = says(node, holds, needs);

            assertThat(answer)
                    .as("step %d", i)
                    .isEqualTo(Division.answer(number, said, List.copyOf(held.values()), 0, 0));
            held.put(node.id(), new Division.Node(node.id(), answer.share(), needs));
        }
    }

    @Test
    void fewer_than_the_nodes_that_need_some_go_from_one_to_another() {
        sets(1);
        var nodes = List.of(given.node(), given.node(), given.node());
        for (var node : nodes) says(node, 0, 5);

        var targets = new ArrayList<Integer>();
        for (var node : nodes) {
            var holder = shared().holders().stream()
                    .filter(one -> one.node().equals(node.id()))
                    .findFirst()
                    .orElseThrow();
            targets.add(says(node, holder.share(), 5).target());
        }

        assertThat(held()).isLessThanOrEqualTo(1);
        assertThat(targets).allMatch(target -> target <= 1);
    }

    @Test
    void a_lowered_number_holds_as_soon_as_nodes_have_let_go() {
        sets(10);
        var node = given.node();
        says(node, 0, 100);
        sets(4);

        assertThat(says(node, 10, 100)).isEqualTo(new Share(4, 10, 4));
        assertThat(says(node, 6, 100)).isEqualTo(new Share(4, 6, 4));
        assertThat(says(node, 4, 100)).isEqualTo(new Share(4, 4, 4));
    }

    @Test
    void what_ran_before_there_was_a_number_is_counted() {
        var one = given.node();
        var other = given.node();
        sets(10);

        assertThat(says(one, 30, 100)).isEqualTo(new Share(10, 30, 10));
        assertThat(says(other, 0, 100).share()).isZero();
        assertThat(says(one, 2, 100).share()).isEqualTo(5);
        assertThat(says(other, 0, 100).share()).isEqualTo(5);
    }

    @Test
    void an_answer_that_was_lost_does_no_harm() {
        sets(10);
        var one = given.node();
        var other = given.node();
        says(one, 0, 100); // it was given ten, and does not know

        assertThat(says(one, 0, 100).share()).isEqualTo(10);
        assertThat(says(other, 0, 100).share()).isZero();
        says(one, 10, 100); // it was asked for half, and does not know
        assertThat(says(other, 0, 100).share()).isZero();
        assertThat(held()).isEqualTo(10);
    }

    @Test
    void a_call_that_was_overtaken_or_comes_twice_changes_nothing() {
        sets(10);
        var one = given.node();
        var other = given.node();
        says(one, 7, null, 0, 100);
        var before = shared();

        var twice = says(one, 7, null, 3, 100);
        var late = says(one, 5, null, 3, 100);

        assertThat(shared()).isEqualTo(before);
        assertThat(List.of(twice.share(), late.share())).containsOnly(3);
        assertThat(says(other, 0, 100).share()).isZero();
    }

    @Test
    void the_share_of_a_deposed_node_is_its_own_until_all_that_it_held_is_taken_back() {
        sets(10);
        var dead = given.node();
        var alive = given.node();
        given.job();
        dead.claimOne();
        says(dead, 0, 100);
        says(alive, 0, 100);
        says(dead, 8, 100);
        assertThat(says(alive, 0, 100).share()).isEqualTo(2);

        alive.deposes(dead);
        assertThat(says(alive, 2, 100)).isEqualTo(new Share(10, 2, 2));

        alive.rescues(dead);
        assertThat(says(alive, 2, 100)).isEqualTo(new Share(10, 10, 10));
    }

    @Test
    void who_wants_none_is_given_none_and_lets_others_have_what_it_holds() {
        sets(10);
        var closing = given.node();
        var staying = given.node();
        says(closing, 0, 100);
        says(staying, 0, 0);

        assertThat(says(closing, 3, Use.NONE).share()).isEqualTo(3);
        assertThat(says(staying, 0, 0).share()).isEqualTo(7);
        assertThat(says(closing, 0, Use.NONE).share()).isZero();
        assertThat(says(staying, 7, 0).share()).isEqualTo(10);
    }

    @Test
    void the_share_of_one_that_has_left_is_free() {
        sets(10);
        var leaving = given.node();
        var staying = given.node();
        says(leaving, 0, 100);
        assertThat(says(staying, 0, 100).share()).isZero();

        given.store.leave(leaving.lease);

        assertThat(says(staying, 0, 100).share()).isEqualTo(10);
    }

    @Test
    void a_fenced_call_leaves_shares_as_they_were() {
        sets(10);
        var dead = given.node();
        var alive = given.node();
        given.job();
        dead.claimOne();
        says(dead, 0, 100);
        alive.deposes(dead);
        var before = shared();

        assertThatThrownBy(() -> says(dead, 0, 0)).isInstanceOf(Fenced.class);

        assertThat(shared()).isEqualTo(before);
    }

    @Test
    void what_code_says_holds_while_a_node_says_so_and_of_two_the_newest_ones() {
        var older = given.node();
        given.letSoonPass();
        var newer = given.node();
        assertThat(says(older, ++no, 10, 0, 0)).isEqualTo(new Share(10, 10, 10));
        assertThat(says(newer, ++no, 20, 0, 0).number()).isEqualTo(20);
        assertThat(says(older, ++no, 10, 10, 0).number()).isEqualTo(20);
        assertThat(shared().coded()).isTrue();

        given.store.leave(newer.lease);

        assertThat(says(older, ++no, 10, 10, 0).number()).isEqualTo(10);
        assertThat(says(older, ++no, null, 10, 0)).isEqualTo(Share.NONE);
    }

    @Test
    void what_an_operator_has_set_goes_before_what_code_says() {
        var node = given.node();
        says(node, ++no, 10, 0, 0);
        sets(3);

        assertThat(says(node, ++no, 10, 10, 0)).isEqualTo(new Share(3, 10, 3));
        assertThat(shared().coded()).isFalse();
        assertThat(shared().number()).isEqualTo(3);

        assertThat(given.store.reset(Of.FLEET_KIND, given.kind, "as it was", "mara"))
                .isTrue();
        assertThat(says(node, ++no, 10, 3, 0).share()).isEqualTo(10);
    }

    @Test
    void all_nodes_hear_of_numbers_whoever_has_set_them() {
        var brings = given.node();
        var hears = given.node();
        says(brings, ++no, 10, 0, 0);
        var queue = new Adjustment(Of.FLEET_QUEUE, given.queue, 7, null);
        given.store.adjust(queue, "the provider allows it", "mara");

        assertThat(given.store.control(hears.lease, Control.START).adjusted())
                .contains(queue, new Adjustment(Of.FLEET_KIND, given.kind, 10, null));
        assertThat(given.store.adjustments())
                .extracting(Adjustment.Kept::adjustment)
                .contains(queue)
                .noneMatch(one -> one.name().equals(given.kind));
    }

    @Test
    void a_queue_and_a_kind_of_one_name_are_two_things() {
        var node = given.node();
        given.store.adjust(new Adjustment(Of.FLEET_KIND, given.kind, 3, null), "so", "mara");
        given.store.adjust(new Adjustment(Of.FLEET_QUEUE, given.kind, 5, null), "so", "mara");

        var shares = given.store.share(
                node.lease,
                ++no,
                List.of(
                        new Use(Of.FLEET_QUEUE, given.kind, null, 0, 0, 9),
                        new Use(Of.FLEET_KIND, given.kind, null, 0, 0, 9)));

        assertThat(shares).containsExactly(new Share(5, 5, 5), new Share(3, 3, 3));
    }

    @Test
    void what_nodes_hold_and_run_is_told() {
        sets(10);
        var node = given.node();
        given.store.share(node.lease, ++no, List.of(new Use(Of.FLEET_KIND, given.kind, null, 4, 3, 6)));

        assertThat(shared())
                .isEqualTo(new Shared(
                        Of.FLEET_KIND,
                        given.kind,
                        10,
                        false,
                        List.of(new Holder(node.id(), node.card.name(), 10, 3, 6))));
    }

    @Test
    void a_release_takes_no_more_of_a_queue_than_it_has_room_for() {
        var node = given.node();
        for (int i = 0; i < 5; i++) node.runs(given.job(), parked(Parking.LIMIT));
        var room = Map.of(given.kind + ":1", 10);

        assertThat(given.store.release(node.lease, room, Map.of(given.queue, 0), 100))
                .isZero();
        assertThat(given.store.release(node.lease, room, Map.of(given.queue, 2), 100))
                .isEqualTo(2);
        assertThat(given.store.release(node.lease, room, Map.of("another", 0), 100))
                .isEqualTo(3);
        given.recorder.look();
    }
}
