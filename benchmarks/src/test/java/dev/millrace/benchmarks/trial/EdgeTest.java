package dev.millrace.benchmarks.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Where the samples of a soak end. */
class EdgeTest {

    @Test
    void an_hour_has_a_sample_every_ten_seconds_and_is_held_in_its_middle() {
        var edges = Edge.of(3_600, 1_800);

        assertThat(edges).hasSize(360);
        assertThat(edges.getFirst()).isEqualTo(new Edge(10, false, false));
        assertThat(edges.stream().filter(Edge::held)).hasSize(180);
        assertThat(edges.stream().filter(Edge::last).map(Edge::second)).containsExactly(900, 2_700, 3_600);
    }

    @Test
    void a_short_one_has_sixty_but_none_shorter_than_a_second() {
        assertThat(Edge.of(300, 150)).hasSize(60);
        assertThat(Edge.of(3, 1))
                .isEqualTo(List.of(new Edge(1, false, true), new Edge(2, true, true), new Edge(3, false, true)));
    }

    @Test
    void no_sample_is_half_held_where_the_lengths_do_not_divide() {
        var edges = Edge.of(601, 283);

        assertThat(edges.stream().filter(Edge::last).map(Edge::second)).containsExactly(159, 442, 601);
        int before = 0;
        for (var edge : edges) {
            assertThat(edge.second() - before).isBetween(1, 10);
            assertThat(edge.held()).isEqualTo(before >= 159 && before < 442);
            before = edge.second();
        }
    }
}
