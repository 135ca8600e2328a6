package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.Division.Node;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** How a number of the fleet is divided. */
class DivisionTest {

    private static List<Node> fleet(int... needs) {
        var nodes = new ArrayList<Node>();
        for (int i = 0; i < needs.length; i++) nodes.add(new Node(new NodeId(new UUID(0, i)), 0, needs[i]));
        return nodes;
    }

    /** What each would be given of it if nobody had any. */
    private static List<Integer> parts(int number, List<Node> nodes, long turn) {
        return nodes.stream()
                .map(node -> {
                    var others = new ArrayList<>(nodes);
                    others.remove(node);
                    return Division.answer(number, node, others, 0, turn).share();
                })
                .toList();
    }

    @Test
    void who_needs_more_has_as_much_as_the_others_or_what_they_leave() {
        assertThat(parts(9, fleet(50, 50, 50), 0)).containsExactly(3, 3, 3);
        assertThat(parts(10, fleet(1, 50, 50), 0)).containsExactly(1, 4, 5);
        assertThat(parts(10, fleet(2, 2, 50), 0)).containsExactly(2, 2, 6);
    }

    @Test
    void what_nobody_needs_is_spread() {
        assertThat(parts(10, fleet(0, 0, 0), 0)).containsExactly(4, 3, 3);
        assertThat(parts(10, fleet(4, 0, 0), 0)).containsExactly(6, 2, 2);
        assertThat(parts(10, fleet(4, -1, 0), 0)).containsExactly(7, 0, 3);
    }

    @Test
    void where_there_are_fewer_than_need_some_each_has_its_turn() {
        var nodes = fleet(5, 5, 0, 5);
        var had = new HashSet<Integer>();
        for (long turn = 100; turn < 103; turn++) {
            var parts = parts(1, nodes, turn);
            assertThat(parts).containsOnlyOnce(1);
            had.add(parts.indexOf(1));
        }
        assertThat(had).containsExactlyInAnyOrder(0, 1, 3);
    }

    @Test
    void all_of_it_is_divided_and_no_more() {
        var random = new SplittableRandom(7);
        for (int round = 0; round < 1_000; round++) {
            var needs = random.ints(1 + random.nextInt(8), 0, 12).toArray();
            int number = 1 + random.nextInt(30);

            var parts = parts(number, fleet(needs), random.nextInt());

            assertThat(parts.stream().mapToInt(part -> part).sum())
                    .as("%d for %s", number, List.of(needs))
                    .isEqualTo(number);
        }
    }

    @Test
    void what_nodes_hold_that_are_deposed_is_nobodys() {
        var node = fleet(50).getFirst();

        assertThat(Division.answer(10, node, List.of(), 4, 0).share()).isEqualTo(6);
        assertThat(Division.answer(10, node, List.of(), 14, 0).share()).isZero();
    }
}
