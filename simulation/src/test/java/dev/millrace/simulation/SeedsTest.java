package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A fleet that is killed, frozen and lied to, a hundred times over. A failure ends in the line that replays it. */
class SeedsTest {

    private static final Logger NODES = Logger.getLogger("dev.millrace.node");

    /** A checker that has not seen its bug after so many runs does not see it. */
    private static final int ENOUGH = 200;

    @BeforeAll
    static void what_nodes_say_about_disasters_is_not_news() {
        NODES.setLevel(Level.OFF);
    }

    @Test
    void a_hundred_seeds_break_no_promise() {
        for (long seed = 1; seed <= 100; seed++) {
            var story = Simulation.seed(seed).run();

            assertThat(story.jobs()).isPositive();
        }
    }

    @Test
    void a_seed_tells_the_same_story_each_time() {
        var once = Simulation.seed(7).run();
        var again = Simulation.seed(7).run();

        assertThat(again).isEqualTo(once);
    }

    @ParameterizedTest
    @EnumSource(value = Planted.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void the_checkers_see(Planted bug) {
        for (long seed = 1; seed <= ENOUGH; seed++) {
            var simulation = Simulation.seed(seed).with(bug);
            if (catchThrowable(simulation::run) instanceof AssertionError seen) {
                assertThat(seen).hasMessageContaining("replay");
                return;
            }
        }
        throw new AssertionError("%d seeds, and nobody has seen %s".formatted(ENOUGH, bug));
    }
}
