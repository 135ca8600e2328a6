package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Priority;
import dev.millrace.store.StreamInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class StreamOrderTest {

    private final List<StreamInfo> streams = new ArrayList<>();
    private final StreamOrder order = new StreamOrder(List.of("first", "second"), new SplittableRandom(7));

    StreamOrderTest() {
        int id = 0;
        for (var queue : List.of("second", "first"))
            for (var priority : Priority.values())
                for (int shard = StreamInfo.FRONT; shard < 3; shard++)
                    streams.add(new StreamInfo(++id, queue, priority, shard));
    }

    @Test
    void fronts_come_before_everything_else_and_by_priority() {
        var fronts = order.of(streams).subList(0, 8);

        assertThat(fronts).allMatch(StreamInfo::front);
        assertThat(fronts.getFirst().priority()).isEqualTo(Priority.URGENT);
        assertThat(fronts.getLast().priority()).isEqualTo(Priority.BULK);
    }

    @Test
    void within_a_priority_queues_come_as_the_plan_names_them() {
        var urgent = order.of(streams).subList(8, 14);

        assertThat(urgent).allMatch(stream -> stream.priority() == Priority.URGENT);
        assertThat(urgent)
                .extracting(StreamInfo::queue)
                .containsExactly("first", "first", "first", "second", "second", "second");
    }

    @Test
    void no_shard_is_favoured() {
        var firsts = new HashSet<Integer>();

        for (int i = 0; i < 50; i++) firsts.add(order.of(streams).get(8).shard());

        assertThat(firsts).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void every_tenth_time_another_band_comes_first_behind_the_fronts_each_in_its_turn() {
        var bands = firstBands(60, streams);

        assertThat(bands.subList(0, 9)).containsOnly(Priority.URGENT);
        assertThat(List.of(bands.get(9), bands.get(19), bands.get(29), bands.get(39)))
                .containsExactly(Priority.BULK, Priority.NORMAL, Priority.HIGH, Priority.BULK);
        assertThat(bands).filteredOn(Priority.URGENT::equals).hasSize(54);
    }

    @Test
    void the_turns_are_shared_by_the_bands_that_have_something() {
        var two = streams.stream()
                .filter(stream -> stream.priority() == Priority.HIGH || stream.priority() == Priority.NORMAL)
                .toList();

        var bands = firstBands(20, two);

        assertThat(bands).filteredOn(Priority.NORMAL::equals).hasSize(2);
        assertThat(bands).filteredOn(Priority.HIGH::equals).hasSize(18);
    }

    private List<Priority> firstBands(int orders, List<StreamInfo> of) {
        var bands = new ArrayList<Priority>();
        for (int i = 0; i < orders; i++)
            order.of(of).stream()
                    .filter(stream -> !stream.front())
                    .findFirst()
                    .ifPresent(stream -> bands.add(stream.priority()));
        return bands;
    }

    private List<StreamInfo> withSides() {
        var all = new ArrayList<>(streams);
        for (int side = 0; side < 3; side++)
            all.add(new StreamInfo(1_000 + side, "first", Priority.NORMAL, StreamInfo.ASIDE + side));
        return all;
    }

    private static boolean isNormalOfFirst(StreamInfo stream) {
        return stream.queue().equals("first") && stream.priority() == Priority.NORMAL && !stream.front();
    }

    @Test
    void side_shards_come_behind_the_others_of_their_queue_and_before_them_every_fourth_time() {
        int asideFirst = 0;
        for (int i = 0; i < 80; i++) {
            var normal = order.of(withSides()).stream()
                    .filter(StreamOrderTest::isNormalOfFirst)
                    .toList();
            assertThat(normal).hasSize(6);
            if (normal.getFirst().aside()) {
                assertThat(normal.subList(0, 3)).allMatch(StreamInfo::aside);
                asideFirst++;
            } else assertThat(normal.subList(3, 6)).allMatch(StreamInfo::aside);
        }

        assertThat(asideFirst).isEqualTo(20);
    }

    /** Claims so many of the first side shard, so often, and counts what each has got; some have nothing for a while. */
    private Map<Integer, Integer> claimed(int times, int each, Predicate<StreamInfo> has) {
        var got = new TreeMap<Integer, Integer>();
        for (int i = 0; i < times; i++) {
            var first = order.of(withSides()).stream()
                    .filter(StreamInfo::aside)
                    .filter(has)
                    .findFirst()
                    .orElseThrow();
            order.claimed(first.id(), each);
            got.merge(first.id(), each, Integer::sum);
        }
        return got;
    }

    @Test
    void side_shards_get_equally_many_of_different_shares_by_these() {
        assertThat(claimed(300, 50, any -> true)).isEqualTo(Map.of(1_000, 5_000, 1_001, 5_000, 1_002, 5_000));

        order.share(1_001, 2);
        assertThat(claimed(400, 50, any -> true)).isEqualTo(Map.of(1_000, 5_000, 1_001, 10_000, 1_002, 5_000));
    }

    @Test
    void who_had_nothing_for_a_while_has_saved_nothing_up_and_is_next_once() {
        claimed(300, 50, stream -> stream.id() != 1_002);

        var later = claimed(6, 50, any -> true);

        assertThat(later.get(1_002)).isBetween(100, 150);
        assertThat(later.get(1_000)).isBetween(50, 100);
        assertThat(later.get(1_001)).isBetween(50, 100);
    }

    @Test
    void who_asks_for_less_than_its_share_is_before_who_asks_for_more() {
        for (int i = 0; i < 50; i++) {
            order.claimed(1_000, 200);
            order.claimed(1_001, 200);
            var first = order.of(withSides()).stream().filter(StreamInfo::aside).findFirst();
            assertThat(first.orElseThrow().id()).isEqualTo(1_002);
            order.claimed(1_002, 5);
        }
    }

    @Test
    void side_shards_change_nothing_between_priorities_and_queues() {
        var queues =
                order.of(withSides()).stream().filter(stream -> !stream.front()).toList();

        assertThat(queues.subList(0, 6)).allMatch(stream -> stream.priority() == Priority.URGENT);
        int lastAside = queues.lastIndexOf(
                queues.stream().filter(StreamInfo::aside).reduce((a, b) -> b).orElseThrow());
        int firstOfSecond = 0;
        while (!queues.get(firstOfSecond).queue().equals("second")
                || queues.get(firstOfSecond).priority() != Priority.NORMAL) firstOfSecond++;
        assertThat(lastAside).isLessThan(firstOfSecond);
    }
}
