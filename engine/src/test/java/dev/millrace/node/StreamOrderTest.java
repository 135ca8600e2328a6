package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Priority;
import dev.millrace.store.StreamInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
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

    @Test
    void a_side_shard_comes_first_as_often_as_its_share_says() {
        order.share(1_001, 2);
        var firsts = new HashMap<Integer, Integer>();

        for (int i = 0; i < 4_000; i++)
            order.of(withSides()).stream()
                    .filter(StreamInfo::aside)
                    .findFirst()
                    .ifPresent(first -> firsts.merge(first.id(), 1, Integer::sum));

        assertThat(firsts.get(1_000)).isBetween(900, 1_100);
        assertThat(firsts.get(1_001)).isBetween(1_900, 2_100);
        assertThat(firsts.get(1_002)).isBetween(900, 1_100);
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
