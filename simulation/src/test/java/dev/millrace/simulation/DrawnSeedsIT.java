package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.simulation.Simulation.Story;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each seed plays its own mix of work and disasters, on a fleet of its own size. */
class DrawnSeedsIT {

    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    private static final Logger NODES = Logger.getLogger("dev.millrace.node");

    @BeforeAll
    static void what_nodes_say_about_disasters_is_not_news() {
        NODES.setLevel(Level.OFF);
    }

    @Test
    void no_mix_breaks_a_promise_not_even_with_failovers_that_lose_commits() throws InterruptedException {
        var broken = new Campaign(Scenario::drawn, PROCESSORS, story -> {}).run(1, 200);

        assertThat(broken).as("replay with: %s", commands(broken)).isEmpty();
    }

    private static List<String> commands(List<Story> broken) {
        return broken.stream().map(story -> story.scenario().command()).toList();
    }
}
