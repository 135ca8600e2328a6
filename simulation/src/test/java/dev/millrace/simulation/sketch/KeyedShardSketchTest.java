package dev.millrace.simulation.sketch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.simulation.sketch.KeyedShardSketch.Mistake;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Keyed shards as they are decided, before they are built. */
class KeyedShardSketchTest {

    private static final int SEEDS = 100;

    /** A mistake that has not shown after so many is not found. */
    private static final int ENOUGH = 1_000;

    @Test
    void jobs_of_a_key_run_one_after_the_other_in_order_and_none_is_lost() {
        var broken = new TreeMap<Long, String>();

        for (long seed = 1; seed <= SEEDS; seed++) {
            var how = new KeyedShardSketch(seed, Mistake.NONE).play();
            if (how != null) broken.put(seed, how);
        }

        assertThat(broken).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void a_mistake_is_found(Mistake mistake) {
        long seed = 1;
        while (seed <= ENOUGH && new KeyedShardSketch(seed, mistake).play() == null) seed++;

        assertThat(seed).isLessThanOrEqualTo(ENOUGH);
    }
}
