package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IdsTest {

    private final StillWorld world = new StillWorld();
    private final Ids ids = new Ids(world);

    @Test
    void an_id_is_a_version_7_uuid_that_begins_with_the_wall_clock() {
        var id = ids.next().value();

        assertThat(id.version()).isEqualTo(7);
        assertThat(id.variant()).isEqualTo(2);
        assertThat(id.getMostSignificantBits() >>> 16).isEqualTo(world.now().toEpochMilli());
    }

    @Test
    void ids_grow_within_a_millisecond_and_beyond_what_it_can_count() {
        var before = ids.next();
        for (int i = 0; i < 10_000; i++) {
            var next = ids.next();
            assertThat(next).isGreaterThan(before);
            before = next;
        }
    }

    @Test
    void ids_grow_when_the_wall_clock_jumps_back() {
        var before = ids.next();

        world.setWallClock(world.now().minus(Duration.ofHours(1)));

        assertThat(ids.next()).isGreaterThan(before);
    }

    @Test
    void ids_follow_the_wall_clock_again_once_it_has_caught_up() {
        for (int i = 0; i < 10_000; i++) ids.next();

        world.advance(Duration.ofSeconds(1));

        assertThat(ids.next().value().getMostSignificantBits() >>> 16)
                .isEqualTo(world.now().toEpochMilli());
    }

    @Test
    void ids_of_many_threads_are_all_different() {
        Set<JobId> seen = ConcurrentHashMap.newKeySet();

        IntStream.range(0, 100_000).parallel().forEach(i -> seen.add(ids.next()));

        assertThat(seen).hasSize(100_000);
    }

    @Test
    void senders_with_the_same_clock_make_different_ids() {
        var other = new Ids(new StillWorld() {
            {
                random().nextLong();
            }
        });
        var seen = new HashSet<Long>();

        for (int i = 0; i < 1_000; i++) {
            seen.add(ids.next().value().getLeastSignificantBits());
            seen.add(other.next().value().getLeastSignificantBits());
        }

        assertThat(seen).hasSize(2_000);
    }

    @Test
    void a_clock_at_the_epoch_still_gives_ids() {
        world.setWallClock(Instant.EPOCH);

        assertThat(ids.next().value().version()).isEqualTo(7);
    }
}
