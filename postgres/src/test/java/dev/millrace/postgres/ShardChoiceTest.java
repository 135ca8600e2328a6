package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShardChoiceTest {

    private final ShardChoice shards = new ShardChoice(4, 16, (job, tenant, waits) -> -1, 1);

    @Test
    void jobs_without_a_text_take_turns() {
        assertThat(IntStream.range(0, 6).map(i -> shards.of(null))).containsExactly(1, 2, 3, 0, 1, 2);
    }

    @Test
    void equal_texts_meet_in_one_shard() {
        assertThat(shards.of("customer 42")).isEqualTo(shards.of("customer 42"));
    }

    @Test
    void those_that_share_a_transaction_share_a_shard_and_others_follow_for_a_while() {
        assertThat(IntStream.range(0, 8).map(i -> shards.shared(32)).distinct()).hasSize(1);
    }

    @Test
    void in_the_long_run_each_shard_gets_as_many() {
        var jobs = new TreeMap<Integer, Integer>();
        for (int i = 0; i < 3_200; i++) jobs.merge(shards.shared(32), 32, Integer::sum);

        assertThat(jobs)
                .hasSize(4)
                .allSatisfy((shard, count) -> assertThat(count).isEqualTo(25_600));
    }

    @Test
    void who_is_alone_takes_his_turn() {
        assertThat(IntStream.range(0, 4).map(i -> shards.shared(1))).containsExactly(1, 2, 3, 0);
    }

    @Test
    void turns_go_on_when_their_number_overflows() {
        var old = new ShardChoice(4, 16, (job, tenant, waits) -> -1, Integer.MAX_VALUE);

        assertThat(old.of(null)).isEqualTo(3);
        assertThat(old.of(null)).isBetween(0, 3);
    }
}
