package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import dev.millrace.simulation.Simulation.Story;
import dev.millrace.simulation.store.Bug;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** A fleet that is killed, frozen and lied to, a hundred times over. A failure names the command that replays it. */
@Isolated // it keeps all processors busy by itself
class SeedsTest {

    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    private static final Logger NODES = Logger.getLogger("dev.millrace.node");

    @BeforeAll
    static void what_nodes_say_about_disasters_is_not_news() {
        NODES.setLevel(Level.OFF);
    }

    @Test
    void a_hundred_seeds_break_no_promise() throws InterruptedException {
        var stories = new ArrayList<Story>();

        var broken = new Campaign(SeedsTest::brief, PROCESSORS, stories::add).run(1, 100);

        assertThat(broken).as("replay with: %s", commands(broken)).isEmpty();
        assertThat(stories).hasSize(100).allMatch(story -> story.jobs() > 0);
    }

    /** Half as long as usual, so that a hundred fit into the fast loop. */
    private static Scenario brief(long seed) {
        var usual = Scenario.seed(seed);
        return usual.withJobs(usual.jobs() / 2).withMinutes(usual.minutes() / 2);
    }

    private static List<String> commands(List<Story> broken) {
        return broken.stream().map(story -> story.scenario().command()).toList();
    }

    @Test
    void a_seed_tells_the_same_story_each_time() {
        var once = Simulation.of(Scenario.seed(7)).run();
        var again = Simulation.of(Scenario.seed(7)).run();

        assertThat(again).isEqualTo(once);
    }

    @Test
    void who_reads_along_changes_nothing() {
        var lines = new ArrayList<String>();

        var read = Simulation.of(Scenario.seed(7)).told(lines::add).run();

        assertThat(read).isEqualTo(Simulation.of(Scenario.seed(7)).run());
        assertThat(lines).anyMatch(line -> line.contains("node 1 joins")).anyMatch(line -> line.contains("flushes"));
    }

    @Test
    void a_failure_is_made_smaller_and_stays_the_same_failure() {
        Function<Scenario, Story> play = scenario ->
                Simulation.of(scenario).with(Set.of(Bug.RETRIES_COST_NOTHING)).run();
        var story = play.apply(Scenario.seed(1));

        var smallest = new Shrinker(80, play).shrink(story);

        assertThat(story.scenario().command()).isEqualTo("millrace simulate --seed 1");
        assertThat(List.of(story, smallest))
                .extracting(any -> Objects.requireNonNull(any.broken()).invariant())
                .containsOnly("attempts and rescues stay within limits");
        assertThat(smallest.scenario().disasters()).isEmpty();
        assertThat(smallest.scenario().workloads()).hasSize(1);
        assertThat(smallest.scenario().jobs()).isLessThan(50);
        assertThat(smallest.scenario().nodes()).isEqualTo(1);
    }

    @Test
    void a_scenario_is_named_by_the_command_that_plays_it() {
        var scenario = Scenario.seed(9)
                .withNodes(2)
                .withJobs(12)
                .withWorkloads(List.of("mixed", "exact"))
                .withDisasters(List.of());

        assertThat(scenario.command())
                .isEqualTo("millrace simulate --seed 9 --nodes 2 --jobs 12 --workload exact,mixed --disasters none");
    }

    @Test
    void an_unknown_workload_is_named_together_with_those_there_are() {
        assertThatThrownBy(() -> Scenario.seed(1).withWorkloads(List.of("mixt")))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("mixt")
                .hasMessageContaining("mixed");
    }
}
